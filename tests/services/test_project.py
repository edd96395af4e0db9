"""Which folder is the project."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from mlenv import generations
from mlenv.errors import MlenvError
from mlenv.kernel.surroundings import find_project
from mlenv.services.context import Context, Options, silent
from mlenv.services.declare import new_manifest
from mlenv.services.project import find_root, open_project


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that nothing above counts."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "work" / "nb" / "deep").mkdir(parents=True)
    return tmp_path / "work"


def _context(folder: Path, **options: object) -> Context:
    return Context(cwd=folder, report=silent, options=Options(**options))  # type: ignore[arg-type]


def test_the_nearest_project_above_counts(tree: Path) -> None:
    """A notebook in a subfolder belongs to the project above it; a nested one wins."""
    (tree / "pyproject.toml").write_text("")
    assert find_root(tree / "nb" / "deep") == tree
    (tree / "nb" / "pylock.toml").write_text("")
    assert find_root(tree / "nb" / "deep") == tree / "nb"


def test_the_search_ends_at_a_repository_and_at_home(tree: Path) -> None:
    """A stray requirements.txt at home swallows no notebook below it."""
    (tree.parent / "requirements.txt").write_text("six")
    assert find_root(tree / "nb") is None
    (tree / "pyproject.toml").write_text("")
    (tree / "nb" / ".git").mkdir()
    assert find_root(tree / "nb" / "deep") is None


def test_create_takes_no_strangers_environment_from_a_folder_above(tree: Path) -> None:
    """An environment alone above is somebody's; a project above (manifest or lock) is joined."""
    (tree / "venv").mkdir()
    (tree / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert open_project(_context(tree / "nb"), create=True).root == tree / "nb"
    assert open_project(_context(tree / "nb")).root == tree
    (tree / "requirements.txt").write_text("six")
    assert open_project(_context(tree / "nb"), create=True).root == tree


def test_a_folder_that_is_not_there_is_named(tree: Path) -> None:
    """`--project` is checked before anything else."""
    with pytest.raises(MlenvError) as caught:
        open_project(_context(tree, project="nowhere"))
    assert caught.value.code == "project-missing"


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_a_link_to_something_else_is_no_environment(tree: Path, name: str) -> None:
    """`env -> data` is somebody's folder; a link to an environment counts, and one to an environment that is gone."""
    (tree / "pyproject.toml").write_text("")
    (tree / "data").mkdir()
    (tree / name).symlink_to("data")
    project = open_project(_context(tree))
    assert project.link == tree / ".venv"
    with pytest.raises(MlenvError) if name == ".venv" else contextlib.nullcontext() as caught:
        generations.refuse_no_environment(project.link)
    assert caught is None or caught.value.code == "environment-foreign"
    (tree / "data" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert open_project(_context(tree)).link == tree / name
    (tree / name).unlink()
    (tree / name).symlink_to(".mlenv/envs/gone")
    assert open_project(_context(tree)).link == tree / name


def test_setup_py_makes_a_project_only_where_nothing_else_does(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script called setup.py beside notebooks is common: the project above it counts. The kernel finds the same."""
    (tree / ".git").mkdir()
    (tree / "nb" / "setup.py").write_text("print('not run')")
    monkeypatch.chdir(tree / "nb" / "deep")
    assert find_root(tree / "nb" / "deep") == tree / "nb"
    assert find_project({}) == str(tree / "nb")
    (tree / "requirements.txt").write_text("six")
    assert find_root(tree / "nb" / "deep") == tree
    assert find_project({}) == str(tree)


def test_no_pyproject_is_made_beside_setup_py(tree: Path) -> None:
    """setuptools would take its [project] for the package's."""
    (tree / "setup.py").write_text("from setuptools import setup\nsetup()\n")
    with pytest.raises(MlenvError) as caught:
        new_manifest(open_project(_context(tree)), "3.11", ["six"])
    assert (caught.value.code, caught.value.where) == ("manifest-no-project", "setup.py")
    (tree / "setup.py").unlink()
    (tree / "setup.cfg").write_text("[flake8]\n")
    assert "pyproject.toml" in new_manifest(open_project(_context(tree)), "3.11", ["six"])
