"""Environments that stopped working, moved or were copied: one command makes them whole, with the same kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, create, mlenv, specs
from scenarios.traces import snapshot

pytestmark = pytest.mark.real

WHERE = "import sys, six; print(sys.prefix); print(six.__file__)"


def _works(run_cells: Callable[..., Any], project: Project, kernel: str) -> None:
    (done,) = run_cells(kernel, [WHERE], cwd=project.root)
    prefix, module = done.stdout.split("\n")[:2]
    assert prefix == str(project.link)
    assert module.startswith(str(project.root))


def test_an_interpreter_that_is_gone_is_mended_by_create_with_the_same_id(
    root: Path, mlenv_home: Path, run_cells: Callable[..., Any]
) -> None:
    """S11: the spec's interpreter path does not exist any more; `create` again repairs, same id, proved."""
    project = create(root, "six")
    lock = (root / "pylock.toml").read_bytes()
    project.python.unlink()
    assert project.check()["verdict"] == "broken"
    mended = project.mlenv("create", "--json").json()
    assert mended["kernel"] == project.kernel
    assert set(specs(mlenv_home)) == {project.kernel}
    assert (root / "pylock.toml").read_bytes() == lock
    _works(run_cells, project, project.kernel)
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"


def test_an_environment_that_was_deleted_is_made_anew_with_the_same_id(
    root: Path, mlenv_home: Path, run_cells: Callable[..., Any]
) -> None:
    """S11: the whole `.venv` and mlenv's private folder are gone; lock and spec remain."""
    project = create(root, "six")
    project.link.unlink()
    shutil.rmtree(root / ".mlenv")
    assert project.check()["verdict"] == "no-env"
    assert project.mlenv("create", "--json").json()["kernel"] == project.kernel
    assert set(specs(mlenv_home)) == {project.kernel}
    _works(run_cells, project, project.kernel)


@pytest.mark.parametrize("adopted", [False, True], ids=["made by mlenv", "made by venv"])
def test_a_base_python_of_another_minor_version_is_told_and_remade(
    root: Path, python: Callable[[str], str], run_cells: Callable[..., Any], adopted: bool
) -> None:
    """S52: the symlink of the base changed: said so, remade from the lock, the kernel keeps its id."""
    base = root.parent / "base" / "bin"
    base.mkdir(parents=True)
    (base / "python3").symlink_to(python("3.11"))
    if adopted:
        subprocess.run([str(base / "python3"), "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    project = create(root, "six", "--python", "3.11" if adopted else str(base / "python3"))
    link = project.python
    if os.readlink(link) != str(base / "python3"):
        link.unlink()
        link.symlink_to(base / "python3")
    (base / "python3").unlink()
    (base / "python3").symlink_to(python("3.12"))
    answer = project.mlenv("check", code=1).stdout
    assert "Base Python changed 3.11 → 3.12, remake from lock" in answer
    assert project.check()["verdict"] == "broken"
    assert "mlenv create" in answer
    assert project.mlenv("create", "--json").json()["kernel"] == project.kernel
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
    _works(run_cells, project, project.kernel)


def test_an_empty_folder_where_the_environment_was_is_no_obstacle(root: Path, run_cells: Callable[..., Any]) -> None:
    """Nothing is lost with an empty folder, so that the command that `check` names does it."""
    project = create(root, "six")
    project.link.unlink()
    project.link.mkdir()
    told = project.check()
    assert (told["verdict"], told["next"]["command"]) == ("broken", "mlenv create")
    assert project.mlenv("create", "--json").json()["kernel"] == project.kernel
    assert project.check()["verdict"] == "in-step"
    _works(run_cells, project, project.kernel)


@pytest.mark.parametrize("what", ["exit 1", "echo rubbish"])
def test_a_base_python_that_does_not_work_is_told_and_another_takes_its_place(
    root: Path, run_cells: Callable[..., Any], what: str
) -> None:
    """The Python that the environment was made from is there and useless: `create` takes one that works."""
    python = root.parent / "base" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(os.path.realpath(sys.executable))
    project = create(root, "six", "--python", str(python))
    if os.readlink(project.python) != str(python):
        project.python.unlink()
        project.python.symlink_to(python)
    python.unlink()
    python.write_text(f"#!/bin/sh\n{what}\n")
    python.chmod(0o755)
    told = project.check()
    assert (told["verdict"], told["next"]["command"]) == ("broken", "mlenv create")
    doctor = project.mlenv("doctor", project.kernel, code=1).text
    assert "does not start" in doctor
    assert "mlenv create" in doctor
    assert project.mlenv("create", "--json").json()["kernel"] == project.kernel
    assert project.check()["verdict"] == "in-step"
    _works(run_cells, project, project.kernel)


def test_a_moved_project_is_told_and_mended_and_its_old_spec_goes(
    root: Path, mlenv_home: Path, run_cells: Callable[..., Any]
) -> None:
    """S42 a: `check` says made elsewhere; `create` gives a working kernel; the spec of the old place is gone."""
    old = create(root, "six")
    there = root.rename(root.parent / "elsewhere")
    moved = Project(there)
    told = moved.mlenv("check", code=1).stdout
    assert "made for another folder" in told
    assert str(root) in told
    assert moved.check()["verdict"] == "broken"
    kernel = str(moved.mlenv("create", "--json").json()["kernel"])
    assert kernel != old.kernel
    assert set(specs(mlenv_home)) == {kernel}
    assert moved.mlenv("check", "--json").json()["verdict"] == "in-step"
    _works(run_cells, moved, kernel)


def test_prune_removes_the_spec_of_a_moved_project(root: Path, mlenv_home: Path) -> None:
    """S42 a, the other order: `kernels prune` before the repair."""
    create(root, "six")
    root.rename(root.parent / "elsewhere")
    mlenv(root.parent, "kernels", "prune")
    assert specs(mlenv_home) == {}


@pytest.mark.parametrize("how", ["cp -a", "copytree"])
def test_a_copied_project_never_installs_into_the_original(root: Path, run_cells: Callable[..., Any], how: str) -> None:
    """S42 b: the original's file list stays as it is, whatever is done in the copy; the repair works."""
    original = create(root, "six")
    copy = Project(root.parent / "copy")
    if how == "cp -a":
        subprocess.run(["cp", "-a", str(root), str(copy.root)], check=True)
    else:
        shutil.copytree(root, copy.root)  # links become folders
    before = snapshot(root)
    assert copy.check()["verdict"] == "broken"
    assert "made for another folder" in copy.mlenv("check", code=1).stdout
    copy.mlenv("add", "idna")
    assert "idna" in copy.packages
    assert snapshot(root) == before
    kernel = str(copy.mlenv("create", "--json").json()["kernel"])
    assert kernel != original.kernel
    assert copy.mlenv("check", "--json").json()["verdict"] == "in-step"
    _works(run_cells, copy, kernel)
    done = subprocess.run(
        [str(copy.link / "bin" / "pip"), "install", "-q", "iniconfig"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "iniconfig" in copy.packages
    assert snapshot(root) == before
    assert original.mlenv("check", "--json").json()["verdict"] == "in-step"
