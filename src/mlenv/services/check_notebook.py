"""``check NOTEBOOK``: the project of a notebook, and what the notebook itself says of its packages."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import Action, Report
from mlenv.services.check import Measured, judge, measure
from mlenv.services.context import Context
from mlenv.services.project import Project, find_root, load, open_project, refuse_odd_bytes

__all__ = ["check_notebook", "notebook_path", "notebook_text", "project_of", "settle_notebook"]

_MOST_BYTES = 256 << 20
"""Outputs make notebooks large."""
_MAKING = frozenset({"create", "sync", "lock", "freeze"})


def check_notebook(context: Context, notebook: str) -> Report:
    """Check the project of a notebook; where its folder has no project files, what the notebook says itself counts.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``, ``no-project`` where neither says anything; as
            :func:`mlenv.services.check.check`.
    """
    path = notebook_path(context, notebook)
    return settle_notebook(context, measure(context, project_of(context, path)), path, notebook_text(path))


def settle_notebook(context: Context, measured: Measured, path: Path, text: str) -> Report:
    """As :func:`check_notebook`, for a notebook that has been read and a project that has been measured."""
    project = measured.project
    name = Path(os.path.relpath(path, project.root)).as_posix()
    report = judge(context, measured, (name, text))
    manifest = report.project.manifest if report.project else None
    if manifest is None and report.lock_path is None and project.environment.prefix is None:
        message = f"{path.name} declares no packages, and no project lies in its folder or above"
        raise MlenvError("no-project", message, where=str(path), hint=_creating(context, path))
    if manifest != name or report.next.action not in _MAKING:
        return report
    command = _creating(context, path)
    text = f"Run {command}: it makes a project and its environment of what {path.name} declares."
    return replace(report, next=Action(action="create", command=command, text=text))


def notebook_path(context: Context, notebook: str) -> Path:
    """Return the path of a notebook that was typed.

    Raises:
        MlenvError: ``notebook-missing``.
    """
    path = Path(os.path.abspath(context.cwd / notebook))
    refuse_odd_bytes(path)
    if not path.is_file() or path.suffix != ".ipynb":
        what = "is not there" if not path.exists() else "is no notebook (NAME.ipynb)"
        hint = "name the notebook as seen from here: DIR/NAME.ipynb"
        raise MlenvError("notebook-missing", f"{path.name} {what}", where=str(path), hint=hint)
    return path


def notebook_text(path: Path) -> str:
    """Return a notebook's text.

    Raises:
        MlenvError: ``file-unreadable``, ``file-too-large``.
    """
    return store.read_text(path, most_bytes=_MOST_BYTES)


def project_of(context: Context, path: Path) -> Project:
    """Return the project of a notebook: that of ``--project``, else the nearest; else its folder alone."""
    if context.options.project:
        return open_project(context)
    return load(find_root(path.parent) or path.parent)


def _creating(context: Context, path: Path) -> str:
    return f"mlenv create --from-notebook {shlex.quote(os.path.relpath(path, context.cwd))}"
