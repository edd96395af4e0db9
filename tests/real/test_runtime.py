"""Runtimes are made once, whole, beside the environment, and go only when nobody needs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv import runtime, trust
from mlenv.errors import MlenvError
from mlenv.model import Event
from mlenv.probe import site

pytestmark = [pytest.mark.real, pytest.mark.network]


def ensure(prefix: Path, **options) -> runtime.RuntimeRef:
    installed = site.scan(site.environment_facts(str(prefix)).sites)
    return runtime.ensure(str(prefix / "bin" / "python"), installed, **options)


@pytest.fixture
def own_data(mlenv_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLENV_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_projects_of_one_python_share_a_runtime_and_keep_their_environment_clean(
    mlenv_home: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    one = make_venv(tmp_path / "one" / ".venv", "3.11")
    two = make_venv(tmp_path / "two" / ".venv", "3.11", "six==1.16.0")
    before = sorted(path.name for path in one.glob("lib/python3.11/site-packages/*"))
    first, steps = ensure(one), list[Event]()
    assert ensure(two, report=steps.append).key == first.key
    assert steps == []
    assert {"ipykernel", "ipywidgets", "debugpy", "ipython"} <= set(first.packages)
    assert sorted(path.name for path in one.glob("lib/python3.11/site-packages/*")) == before
    assert list(Path(first.path).glob("ipykernel/__pycache__/*.cpython-311.pyc"))


def test_an_old_package_gets_a_runtime_of_its_own_and_others_keep_theirs(
    mlenv_home: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    old = ensure(make_venv(tmp_path / "old", "3.9", "traitlets==5.0.5"))
    plain = ensure(make_venv(tmp_path / "plain", "3.9"))
    assert old.key != plain.key
    assert old.constrained == ("traitlets 5.0.5",)
    assert int(old.packages["ipykernel"].split(".")[0]) <= 6
    assert plain.constrained == ()


def test_a_package_that_no_kernel_can_live_with_is_named(
    mlenv_home: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(tmp_path / "env", "3.11", "traitlets==4.3.3", "ipython==8.20.0", "--no-deps")
    with pytest.raises(MlenvError) as caught:
        ensure(prefix)
    assert caught.value.code == "runtime-unresolvable"
    assert "traitlets 4.3.3" in caught.value.message
    assert not list((runtime.launcher_path().parent / "runtimes").glob(".tmp-*"))


def test_offline_without_a_cache_says_so_and_leaves_nothing(
    own_data: Path, tmp_path: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = make_venv(tmp_path / "env", "3.11")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    with pytest.raises(MlenvError) as caught:
        ensure(prefix, supply=runtime.Supply(offline=True))
    assert caught.value.code == "no-network"
    assert runtime.listed() == ()
    assert [path.name for path in (own_data / "runtimes").iterdir()] == [".lock"]


def test_two_processes_make_one_runtime(own_data: Path, tmp_path: Path, make_venv: Callable[..., Path]) -> None:
    prefix = make_venv(tmp_path / "env", "3.11")
    code = (
        "import sys; from mlenv import runtime; from mlenv.model import Installed\n"
        "print(runtime.ensure(sys.argv[1], Installed(), report=lambda event: print(event.step)).key)"
    )
    argv = [sys.executable, "-c", code, str(prefix / "bin" / "python")]
    workers = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [worker.communicate(timeout=300)[0].split() for worker in workers]
    assert answers[0][-1] == answers[1][-1]
    assert sorted(step for answer in answers for step in answer[:-1]) in (["install"], ["install", "wait"])
    assert len(runtime.listed()) == 1


def test_a_killed_maker_leaves_nothing_that_counts(
    own_data: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    prefix = make_venv(tmp_path / "env", "3.11")
    leftover = own_data / "runtimes" / ".tmp-dead"
    half = own_data / "runtimes" / "cpython-311-x86_64-linux-gnu-0"
    for folder in (leftover, half):
        (folder / "ipykernel").mkdir(parents=True)
    made = ensure(prefix)
    assert [found.key for found in runtime.listed()] == [made.key]
    assert runtime.prune([str(prefix)])
    assert not leftover.exists()
    assert ensure(prefix).path == made.path


def test_prune_keeps_what_registered_and_accepted_environments_need(
    own_data: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    registered = make_venv(tmp_path / "a" / ".venv", "3.11")
    accepted = make_venv(tmp_path / "b" / ".venv", "3.13")
    kept = {ensure(registered).path, ensure(accepted).path}
    trust.trust(tmp_path / "b", accepted)
    assert runtime.prune([str(registered), str(tmp_path / "gone" / ".venv")]) == ()
    assert {found.path for found in runtime.listed()} == kept
    assert all(found.size_bytes > 1_000_000 for found in runtime.listed())
    trust.trust(tmp_path / "b", tmp_path / "gone")
    (removed,) = runtime.prune([str(registered)])
    assert "cpython-313" in removed
    assert not os.path.exists(removed)


def test_the_side_is_copied_once_and_the_launcher_stays_the_same_file(own_data: Path) -> None:
    launcher = runtime.install_side()
    before = os.stat(launcher).st_mtime_ns
    assert runtime.install_side() == launcher == own_data / "launcher.py"
    assert os.stat(launcher).st_mtime_ns == before
    (side,) = (own_data / "side").iterdir()
    assert (side / "mlenv" / "kernel" / "boot.py").is_file()
    assert not (side / "mlenv" / "services").exists()


def test_an_interpreter_that_does_not_start_is_said_so(mlenv_home: Path, tmp_path: Path) -> None:
    from mlenv.model import Installed

    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no >&2\nexit 3\n")
    broken.chmod(0o755)
    for python in (broken, tmp_path / "missing"):
        with pytest.raises(MlenvError) as caught:
            runtime.ensure(str(python), Installed())
        assert caught.value.code == "interpreter-broken"
        assert caught.value.hint == "mlenv create"
