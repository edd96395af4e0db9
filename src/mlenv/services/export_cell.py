"""``export colab``: the set-up cell with which a hosted runtime gets the project's locked packages."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import process, store
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.hosted.addresses import public_address
from mlenv.hosted.cell import cells, notebook_text
from mlenv.model import Command, Outcome
from mlenv.services.check import selection_of
from mlenv.services.context import Context
from mlenv.services.project import Project, open_project

__all__ = ["export_cell"]

_ASK_S = 20.0


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
        message = "the project has no lock, and a set-up cell installs what a lock says"
        raise MlenvError("no-lock", message, where=str(project.root), hint="mlenv lock, or mlenv freeze")
    source, below = _repository(project)
    sources = cells(__version__, lock=f"{below}{lock}" if source else lock, source=source)
    data = {"cells": list(sources), "lock": lock, "from": source}
    if output in (None, "-"):
        return Outcome(verb="export", lines=("\n\n".join(sources),), data=data)
    name = _write(context, str(output), notebook_text(sources))
    lines = (f"written {name}: open it in Colab or Kaggle, and run its cells first",)
    return Outcome(verb="export", lines=lines, files=(name,), data=data)


def _repository(project: Project) -> tuple[str, str]:
    """Return the address of the project's remote and its folder there (with ``/`` behind it), nothing without one."""
    remote = public_address(_git(project.root, "remote", "get-url", "origin"))
    return (remote, _git(project.root, "rev-parse", "--show-prefix")) if remote else ("", "")


def _git(root: Path, *words: str) -> str:
    try:
        done = process.run(Command(argv=("git", "-C", str(root), *words), timeout_s=_ASK_S))
    except MlenvError:  # no git on this machine
        return ""
    return done.stdout.strip() if done.code == 0 else ""


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
