"""A project that is looked at because a notebook was opened: programs that came with it are not started."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv import trust
from mlenv.services.check import check_project
from mlenv.services.context import Context, silent
from mlenv.services.opening import opened
from mlenv.services.project import open_project
from mlenv.services.pythons import pythons
from scenarios.real_project import mlenv

pytestmark = pytest.mark.real


@pytest.fixture
def root(tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path]) -> Path:
    """A project with an honest environment, made by another tool."""
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "requirements.txt").write_text("six==1.16.0\n")
    make_venv(folder / ".venv")
    return folder


def _context(root: Path) -> Context:
    return Context(cwd=root, report=silent)


def _set_trap(root: Path) -> Path:
    """Put a program in place of the environment's Python, and return the file that it makes."""
    touched = root.parent / "touched"
    for python in (root / ".venv" / "bin").glob("python*"):
        python.unlink()
        python.write_text(f"#!/bin/sh\ntouch '{touched}'\nexec '{sys.executable}' \"$@\"\n")
        python.chmod(0o755)
    return touched


def test_an_environment_that_links_to_a_python_of_this_machine_is_looked_at(root: Path) -> None:
    """Whoever made it: what starts is this machine's own."""
    project = open_project(_context(root))
    assert opened(project) == project


def test_a_python_that_came_with_the_folder_is_not_started_until_it_was_accepted(root: Path) -> None:
    """The report says so, and what to do; after ``use`` it is started as any other."""
    touched = _set_trap(root)
    report = check_project(_context(root), opened(open_project(_context(root))))
    assert not touched.exists()
    assert report.verdict == "unknown"
    assert ".venv" in report.findings[0].reason
    assert "mlenv use .venv" in report.findings[0].reason
    trust.trust(root, root / ".venv")
    check_project(_context(root), opened(open_project(_context(root))))
    assert touched.exists()


def test_a_link_to_a_program_elsewhere_in_the_download_is_no_python_of_this_machine(root: Path) -> None:
    """Its name and its place in ``.venv`` prove nothing."""
    _set_trap(root)
    outside = root.parent / "other" / "python3"
    outside.parent.mkdir()
    shutil.move(root / ".venv" / "bin" / "python", outside)
    (root / ".venv" / "bin" / "python").symlink_to(outside)
    assert opened(open_project(_context(root))).environment.problem is not None


def test_an_environment_with_a_registered_kernel_is_looked_at(root: Path) -> None:
    """Its kernel is started without asking anyway."""
    mlenv(root, "use", ".venv")
    trust._path().unlink()
    _set_trap(root)
    project = open_project(_context(root))
    assert opened(project) == project


@pytest.mark.parametrize("where", ["marker", "mlenv.toml", ".python-version"])
def test_the_list_of_pythons_starts_none_that_the_project_brought(root: Path, where: str) -> None:
    """Its files may name any program: a page's list is no wish to run it, a person's `mlenv pythons` is."""
    touched = _set_trap(root)
    trap = str(root / ".venv" / "bin" / "python")
    if where == "marker":
        minor = ".".join(map(str, sys.version_info[:2]))
        (root / ".venv" / "mlenv-ready.json").write_text(json.dumps({"schema": 1, "base": trap, "python": minor}))
    else:
        (root / where).write_text(f'python = "{trap}"\n' if where == "mlenv.toml" else f"{trap}\n")
    told = pythons(_context(root), asked=False)
    assert not touched.exists()
    assert trap in str((told.data or {})["why"])
    pythons(_context(root))
    assert touched.exists()
