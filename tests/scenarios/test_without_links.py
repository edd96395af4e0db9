"""A place where symbolic links cannot be made: environments are made where they belong, behind a guard file."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Answer, Project, mlenv
from scenarios.traces import snapshot, uv

pytestmark = pytest.mark.real


def _argv(*words: str) -> list[str]:
    """The command line without the right to make links; the system call itself is refused, to mlenv alone."""
    if not shutil.which("strace"):
        pytest.skip("not run: no strace here")
    traced = "strace", "-qq", "-o", os.devnull, "-e", "inject=symlink,symlinkat:error=EPERM"
    return [*traced, sys.executable, "-m", "mlenv", *words]


def _run(root: Path, *words: str, code: int = 0) -> Answer:
    done = subprocess.run(
        _argv(*words), cwd=root, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
    )
    assert done.returncode == code, f"{words} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Answer(done.returncode, done.stdout, done.stderr)


NOTE = "symbolic links cannot be made here"


def test_the_whole_life_of_an_environment(root: Path, run_cells: Callable[..., Any]) -> None:
    """Design 6: create, add, undo, a failed add, delete; the weaker promise is said, once."""
    made = _run(root, "create", "six", "idna==3.6", "--json")
    assert made.stderr.count(NOTE) == 1
    project = Project(root, str(made.json()["kernel"]))
    assert (project.link.is_dir(), project.link.is_symlink()) == (True, False)
    assert project.check()["verdict"] == "in-step"
    (cell,) = run_cells(project.kernel, ["import sys, six; print(sys.prefix)"], cwd=root)
    assert cell.stdout.strip() == str(project.link)
    assert (project.link / "bin" / "activate").read_text().count(str(project.link)) >= 1
    added = _run(root, "add", "idna==3.7", "attrs")
    assert NOTE not in added.stderr
    assert {"idna": "3.7"}.items() <= project.packages.items()
    before = snapshot(root)
    _run(root, "add", "no-such-package-of-mlenv", code=2)
    assert snapshot(root) == before
    _run(root, "undo")
    assert project.packages == {"six": project.packages["six"], "idna": "3.6"}
    assert project.check()["verdict"] == "in-step"
    (cell,) = run_cells(project.kernel, ["import sys, idna; print(idna.__version__)"], cwd=root)
    assert cell.stdout.strip() == "3.6"
    _run(root, "delete", "--yes")
    assert not os.path.lexists(project.link)


def test_an_environment_of_somebody_else_comes_back_with_undo(root: Path) -> None:
    """A .venv of `python -m venv`: kept, and back as it was."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    uv("pip", "install", "-q", "--python", str(root / ".venv" / "bin" / "python"), "idna==3.6")
    (root / "requirements.txt").write_text("idna\n")
    before = snapshot(root / ".venv")
    _run(root, "add", "six")
    assert "six" in Project(root).packages
    _run(root, "undo")
    assert snapshot(root / ".venv") == before


def test_killed_at_any_moment_it_is_seen_and_healed(root: Path) -> None:
    """Promise 1 in its weaker form: never an environment that looks whole and is not; the same command heals."""
    _run(root, "create", "six", "idna==3.6")
    project = Project(root)
    chance = random.Random(8)
    seen = set()
    guard = root / ".mlenv" / "unfinished.json"
    for number in range(8):
        wanted = ("3.7", "3.6")[number % 2]
        running = subprocess.Popen(
            _argv("add", f"idna=={wanted}"), cwd=root, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # Half of them while the guard stands (it goes up after the lock was made), half anywhere.
        while number % 4 < 2 and running.poll() is None and not guard.exists():
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.4 if number % 4 < 2 else 2))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        verdict = project.check()["verdict"]
        seen.add(verdict)
        assert (verdict == "broken") == guard.exists(), number
        if not guard.exists():
            works = subprocess.run([str(project.python), "-c", "import six, idna"], capture_output=True)
            assert works.returncode == 0, number
        _run(root, "add", f"idna=={wanted}")
        assert project.packages["idna"] == wanted
        assert project.check()["verdict"] == "in-step"
        assert not guard.exists()
    assert "broken" in seen, "no kill met a running change"
    assert len(list((root / ".mlenv" / "envs").iterdir())) <= 3


@pytest.mark.parametrize("guard", [{"link": "..", "aside": None}, {"link": "../out", "aside": None}, {"link": 1}, {}])
def test_a_guard_that_mlenv_did_not_write_deletes_nothing(root: Path, guard: dict[str, Any]) -> None:
    """A project from somebody else, its private folder with it."""
    outside = root.parent / "out"
    outside.mkdir()
    (outside / "thesis").write_text("mine")
    (root / ".mlenv").mkdir()
    (root / ".mlenv" / "unfinished.json").write_text(json.dumps(guard))
    mlenv(root, "create", "six")
    assert (outside / "thesis").read_text() == "mine"
    assert Project(root).check()["verdict"] == "in-step"
