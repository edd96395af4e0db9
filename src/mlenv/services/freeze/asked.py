"""What a freeze starts from: what the manifest declares, or what notebooks import."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.services.context import Context
from mlenv.services.freeze.live import Live, owners
from mlenv.services.notebook_imports import find_notebooks, read_notebooks
from mlenv.services.project import Project
from mlenv.versions import normalise

__all__ = ["Imported", "imported"]


@value
class Imported:
    """What the notebooks ask for."""

    roots: tuple[str, ...]
    """Installed distributions, sorted."""
    notes: tuple[str, ...]
    """What a person has to know: cells that could not be read, modules that nobody knows or that are not installed."""


def imported(context: Context, project: Project, live: Live, notebook: str | None) -> Imported:
    """Return the installed packages that one notebook (or every notebook of the project) imports.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``.
    """
    paths = [Path(os.path.abspath(context.cwd / notebook))] if notebook else find_notebooks(project.root)
    if not paths:
        raise MlenvError(
            "notebook-missing",
            "there is no notebook here whose imports could be frozen",
            where=str(project.root),
            hint="mlenv freeze --notebook FILE, or --scope direct",
        )
    wanted, notes = read_notebooks(paths, owners(live), project.root)
    there = {d.name for d in live.installed.distributions}
    needed = {normalise(item.distribution): item for item in wanted.found if item.distribution}
    absent = [
        item.distribution or "" for name, item in sorted(needed.items()) if name not in there and not item.optional
    ]
    if absent:
        notes = (*notes, f"not installed: {', '.join(absent)} (imported)")
    unknown = [item.module for item in wanted.asked if not item.optional]
    if unknown:
        notes = (*notes, f"no installed package has: {', '.join(unknown)}")
    return Imported(roots=tuple(sorted(set(needed) & there)), notes=notes)
