"""What notebooks import: their own cells, and the modules of the project that these import."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.notebooks import Import, Imports, WantedSet, parse_imports, resolve_imports

__all__ = ["find_notebooks", "local_modules", "read_notebooks", "walked"]

_NOTEBOOK_BYTES = 256 << 20
"""Outputs make notebooks large."""
_MODULE_BYTES = 4 << 20
_MOST_FILES = 500
"""Modules of the project that are read; a larger one is a package, which declares what it needs."""
_MOST_FOLDERS = 50_000
"""A project with its data has fewer. Cost of so many: 2 s."""
_HINT = "name the notebook as seen from here: DIR/NAME.ipynb"
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist"})


def read_notebooks(paths: Sequence[Path], owned: dict[str, list[str]], root: Path) -> tuple[WantedSet, tuple[str, ...]]:
    """Return what the files import together, and one note for each cell or module that could not be read.

    Modules that lie beside a notebook or in the project are read, too: what these import is needed as well.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``.

    Executes nothing. Cost: one ``ast`` parse per cell and module.
    """
    imports: list[Import] = []
    notes: list[str] = []
    local: set[str] = set()
    for path in paths:
        if not path.is_file():
            raise MlenvError("notebook-missing", f"{path.name} is not there", where=str(path), hint=_HINT)
        found = parse_imports(store.read_text(path, most_bytes=_NOTEBOOK_BYTES), path.name)
        folders = tuple(dict.fromkeys((path.parent, root)))
        here = frozenset().union(*map(local_modules, folders))
        further, problems = _of_local_modules(found.imports, here, folders)
        imports += [*found.imports, *further]
        local |= here
        notes += [
            f"{path.name}, cell {problem.cell}: {problem.reason} (line {problem.line}); the rest was used"
            for problem in found.problems
        ]
        notes += [text for text in problems if text not in notes]
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
    """Return the notebooks of a project, sorted; hidden folders, environments and caches are skipped.

    Raises:
        MlenvError: as :func:`walked`.
    """
    return [here / name for here, files in walked(root) for name in files if name.endswith(".ipynb")]


def walked(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield each folder of a tree with its files, sorted; hidden folders, environments and caches are skipped.

    Raises:
        MlenvError: ``folder-too-large`` for a tree that is no project any more (``/``, a drive of data).
    """
    for count, (folder, names, files) in enumerate(os.walk(root)):
        here = Path(folder)
        if count == _MOST_FOLDERS:
            message = (
                f"{root.name or root} holds more than {_MOST_FOLDERS:,} folders, too many to look for notebooks in"
            )
            raise MlenvError("folder-too-large", message, where=str(root), hint="name the notebooks: DIR/NAME.ipynb")
        names[:] = sorted(
            name
            for name in names
            if not name.startswith(".") and name not in _SKIPPED and not (here / name / "pyvenv.cfg").exists()
        )
        yield here, sorted(files)


def _of_local_modules(
    imports: Sequence[Import], local: frozenset[str], folders: Sequence[Path]
) -> tuple[list[Import], list[str]]:
    """Return what the local modules import that these imports lead to, one after the other."""
    found: list[Import] = []
    notes: list[str] = []
    waiting = sorted({item.module.partition(".")[0] for item in imports} & local)
    seen = set(waiting)
    files = 0
    while waiting:
        for path in _files(waiting.pop(0), folders):
            files += 1
            if files > _MOST_FILES:
                return found, [*notes, f"only {_MOST_FILES} modules of the project were read for their imports"]
            read = _module(path, notes)
            found += read.imports
            further = {item.module.partition(".")[0] for item in read.imports} & local - seen
            seen |= further
            waiting += sorted(further)
    return found, notes


def _files(module: str, folders: Sequence[Path]) -> Iterator[Path]:
    for place in (one for folder in folders for one in (folder, folder / "src")):
        if (place / f"{module}.py").is_file():
            yield place / f"{module}.py"
        elif (place / module).is_dir():
            yield from sorted((place / module).rglob("*.py"))


def _module(path: Path, notes: list[str]) -> Imports:
    """Read one module of the project; what cannot be read is a note, for the notebook may run all the same."""
    try:
        read = parse_imports(store.read_text(path, most_bytes=_MODULE_BYTES), path.name)
    except MlenvError as error:
        notes.append(f"{path.name} was not read for its imports: {error.message}")
        return Imports()
    notes += [
        f"{path.name}: {problem.reason} (line {problem.line}); its imports are not known" for problem in read.problems
    ]
    return read
