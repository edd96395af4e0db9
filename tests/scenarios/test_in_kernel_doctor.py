"""Kernels that are there, gone, foreign or broken: what list, prune, create and doctor make of them."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import create, mlenv, specs

pytestmark = pytest.mark.real


def write_spec(home: Path, name: str, argv: list[str], **more: Any) -> Path:
    folder = home / "jupyter" / "kernels" / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python", **more}))
    return folder


def classic(python: Path | str) -> list[str]:
    return [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def test_prune_removes_only_what_is_ours_and_gone(
    tmp_path: Path, mlenv_home: Path, start_kernel: Callable[..., Any]
) -> None:
    """S10: a healthy kernel, one whose environment is deleted, a foreign one with a missing interpreter."""
    healthy = create(tmp_path / "healthy", "six")
    gone = create(tmp_path / "gone", "six")
    shutil.rmtree(gone.root)
    foreign = write_spec(mlenv_home, "somebody-elses", classic("/nowhere/bin/python"))
    text = (foreign / "kernel.json").read_bytes()

    rows = {row["id"]: row for row in mlenv(healthy.root, "kernels", "--json").json()["data"]["kernels"]}
    assert rows[healthy.kernel]["state"] == "ok"
    assert rows[gone.kernel]["state"] != "ok"
    assert rows["somebody-elses"]["state"] != "ok"
    kernel = start_kernel(healthy.kernel, cwd=healthy.root)
    listed = kernel.run("%mlenv kernels").text
    assert all(name in listed for name in (healthy.kernel, gone.kernel, "somebody-elses"))

    dry = kernel.run("%mlenv kernels prune --dry-run")
    assert gone.kernel in dry.text
    assert set(specs(mlenv_home)) == {healthy.kernel, gone.kernel, "somebody-elses"}
    pruned = kernel.run("%mlenv kernels prune --yes")
    assert pruned.status == "ok", pruned.text
    assert gone.kernel in pruned.text
    assert "somebody-elses" in pruned.text
    assert set(specs(mlenv_home)) == {healthy.kernel, "somebody-elses"}
    assert (foreign / "kernel.json").read_bytes() == text
    assert kernel.run("1 + 1").text == "2"


def test_an_environment_without_ipykernel_starts_and_a_broken_one_shows_the_true_error(
    tmp_path: Path, mlenv_home: Path, start_kernel: Callable[..., Any], make_venv: Callable[..., Path], uv: str
) -> None:
    """S12: the first starts without a change; the second shows the true error and its fix; no success before a start was proved."""
    without = tmp_path / "without"
    make_venv(without / ".venv", None, "six")
    before = sorted(path.name for path in (without / ".venv").glob("lib/*/site-packages/*"))
    used = mlenv(without, "use", "--json").json()
    kernel = start_kernel(used["kernel"], cwd=without)
    assert kernel.run("import six, sys; print(sys.prefix)").stdout.strip() == str(without / ".venv")
    assert sorted(path.name for path in (without / ".venv").glob("lib/*/site-packages/*")) == before

    broken = tmp_path / "broken"
    prefix = make_venv(broken / ".venv", None, "ipykernel")
    for zmq in prefix.glob("lib/*/site-packages/zmq*"):
        shutil.rmtree(zmq)
    for words in (("use", "--ipykernel", "installed"), ("create", "--ipykernel", "installed")):
        classic_way = mlenv(broken, *words, code=2)
        assert "ModuleNotFoundError: No module named 'zmq'" in classic_way.stderr
        assert "started in" not in classic_way.text
        assert set(specs(mlenv_home)) == {used["kernel"]}  # nothing was registered that does not start
    fix = next(line for line in classic_way.stderr.splitlines() if "to do:" in line)
    assert f"--python {prefix / 'bin' / 'python'} pyzmq" in fix
    typed = shlex.split(fix.partition("to do: ")[2])
    subprocess.run([uv, *typed[1:]], check=True, capture_output=True)
    mended = mlenv(broken, "use", "--ipykernel", "installed", "--json").json()
    assert start_kernel(mended["kernel"], cwd=broken).run("import zmq; print(1 + 1)").stdout == "2\n"


@pytest.mark.parametrize("broken", [False, True], ids=["without ipykernel", "with an ipykernel that lacks zmq"])
def test_create_takes_an_environment_as_it_is_and_proves_its_kernel(
    broken: bool, tmp_path: Path, start_kernel: Callable[..., Any], make_venv: Callable[..., Path]
) -> None:
    """S12 with `create`: what the environment lacks for a kernel comes from the runtime; nothing is put into it."""
    root = tmp_path / "demo"
    prefix = make_venv(root / ".venv", None, "ipykernel" if broken else "six")
    for zmq in list(prefix.glob("lib/*/site-packages/*zmq*")) if broken else ():
        shutil.rmtree(zmq)
    before = sorted(path.name for path in prefix.glob("lib/*/site-packages/*"))
    made = mlenv(root, "create")
    assert "started in" in made.stdout
    kernel = start_kernel(mlenv(root, "create", "--json").json()["kernel"], cwd=root)
    assert kernel.run("import sys, zmq; print(sys.prefix)").stdout == f"{prefix}\n"
    assert sorted(path.name for path in prefix.glob("lib/*/site-packages/*")) == before


def broken_kernels(home: Path, folder: Path, make_venv: Callable[..., Path]) -> dict[str, str]:
    """Four kernels that do not start, and what their one line must say."""
    plain = make_venv(folder / "plain", None, "ipykernel")
    no_zmq = make_venv(folder / "no-zmq", None, "ipykernel")
    for zmq in no_zmq.glob("lib/*/site-packages/zmq*"):
        shutil.rmtree(zmq)
    denied = folder / "denied"
    denied.write_text("#!/bin/sh\n")
    denied.chmod(0o644)
    three = folder / "three"
    three.write_text("#!/bin/sh\necho the licence server is down >&2\nexit 3\n")
    three.chmod(0o755)
    # A recent ipykernel leaves the working folder out by itself; PYTHONPATH brings it back.
    write_spec(home, "shadowed", classic(plain / "bin" / "python"), env={"PYTHONPATH": str(folder / "project")})
    write_spec(home, "no-zmq", classic(no_zmq / "bin" / "python"))
    write_spec(home, "denied", classic(denied))
    write_spec(home, "three", classic(three))
    return {"shadowed": "random.py", "no-zmq": "zmq", "denied": "permission", "three": "status 3"}


def test_doctor_tells_four_broken_kernels_apart(
    tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path]
) -> None:
    """S15: four different one-line diagnoses, each with what was said on stderr, within 15 s each."""
    says = broken_kernels(mlenv_home, tmp_path, make_venv)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "random.py").write_text("raise RuntimeError('I am not the standard library')\n")
    lines = {}
    for name, word in says.items():
        started = time.monotonic()
        told = mlenv(folder if name == "shadowed" else tmp_path, "doctor", name, code=1)
        assert time.monotonic() - started < 15, name
        first, *rest = told.stdout.splitlines()
        lines[name] = first
        assert word in first.lower(), told.text
        assert any(line.startswith("  to do:") for line in rest), told.text
        if name != "denied":  # nothing ran, so nothing was said
            assert any(line.startswith("  | ") for line in rest), told.text
    assert len(set(lines.values())) == 4
    assert "the licence server is down" in mlenv(tmp_path, "doctor", "three", code=1).text
