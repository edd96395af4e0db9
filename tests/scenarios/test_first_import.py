"""What was compiled stays compiled through a change of the environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scenarios.real_project import Project, create

pytestmark = pytest.mark.real


def _import(project: Project, *names: str) -> list[str]:
    """Import in the environment's own Python; return the byte-code files that it had to write."""
    code = f"import {', '.join(names)}"
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    argv = [project.python, "-v", "-c", code]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=True)
    return [
        line
        for line in done.stderr.splitlines()
        if line.startswith(("# created ", "# wrote ")) and "site-packages" in line
    ]


def _copied_files(project: Project) -> bool:
    """Whether uv could not link here (its cache lies on another file system), so nothing can be carried."""
    return (project.site / "six.py").stat().st_nlink == 1


def test_the_first_import_after_a_change_compiles_only_what_changed(root: Path) -> None:
    """``add`` builds a new generation; attrs was compiled before it, six moved, idna is new."""
    project = create(root, "attrs", "six==1.16.0")
    if _copied_files(project):
        pytest.skip("not run: uv's cache lies on another file system")
    assert _import(project, "attr", "six")
    project.mlenv("add", "six==1.17.0", "idna")
    assert _import(project, "attr") == []
    assert any("six" in line for line in _import(project, "six"))
    assert _import(project, "idna")
    assert project.check()["verdict"] == "in-step"


def test_a_mend_begins_afresh(root: Path) -> None:
    """Byte-code may be what is damaged: an environment that has to be mended hands none on."""
    project = create(root, "attrs", "six==1.16.0")
    assert _import(project, "attr", "six")
    (project.site / "six.py").unlink()
    project.mlenv("sync")
    assert _import(project, "attr")
    assert project.check()["verdict"] == "in-step"
