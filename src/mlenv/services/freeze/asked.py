"""What a freeze starts from: what the manifest declares, or what notebooks import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.notebooks import Import, WantedSet, parse_imports, resolve_imports
from mlenv.services.context import Context
from mlenv.services.freeze.live import Live, owners
from mlenv.services.project import Project
from mlenv.versions import normalise

__all__ = ["Imported", "find_notebooks", "imported", "local_modules", "read_notebooks"]

_NOTEBOOK_BYTES = 256 << 20
"""Outputs make notebooks large."""
_HINT = "name the notebook as seen from here: DIR/NAME.ipynb"
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist"})


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


def read_notebooks(paths: Sequence[Path], owned: dict[str, list[str]], root: Path) -> tuple[WantedSet, tuple[str, ...]]:
    """Return what the files import together, and one note for each cell that could not be read.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``.
    """
    imports: list[Import] = []
    notes: list[str] = []
    local: set[str] = set()
    for path in paths:
        if not path.is_file():
            raise MlenvError("notebook-missing", f"{path.name} is not there", where=str(path), hint=_HINT)
        found = parse_imports(store.read_text(path, most_bytes=_NOTEBOOK_BYTES), path.name)
        imports += found.imports
        local |= local_modules(path.parent) | local_modules(root)
        notes += [
            f"{path.name}, cell {problem.cell}: {problem.reason} (line {problem.line}); the rest was used"
            for problem in found.problems
        ]
    return resolve_imports(imports, owned, local), tuple(notes)


def local_modules(folder: Path) -> frozenset[str]:
    """Return the modules that lie in a folder and in its ``src``: what a notebook there imports without installing."""
    found: set[str] = set()
    for place in (folder, folder / "src"):
        for entry in sorted(place.iterdir()) if place.is_dir() else ():
            if entry.suffix == ".py" and entry.is_file():
                found.add(entry.stem)
            elif entry.is_dir() and entry.name.isidentifier() and any(entry.glob("*.py")):
                found.add(entry.name)
    return frozenset(found)


def find_notebooks(root: Path) -> list[Path]:
    """Return the notebooks of a project, sorted; hidden folders, environments and caches are skipped."""
    found: list[Path] = []
    for folder, names, files in os.walk(root):
        here = Path(folder)
        names[:] = sorted(
            name
            for name in names
            if not name.startswith(".") and name not in _SKIPPED and not (here / name / "pyvenv.cfg").exists()
        )
        found += [here / name for name in sorted(files) if name.endswith(".ipynb")]
    return found
