"""A `.env` with a key, tracked by git: kept out of everything, and its owner told."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import create, mlenv
from scenarios.traces import snapshot

pytestmark = pytest.mark.real

KEY = "abc123SECRET"
TOLD = ".env is tracked by git, so whoever gets the repository gets it: git rm --cached .env"


def _git(root: Path, *words: str) -> str:
    who = {f"GIT_{role}_{part}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    environ = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *words], cwd=root, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repository(root: Path) -> Path:
    """A repository that has `.env` in its index."""
    (root / ".env").write_text(f"API_KEY={KEY}\n")
    _git(root, "init", "-q")
    _git(root, "add", ".env")
    _git(root, "commit", "-qm", "all of it")
    return root


def _holding(folder: Path, text: str) -> set[str]:
    """Files below a folder that hold a text, by name or by content; git's own and the file itself left out."""
    found = set()
    for base, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            path = Path(base, name)
            if text in str(path) or (not path.is_symlink() and text.encode() in path.read_bytes()):
                found.add(str(path.relative_to(folder)))
    return found


def test_a_tracked_env_file_is_told_and_its_value_appears_nowhere(
    repository: Path, mlenv_home: Path, shared_data: Path, run_cells: Callable[..., Any]
) -> None:
    """S38: create, check, load, the panel, logs: `.gitignore` completed, the warning with what to type, no value."""
    answers = [mlenv(repository, "create", "six", "--events"), mlenv(repository, "create")]
    assert ".env" in (repository / ".gitignore").read_text().splitlines()
    for answer in answers:
        assert answer.text.count(TOLD) == 1, answer.text
    kernel = str(mlenv(repository, "create", "--json").json()["kernel"])
    verbs = ("check", "check --json", "doctor", "sync", "add idna", "list", "freeze")
    answers += [mlenv(repository, *verb.split(), code=None, env={"MLENV_DEBUG": "1"}) for verb in verbs]
    assert answers[4].text.count(TOLD) == 1, "doctor"
    cells = ["%load_ext mlenv", "%mlenv check", "%mlenv panel", "%mlenv", "import six", "%mlenv nonsense"]
    shown = [repr(cell) for cell in run_cells(kernel, cells, cwd=repository)]
    assert not [text for text in (*[answer.text for answer in answers], *shown) if KEY in text]
    assert _holding(repository.parent, KEY) == {"demo/.env"}
    assert _holding(shared_data, KEY) == set()


def test_what_was_told_helps(repository: Path) -> None:
    """S38: after what was told to be typed, nothing is told any more; the file itself stays."""
    create(repository, "six")
    _git(repository, *TOLD.split(": ")[1].split()[1:])
    assert "tracked" not in mlenv(repository, "create").text
    assert KEY in (repository / ".env").read_text()
    assert ".env" not in _git(repository, "status", "--porcelain", "--untracked-files=all").replace("D  .env", "")


def test_a_project_below_the_top_of_a_repository_is_looked_at_too(repository: Path) -> None:
    """S38: a project in a folder of a repository; the file above is not this project's."""
    below = repository / "part"
    below.mkdir()
    assert "tracked" not in mlenv(below, "create", "six").text
    (below / ".env").write_text(f"API_KEY={KEY}\n")
    assert "tracked" not in mlenv(below, "create").text
    _git(below, "add", "-f", ".env")
    assert mlenv(below, "create").text.count(TOLD) == 1


def test_asking_git_runs_nothing_that_the_repository_names(repository: Path) -> None:
    """Promise 6: programs named in the repository's own configuration, and its hooks, do not run."""
    trace = repository.parent / "ran"
    program = repository.parent / "program"
    program.write_text(f"#!/bin/sh\necho ran >> {trace}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.external"):
        _git(repository, "config", key, str(program))
    (repository / ".git" / "hooks").mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-commit"):
        (repository / ".git" / "hooks" / hook).write_bytes(program.read_bytes())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    subprocess.run(["git", "ls-files", "-m"], cwd=repository, capture_output=True)
    assert trace.exists(), "the trap does not work"
    trace.unlink()
    before = snapshot(repository / ".git")
    assert mlenv(repository, "create", "six").text.count(TOLD) == 1
    assert not trace.exists()
    assert snapshot(repository / ".git") == before
