"""What helps a notebook whose import failed, told from the files of its project."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv.errors import MlenvError
from mlenv.import_advice import advise, in_namespace, likely_names
from mlenv.model import Advice, Installed, Selection
from mlenv.probe import site
from mlenv.services import words
from mlenv.services.check import selection_of
from mlenv.services.context import Context
from mlenv.services.opening import opened
from mlenv.services.project import open_project
from mlenv.services.session_kernel import SessionKernel, place_of

__all__ = ["advice_for"]


def advice_for(context: Context, module: str, kernel: SessionKernel | None, folder: Path) -> Advice | None:
    """Return what helps; ``None`` where mlenv cannot help.

    Args:
        context: where the project is looked for.
        module: what could not be imported, as the error names it.
        kernel: as the server has it; ``None`` where that is not known: it is then taken to run in the project's.
        folder: the notebook's.

    Raises:
        MlenvError: unreadable locks and manifests, with the place in the file.
    """
    try:
        project = opened(open_project(context))
    except MlenvError as error:
        if error.code != "no-project":
            raise
        return advise(module, project=False, at_home=False)
    place = place_of(kernel, folder) if kernel is not None else None
    if place is not None and not place.prefix:
        return None  # on another machine, or no Python
    at_home = place is None or os.path.realpath(place.prefix) == os.path.realpath(project.prefix)
    owner = _owner(words.installed_of(project), module)
    locked = "" if owner else _locked(selection_of(context, project), module)
    problem = project.environment.problem
    there = problem is None or problem.kind != "no-env"
    return advise(module, project=True, at_home=at_home, environment=there, owner=owner, locked=locked)


def _owner(installed: Installed, module: str) -> str:
    """Return the distribution that has this module, the likeliest looked at first; empty where none has."""
    top, likely = module.partition(".")[0], list(likely_names(module))
    if in_namespace(module):
        return likely[0] if installed.get(likely[0]) else ""
    for row in sorted(installed.distributions, key=lambda row: row.name not in likely):
        if top in site.tops(row):
            return row.name
    return ""


def _locked(selection: Selection, module: str) -> str:
    likely = list(likely_names(module))
    return next((pin.name for pin in selection.pins if pin.name in likely), "")
