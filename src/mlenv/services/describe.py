"""What a page shows of a project before anything is compared: its files, its environment, its kernels."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlenv import kernels
from mlenv.engines.choose import Tools
from mlenv.errors import MlenvError
from mlenv.kernels import Kernel
from mlenv.services.check import selection_of
from mlenv.services.context import Context
from mlenv.services.kernels import by_project, healthy, rows_beside
from mlenv.services.prepare import engine_of
from mlenv.services.project import Project, open_project
from mlenv.services.tools import tools

__all__ = ["describe", "describe_all", "describe_nothing"]


def describe(context: Context, project: Project) -> dict[str, Any]:
    """Return one project as the wire has it. Nothing is changed.

    Raises:
        MlenvError: unreadable locks and manifests, with the place in the file.
    """
    return _described(context, project, by_project(kernels.listed()))


def describe_nothing(context: Context) -> dict[str, Any]:
    """Return the same where there is no project: what ``create`` would take, and no kernel."""
    try:
        engine = engine_of(context, open_project(context, create=True))
    except MlenvError:  # told by whoever tries it
        engine = None
    return {
        "project": None,
        "lock": {"path": None, "kind": None},
        "environment": {"prefix": None, "python": None, "engine": None},
        "kernel": None,
        "kernels": [],
        "engine": engine,
        "problem": None,
    }


def describe_all(context: Context) -> list[dict[str, Any]]:
    """Return the projects of mlenv's kernels whose folder is there, by folder; what is wrong with one is told there.

    Cost: that of loading each, about 3 ms.
    """
    known = kernels.listed()
    roots = sorted({one.project for one in known if one.ours and one.project and one.state != "project-missing"})
    owned = by_project(known)
    try:
        found = tools()  # programs are started for it: once, not for each project
    except MlenvError:  # told by the verb that needs one
        found = None
    return [_one_of(context, Path(root), owned, found) for root in roots]


def _one_of(
    context: Context, root: Path, owned: Mapping[str, tuple[Kernel, ...]], found: Tools | None
) -> dict[str, Any]:
    at = Context(cwd=root, report=context.report)
    try:
        return _described(at, open_project(at), owned, found)
    except MlenvError as error:
        nothing = describe_nothing(at)
        project = {"root": str(root), "name": root.name, "manifest": None}
        return {
            **nothing,
            "project": project,
            "kernels": _rows(_own(owned, str(root)), str(root)),
            "problem": error.message,
        }


def _described(
    context: Context, project: Project, owned: Mapping[str, tuple[Kernel, ...]], found: Tools | None = None
) -> dict[str, Any]:
    selection, environment, root = selection_of(context, project), project.environment, str(project.root)
    mine = _own(owned, root)
    kernel = healthy(mine, root, project.prefix) if environment.prefix and environment.problem is None else None
    try:
        engine = engine_of(context, project, found)
    except MlenvError:  # told by the verb that needs it
        engine = None
    return {
        "project": {"root": root, "name": selection.name, "manifest": selection.manifest},
        "lock": {"path": selection.lock, "kind": selection.kind},
        "environment": {
            "prefix": environment.prefix,
            "python": environment.python,
            "engine": environment.engine,
        },
        "kernel": kernel.id if kernel else None,
        "kernels": _rows(mine, root),
        "engine": engine,
        "problem": None,
    }


def _own(owned: Mapping[str, tuple[Kernel, ...]], root: str) -> tuple[Kernel, ...]:
    return owned.get(os.path.realpath(root), ())


def _rows(mine: tuple[Kernel, ...], root: str) -> list[dict[str, Any]]:
    return [row for row in rows_beside(mine, root) if row["current"]]
