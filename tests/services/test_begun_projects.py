"""A new project is declared in the file that the tool which installs it reads."""

from __future__ import annotations

from pathlib import Path

from mlenv.services.context import Context, Options, silent
from mlenv.services.declare import begun
from mlenv.services.project import open_project


def test_a_new_project_of_pipenv_s_has_a_pipfile(tmp_path: Path) -> None:
    context = Context(cwd=tmp_path, report=silent, options=Options())
    project = open_project(context, create=True)
    made = begun(project, "3.11", ("six==1.17.0",), "pipenv")
    assert made == {"Pipfile": '[packages]\nsix = "==1.17.0"\n\n[requires]\npython_version = "3.11"\n'}
    assert set(begun(project, "3.11", ("six",), "poetry")) == {"pyproject.toml"}
