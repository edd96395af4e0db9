"""Kernels that are really started: registered, proved, refused, repaired."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv import kernels, trust
from mlenv.errors import MlenvError
from mlenv.model import Event
from mlenv.services import kernels as verbs
from mlenv.services.context import Context, Options, silent
from mlenv.services.prune import prune

pytestmark = [pytest.mark.real, pytest.mark.network]

LEGAL = re.compile(r"^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$")


def register(root: Path, *, ipykernel: str = "runtime", kernel_name: str = "", timeout_s: float = 60.0) -> Any:
    return verbs.register(
        Context(cwd=root, report=silent, options=Options(ipykernel=ipykernel)),
        root=str(root),
        prefix=str(root / ".venv"),
        name=root.name,
        kernel_name=kernel_name,
        timeout_s=timeout_s,
    )


def specs(home: Path) -> list[str]:
    folder = home / "jupyter" / "kernels"
    return sorted(os.listdir(folder)) if folder.exists() else []


def spec_text(home: Path, kernel_id: str) -> str:
    return (home / "jupyter" / "kernels" / kernel_id / "kernel.json").read_text()


def processes_naming(text: str) -> list[str]:
    """Command lines of live processes that name this text."""
    found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if text in line and "ps -ww" not in line]


def test_two_projects_of_one_name_get_two_kernels_that_run_their_own_python(
    mlenv_home: Path, make_venv: Any, run_cells: Any
) -> None:
    roots = [mlenv_home / parent / "demo" for parent in ("a", "b")]
    for root in roots:
        make_venv(root / ".venv")

    done = [register(root) for root in roots]

    assert [one.data["display_name"] for one in done] == ["Python (demo)", "Python (demo, b)"]
    assert len({one.kernel for one in done}) == 2
    for root, one in zip(roots, done, strict=True):
        assert re.fullmatch(r"demo-[0-9a-f]{8}", one.kernel)
        (cell,) = run_cells(one.kernel, ["import sys; print(sys.prefix)"], cwd=root)
        assert cell.stdout.strip() == str(root / ".venv")
    assert register(roots[1]).kernel == done[1].kernel
    assert len(specs(mlenv_home)) == 2


@pytest.mark.parametrize(
    "name",
    ["My project", "Übung für Žižek", "機械学習", "x" * 200, 'it\'s "$HOME" & ${PATH} `x`'],
    ids=["spaces", "diacritics", "Japanese", "200 characters", "shell characters"],
)
def test_any_folder_name_gives_a_legal_id_and_a_kernel_that_starts(
    mlenv_home: Path, make_venv: Any, run_cells: Any, name: str
) -> None:
    root = mlenv_home / name
    make_venv(root / ".venv")

    done = register(root)

    assert LEGAL.fullmatch(done.kernel)
    assert name[:20] in done.data["display_name"]
    code = "import os, sys; print(sys.prefix, os.environ['VIRTUAL_ENV'], os.environ['PATH'].split(os.pathsep)[0], sep='\\n')"
    (cell,) = run_cells(done.kernel, [code], cwd=root)
    assert cell.stdout.splitlines() == [str(root / ".venv"), str(root / ".venv"), str(root / ".venv" / "bin")]


def test_a_foreign_kernel_of_the_wanted_id_stays_and_the_project_gets_another(mlenv_home: Path, make_venv: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")
    wanted = register(root).kernel
    kernels.remove(wanted)
    taken = mlenv_home / "jupyter" / "kernels" / wanted
    taken.mkdir()
    (taken / "kernel.json").write_text('{"argv": ["R"], "display_name": "R", "language": "R"}')

    done = register(root)

    assert done.kernel == f"{wanted}-2"
    assert (taken / "kernel.json").read_text() == '{"argv": ["R"], "display_name": "R", "language": "R"}'
    assert any("belongs to another kernel" in line for line in done.lines)
    with pytest.raises(MlenvError) as caught:
        register(root, kernel_name=wanted)
    assert caught.value.code == "kernel-exists"


@pytest.mark.parametrize("name", ["python3", "mlenv", "..", "Demo"])
def test_a_kernel_name_from_the_settings_is_checked_before_anything_is_done(
    mlenv_home: Path, make_venv: Any, name: str
) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")

    with pytest.raises(MlenvError) as caught:
        register(root, kernel_name=name)

    assert caught.value.code == "kernel-name"
    assert specs(mlenv_home) == []


def test_the_name_of_the_settings_is_the_id(mlenv_home: Path, make_venv: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")

    assert register(root, kernel_name="thesis").kernel == "thesis"
    assert register(root).kernel == "thesis"


def test_the_classic_way_needs_ipykernel_inside_and_says_so(mlenv_home: Path, make_venv: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")

    with pytest.raises(MlenvError) as caught:
        register(root, ipykernel="installed")

    assert caught.value.code == "kernel-does-not-start"
    assert "No module named ipykernel_launcher" in caught.value.message
    assert caught.value.hint.endswith("ipykernel")
    assert specs(mlenv_home) == []


def test_a_broken_ipykernel_shows_its_true_import_error_and_no_success(mlenv_home: Path, make_venv: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv", None, "ipykernel")
    good = register(root, ipykernel="installed")
    before = spec_text(mlenv_home, good.kernel)
    shutil.rmtree(next((root / ".venv").glob("lib/*/site-packages/zmq")))

    with pytest.raises(MlenvError) as caught:
        register(root, ipykernel="installed")

    assert caught.value.code == "kernel-does-not-start"
    assert "ModuleNotFoundError: No module named 'zmq'" in caught.value.message
    assert caught.value.hint.endswith("pyzmq")
    assert "import zmq" in caught.value.details
    assert spec_text(mlenv_home, good.kernel) == before


def test_a_fallback_kernel_is_no_proof(mlenv_home: Path, make_venv: Any) -> None:
    """The launcher starts a kernel that only explains; it must not pass for one that works."""
    root = mlenv_home / "demo"
    make_venv(root / ".venv")
    broken = next((root / ".venv").glob("lib/*/site-packages")) / "tornado"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('libfoo.so.6 is gone')\n")

    with pytest.raises(MlenvError) as caught:
        register(root)

    assert caught.value.code == "kernel-does-not-start"
    assert "libfoo.so.6" in caught.value.message + caught.value.details
    assert specs(mlenv_home) == []


def test_a_kernel_that_runs_elsewhere_is_no_proof(mlenv_home: Path, make_venv: Any) -> None:
    one, other = mlenv_home / "one", mlenv_home / "other"
    make_venv(one / ".venv", None, "ipykernel")
    make_venv(other / ".venv")
    kernel_id = register(one, ipykernel="installed").kernel

    assert verbs.prove(kernel_id, str(one / ".venv")).answered
    with pytest.raises(MlenvError, match="not in") as caught:
        verbs.prove(kernel_id, str(other / ".venv"))

    assert str(one / ".venv") in caught.value.message
    assert str(other / ".venv") in caught.value.message


def test_a_kernel_that_hangs_is_ended_with_all_it_started(mlenv_home: Path, make_venv: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")
    python = root / ".venv" / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\necho waiting for a licence >&2\nsleep 31415.9 & sleep 31415.9\n")
    python.chmod(0o755)

    with pytest.raises(MlenvError) as caught:
        register(root, ipykernel="installed", timeout_s=3)

    assert "no answer within 3 s" in caught.value.message
    assert caught.value.details == "waiting for a licence"
    assert processes_naming("31415.9") == []
    assert specs(mlenv_home) == []


def test_an_interrupt_during_the_proof_leaves_no_kernel_behind(mlenv_home: Path, make_venv: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv", None, "ipykernel")
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1])\n"
        "import test_kernels_real as t; t.register(pathlib.Path(sys.argv[2]), ipykernel='installed')\n"
    )
    here = str(Path(__file__).parent)
    child = subprocess.Popen([sys.executable, "-c", program, here, str(root)], stderr=subprocess.PIPE)
    prefix = str(root / ".venv" / "bin" / "python")
    _wait_until(lambda: bool(processes_naming(f"{prefix} -m ipykernel_launcher")))

    child.send_signal(2)
    child.communicate(timeout=10)

    assert child.returncode != 0
    _wait_until(lambda: not processes_naming(f"{prefix} -m"))
    assert specs(mlenv_home) == []


def _wait_until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    import time

    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_repair_writes_a_damaged_spec_anew_and_proves_it(mlenv_home: Path, make_venv: Any, run_cells: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")
    kernel_id = register(root).kernel
    good = spec_text(mlenv_home, kernel_id)
    content = json.loads(good)
    content["argv"][1] = "/nowhere/launcher.py"
    content["env"] = {}
    (mlenv_home / "jupyter" / "kernels" / kernel_id / "kernel.json").write_text(json.dumps(content))
    context = Context(cwd=root, report=silent)

    shown = verbs.repair(Context(cwd=root, report=silent, options=Options(dry_run=True)), kernel_id)
    assert json.loads(spec_text(mlenv_home, kernel_id)) == content
    outcome = verbs.repair(context, kernel_id)

    assert shown.lines == (f"{kernel_id}: would be written anew and started",)
    assert outcome.ok
    assert spec_text(mlenv_home, kernel_id) == good


def test_prune_keeps_the_runtimes_that_kernels_need_and_the_portable_one(
    mlenv_home: Path, shared_data: Path, make_venv: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")
    kernel_id = register(root).kernel
    data = mlenv_home / "mlenv-data"
    shutil.copytree(shared_data, data, symlinks=True)
    monkeypatch.setenv("MLENV_DATA_DIR", str(data))
    context = Context(cwd=root, report=silent)
    needed = f"cpython-{sys.version_info[0]}{sys.version_info[1]}"

    def kept() -> list[str]:
        return [name for name in os.listdir(data / "runtimes") if name.startswith(needed)]

    prune(context)
    assert kept()
    kernels.remove(kernel_id)
    trust.trust(root, root / ".venv")
    prune(context)
    assert kept()
    (data / "trust.json").unlink()
    outcome = prune(context)

    assert not kept()
    assert any(line.startswith("removed the runtime ") for line in outcome.lines)


def test_register_tells_what_it_does(mlenv_home: Path, make_venv: Any) -> None:
    root = mlenv_home / "demo"
    make_venv(root / ".venv")
    events: list[Event] = []

    done = verbs.register(
        Context(cwd=root, report=events.append), root=str(root), prefix=str(root / ".venv"), name="demo"
    )

    assert "starting the kernel Python (demo)" in [event.text for event in events if event.step == "kernel"]
    assert len(done.lines) == 1
    assert done.data
    assert done.data["python"] == ".".join(map(str, sys.version_info[:3]))
    assert 0 < done.data["seconds"] < 60
