"""``export colab``: the set-up cell with which a hosted runtime gets the project's locked packages."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import store
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.hosted.cell import cells, notebook_text
from mlenv.model import Outcome
from mlenv.services.check import selection_of
from mlenv.services.context import Context
from mlenv.services.exporting.gather import no_lock
from mlenv.services.exporting.repository import repository_of
from mlenv.services.project import open_project

__all__ = ["export_cell"]


def export_cell(context: Context, output: str | None) -> Outcome:
    """Print the cell, or write it as a small notebook.

    Args:
        context: where the project is.
        output: a notebook that is not there yet; ``None`` or ``-``: print.

    Raises:
        MlenvError: ``no-lock``; ``output-exists``; ``usage`` for a name that is no notebook's.
    """
    project = open_project(context)
    lock = selection_of(context, project).lock
    if lock is None:
        raise no_lock(project)
    source, below = repository_of(project.root)
    sources = cells(__version__, lock=f"{below}{lock}" if source else lock, source=source)
    data = {"cells": list(sources), "lock": lock, "from": source}
    if output in (None, "-"):
        return Outcome(verb="export", lines=("\n\n".join(sources),), data=data)
    name = _write(context, str(output), notebook_text(sources))
    lines = (f"written {name}: open it in Colab or Kaggle, and run its cells first",)
    return Outcome(verb="export", lines=lines, files=(name,), data=data)


def _write(context: Context, output: str, text: str) -> str:
    target = Path(os.path.abspath(context.cwd / output))
    if target.suffix != ".ipynb":
        message = f"{target.name} is no notebook's name"
        raise MlenvError("usage", message, hint="mlenv export colab --output NAME.ipynb, or - to print the cell")
    if target.exists() and not context.options.force:
        message = f"{target.name} is there already and is left as it is"
        raise MlenvError("output-exists", message, where=str(target), hint="another --output, or add --force")
    store.write_atomic(target, text)
    return os.path.relpath(target, context.cwd)
