"""What notebooks ask for, sorted into what may be installed with approval and what a person has to name first.

No index is asked here, and nothing is run: names are told by installed metadata and by kept tables.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv.look_alikes import is_well_known, meant_by
from mlenv.model import value
from mlenv.notebooks import Wanted
from mlenv.probe import environment, interpreters, site
from mlenv.requirement_text import parse_requirement
from mlenv.services.check_notebook import notebook_text
from mlenv.services.context import Context
from mlenv.services.notebook_imports import read_notebooks
from mlenv.services.project import find_root, load
from mlenv.services.select import loader, target_of
from mlenv.versions import normalise

if TYPE_CHECKING:
    from mlenv.locks import NotebookSays

__all__ = ["Doubt", "Needs", "declared_by", "needs_of"]

_SHOWN = 12


@value
class Doubt:
    """A name that is not installed unless a person names it."""

    name: str
    """A module, or a package that a notebook declares."""
    meant: str | None = None
    """The well-known package that is most likely meant."""
    is_module: bool = True

    @property
    def why(self) -> str:
        """One short reason."""
        if self.meant:
            return f"is unknown and looks like {self.meant}" if self.is_module else f"looks like {self.meant}"
        return "is unknown" if self.is_module else "is on no index"


@value
class Needs:
    """What one or several notebooks ask for together."""

    requirements: tuple[str, ...] = ()
    """What may be installed with approval."""
    optional: tuple[str, ...] = ()
    """Packages whose import may fail."""
    doubts: tuple[Doubt, ...] = ()
    notes: tuple[str, ...] = ()
    how: str = "imports"
    """``imports``, or ``declares`` where every notebook declares its packages."""
    source: str = ""
    """Where the one notebook declares them."""
    requires_python: str = ""
    pins: tuple[tuple[str, str], ...] = ()
    """(name, version) of the lock that juv keeps in a notebook."""
    rows: tuple[dict[str, Any], ...] = ()
    """One per module that was placed, for machines."""

    @property
    def to_look_up(self) -> tuple[str, ...]:
        """Names that notebooks declare and that no kept table has: whether the index has them is not known yet."""
        imported = {normalise(row["package"]) for row in self.rows}
        rows = (parse_requirement(text) for text in self.requirements)
        names = {normalise(row.name) for row in rows if row.url is None} - {name for name, _ in self.pins}
        return tuple(sorted(name for name in names - imported if not is_well_known(name)))


def needs_of(context: Context, paths: Sequence[Path]) -> Needs:
    """Return what notebooks ask for: what each declares itself, or where it declares nothing, what it imports.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``; ``manifest-unreadable`` with the cell.
    """
    says = {path: declared_by(path) for path in paths}
    told = [one for one in says.values() if one is not None and one.manifest.requirements]
    silent = [path for path, one in says.items() if one is None or not one.manifest.requirements]
    texts = tuple(dict.fromkeys(text for one in told for text in one.manifest.requirements))
    doubtful = {text: _doubt_of(text) for text in texts}
    doubts = [doubt for doubt in doubtful.values() if doubt is not None]
    notes = [finding.reason for one in told for finding in one.manifest.findings]
    found, optional, rows = [text for text, doubt in doubtful.items() if doubt is None], [], []
    root = _root(context)
    notes += _imported_beside(
        context, root, [path for path, one in says.items() if one is not None and one.by_lines], found
    )
    if silent:
        wanted, cells = read_notebooks(silent, _owners(context, root), root)
        names = {normalise(parse_requirement(text).name) for text in found}
        placed = [item for item in wanted.found if item.distribution and normalise(item.distribution) not in names]
        found += [item.distribution or "" for item in placed if not item.optional]
        optional = [item.distribution or "" for item in placed if item.optional]
        doubts += [Doubt(name=item.module, meant=item.guess) for item in wanted.asked]
        notes += [*cells, *(f"modules that only {place} has are left out" for place in wanted.elsewhere)]
        notes += [f"{path.name} lies outside the project ({root})" for path in silent if not path.is_relative_to(root)]
        rows = [_row(item) for item in (*placed, *wanted.asked)]
    return Needs(
        requirements=tuple(found),
        optional=tuple(optional),
        doubts=tuple(dict.fromkeys(doubts)),
        notes=tuple(notes),
        how="imports" if silent else "declares",
        source=told[0].source if len(told) == len(paths) == 1 else "",
        requires_python=",".join(dict.fromkeys(filter(None, (one.manifest.requires_python for one in told)))),
        pins=_pins(told),
        rows=tuple(rows),
    )


def _imported_beside(context: Context, root: Path, paths: Sequence[Path], found: Sequence[str]) -> list[str]:
    """Say what notebooks import that none of their install lines names: on Colab the rest is there already.

    It is for a person to name: a line ``pip install opencv-python-headless`` brings what ``import cv2`` needs, too.
    """
    if not paths:
        return []
    wanted, _ = read_notebooks(paths, _owners(context, root), root)
    names = {normalise(parse_requirement(text).name) for text in found}
    placed = {item.distribution or "" for item in wanted.found if item.distribution and not item.optional}
    beside = sorted((name for name in placed if normalise(name) not in names), key=str.lower)
    if not beside:
        return []
    more = "" if len(beside) <= _SHOWN else f" and {len(beside) - _SHOWN} more"
    return [
        f"imported, and in no install line: {', '.join(beside[:_SHOWN])}{more} (what is missing: name it after --yes)"
    ]


def declared_by(path: Path) -> NotebookSays | None:
    """Return what a notebook declares of its own; ``None`` where it says nothing.

    Raises:
        MlenvError: ``manifest-unreadable`` with the cell; ``notebook-unreadable``.
    """
    from mlenv.locks import read_notebook

    if not path.is_file() or path.suffix != ".ipynb":
        return None
    load_file = loader(path.parent, {})
    return read_notebook(notebook_text(path), path.name, target_of(interpreters.host().path), load_file)


def _doubt_of(text: str) -> Doubt | None:
    name = parse_requirement(text).name
    meant = meant_by(name)
    return Doubt(name=name, meant=meant, is_module=False) if meant else None


def _row(item: Wanted) -> dict[str, Any]:
    return {"module": item.module, "package": item.distribution or "", "how": item.how, "optional": item.optional}


def _pins(told: Iterable[NotebookSays]) -> tuple[tuple[str, str], ...]:
    """Return what juv locked; nothing where two notebooks are locked apart."""
    locks = [one.lock for one in told if one.lock is not None]
    return tuple((pin.name, pin.version) for pin in locks[0].pins if pin.version) if len(locks) == 1 else ()


def _root(context: Context) -> Path:
    option = context.options.project
    start = Path(os.path.abspath(context.cwd / option)) if option else context.cwd
    return find_root(start) or start


def _owners(context: Context, root: Path) -> dict[str, list[str]]:
    """Return module -> the package that has it in an environment at hand: the project's, the kernel's, this one.

    A module that several packages share tells nothing, and the table is asked. Cost: one small file per package.
    """
    places = (load(root).prefix, context.options.kernel_prefix, sys.prefix)
    found: dict[str, list[str]] = {}
    for prefix in dict.fromkeys(place for place in places if place):
        here: dict[str, list[str]] = {}
        for distribution in site.scan(environment.environment_facts(prefix).sites).distributions:
            for module in site.tops(distribution):
                here.setdefault(module, []).append(site.metadata(distribution).name or distribution.name)
        for module, names in here.items():
            if len(names) == 1:
                found.setdefault(module, names)
    return found
