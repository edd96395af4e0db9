"""`mlenv init`: a project in one go, nothing of what is there overwritten, git asked for nothing but its work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from live_kernel import LiveKernel
from scenarios.real_project import create, mlenv
from scenarios.traces import snapshot

pytestmark = pytest.mark.real

ML = {
    "pyproject.toml", ".gitignore", ".env.example", "README.md", "data/raw/.gitkeep", "data/processed/.gitkeep",
    "notebooks/01-start.ipynb", "src/prepare.py", "tests/test_prepare.py",
}  # fmt: skip
AUTHOR = {f"GIT_{role}_{part}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}


@pytest.fixture(autouse=True)
def _no_configuration_of_this_machine(mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_CONFIG_GLOBAL", *AUTHOR, "EMAIL"):
        monkeypatch.delenv(name, raising=False)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(root: Path) -> set[str]:
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file() or path.is_symlink())
    return {path.as_posix() for path in found if path.parts[0] not in {".git", ".mlenv", ".venv"}}


def test_a_project_is_made_in_one_go_and_its_notebook_runs(
    tmp_path: Path, mlenv_home: Path, start_kernel: Callable[..., LiveKernel]
) -> None:
    """`mlenv init demo && cd demo && mlenv create`, the notebook as it lies there, the tests, git's view of it."""
    told = mlenv(tmp_path, "init", "demo", "six", "--git", env=AUTHOR).stdout
    root = tmp_path / "demo"
    assert len(told.splitlines()) <= 5
    assert "next         cd demo && mlenv create" in told
    assert files(root) == ML
    assert git(root, "status", "--porcelain") == ""
    project = create(root)
    assert set(project.packages) == {"six"}
    start = nbformat.read(root / "notebooks" / "01-start.ipynb", as_version=4)
    nbformat.validate(start)
    resources = {"metadata": {"path": str(root / "notebooks")}}
    NotebookClient(start, kernel_name=project.kernel, timeout=120, resources=resources).execute()
    assert "in-step" in str(start.cells[1].outputs)
    assert "{'setosa': 5.1, 'virginica': 6.6}" in str(start.cells[-1].outputs)
    assert (root / "data" / "processed" / "means.csv").is_file()
    done = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=root, capture_output=True, text=True, timeout=60)
    assert "1 passed" in done.stdout
    assert set(git(root, "status", "--porcelain", "-uall").split()) - {"??"} == {"pylock.toml"}
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(root), str(clone))
    assert (clone / "data" / "raw").is_dir()
    kernel = start_kernel(project.kernel, cwd=tmp_path)
    told = kernel.run("%mlenv init other --template minimal").text
    assert "next         %mlenv create --project other" in told
    assert files(tmp_path / "other") == {"pyproject.toml", ".gitignore", "01-start.ipynb"}


def test_nothing_that_is_there_is_overwritten_and_each_is_named(tmp_path: Path, mlenv_home: Path) -> None:
    """A folder that holds things: refused; with `--yes` only what is missing; links and other manifests respected."""
    root, elsewhere = tmp_path / "demo", tmp_path / "disk"
    elsewhere.mkdir()
    root.mkdir()
    there = {"README.rst": "mine\n", ".gitignore": "*.tmp\n", "requirements.txt": "six==1.17.0\n", "src": None}
    for name, text in there.items():
        (root / name).mkdir() if text is None else (root / name).write_text(text)
    (root / "src" / "prepare.py").write_text("mine = 1\n")
    (root / "data").symlink_to(elsewhere)
    before = snapshot(root)
    refused = mlenv(tmp_path, "init", "demo", code=2)
    assert "demo is a project already: requirements.txt" in refused.text
    shown = mlenv(tmp_path, "init", "demo", "--dry-run").text
    assert snapshot(root) == before
    told = mlenv(tmp_path, "init", "demo", "--yes").text
    assert files(root) == {*there, "data", "src/prepare.py"} - {"src"} | {
        ".env.example", "notebooks/01-start.ipynb", "tests/test_prepare.py",
    }  # fmt: skip
    assert ".gitignore lacks .venv, .mlenv, .env: mlenv create adds them" in told
    for name in (".gitignore", "src/prepare.py", "requirements.txt", "README.rst"):
        assert name in told.partition("kept")[2]
        assert name in shown.partition("kept")[2]
    assert [path for path, fact in before.items() if snapshot(root).get(path) != fact and path not in {"", "."}] == []
    assert os.listdir(elsewhere) == []
    again = mlenv(tmp_path, "init", "demo", "--yes").text
    assert "nothing is missing" in again
    refused = mlenv(root, "init", ".", "idna", "--yes", code=2)
    assert "mlenv add idna" in refused.text


def test_git_runs_no_program_of_this_machine(tmp_path: Path, mlenv_home: Path) -> None:
    """Hooks of a template, a hooks folder, fsmonitor, filters, signing, an editor: none is started by `--git`."""
    trace, trap = tmp_path / "ran", tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {trace}\ncat 2>/dev/null\n")
    trap.chmod(0o755)
    hooks = tmp_path / "template" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-commit", "commit-msg", "post-commit", "post-index-change", "prepare-commit-msg"):
        shutil.copy(trap, hooks / name)
    (tmp_path / "attributes").write_text("* filter=trap\n")
    settings = {
        "init.templateDir": hooks.parent, "core.hooksPath": hooks, "core.fsmonitor": trap, "core.editor": trap,
        "core.attributesFile": tmp_path / "attributes", "filter.trap.clean": trap, "commit.gpgSign": "true",
        "gpg.program": trap, "user.name": "X", "user.email": "x@example.org",
    }  # fmt: skip
    for name, text in settings.items():
        git(tmp_path, "config", "--global", name, str(text))
    (tmp_path / "plain").mkdir()
    git(tmp_path / "plain", "init", "-q")
    (tmp_path / "plain" / "a").write_text("a")
    subprocess.run(["git", "add", "a"], cwd=tmp_path / "plain", capture_output=True)
    assert trace.exists(), "the trap does not work"
    trace.unlink()
    assert "first commit" in mlenv(tmp_path, "init", "demo", "--git").text
    assert not trace.exists()
    assert git(tmp_path / "demo", "-c", "core.fsmonitor=false", "log", "--format=%an %s") == "X Begin the project\n"


def test_an_unknown_author_is_told_before_anything_is_written(tmp_path: Path, mlenv_home: Path) -> None:
    """No name is made up from user and machine."""
    refused = mlenv(tmp_path, "init", "demo", "--git", code=2)
    assert "git does not know who commits" in refused.text
    assert 'git config --global user.name "Your Name"' in refused.text
    assert not (tmp_path / "demo").exists()
    git(tmp_path, "init", "-q")
    assert "in a repository already: nothing was committed" in mlenv(tmp_path, "init", "demo", "--git").text
