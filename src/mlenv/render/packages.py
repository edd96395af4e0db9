"""Every package of a project side by side: loaded, installed, locked, declared. Pure.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from html import escape
from typing import Callable, List, Mapping, Optional, Sequence, Tuple

from mlenv.model import Finding, Installed, Loaded, Selection, value
from mlenv.render.layout import QUIET, SCROLL, TABLE, cell_style

__all__ = ["SHOWN", "PackageRow", "package_rows", "packages_html"]

_MOST = 300
_COLUMNS = ("package", "loaded", "installed", "locked", "declared", "")
_EMPTY = "-"


@value
class PackageRow:
    """One package; versions are ``None`` where it is not."""

    name: str
    loaded: Optional[str] = None
    installed: Optional[str] = None
    locked: Optional[str] = None
    declared: str = ""
    """As a person wrote it: ``numpy<2``."""

    differs: bool = False
    """Whether the report has found something about it."""


SHOWN: Mapping[str, Callable[[PackageRow], bool]] = {
    "all packages": lambda row: True,
    "what differs": lambda row: row.differs,
    "declared": lambda row: bool(row.declared),
    "in memory": lambda row: row.loaded is not None,
}
"""What a list of packages can be narrowed to, by its label."""


def package_rows(
    selection: Optional[Selection],
    installed: Optional[Installed],
    loaded: Sequence[Loaded],
    findings: Sequence[Finding],
) -> Tuple[PackageRow, ...]:
    """Return every package that is declared, locked, installed or loaded, by name.

    Args:
        selection: ``None`` where nothing is locked or declared.
        installed: ``None`` where there is no environment.
        loaded: empty where this kernel is not the project's; what the kernel itself brought along is left out.
        findings: the report's.
    """
    memory = {row.name: row.version for row in loaded if row.origin != "runtime"}
    disk = {row.name: row.version for row in installed.distributions} if installed else {}
    lock = {pin.name: pin.version for pin in selection.pins} if selection else {}
    said = {row.name: row.text for row in selection.declared} if selection else {}
    found = {finding.package for finding in findings if finding.package and finding.kind != "note"}
    return tuple(
        PackageRow(
            name=name,
            loaded=memory.get(name),
            installed=disk.get(name),
            locked=lock.get(name),
            declared=said.get(name, ""),
            differs=name in found,
        )
        for name in sorted({*memory, *disk, *lock, *said})
    )


def packages_html(rows: Sequence[PackageRow], words: str = "", shown: str = "all packages") -> str:
    """Return the rows that fit as a table in a box that scrolls.

    Args:
        words: parts of names, separated by blanks; one of them must be in the name.
        shown: a label of :data:`SHOWN`.
    """
    parts = words.lower().replace("_", "-").split()
    fits = SHOWN[shown]
    found = [row for row in rows if fits(row) and (not parts or any(part in row.name for part in parts))]
    if not found:
        return f'<div style="{QUIET}">{_nothing(bool(rows), shown, words)}</div>'
    style = cell_style()
    head = "".join(f'<th scope="col" style="{style}">{name}</th>' for name in _COLUMNS)
    body = "".join(_row(row, style) for row in found[:_MOST])
    more = len(found) - _MOST
    tail = f'<div style="{QUIET}">and {more} more: type a part of a name</div>' if more > 0 else ""
    return (
        f'<div role="region" aria-label="Packages" tabindex="0" style="{SCROLL}">'
        f'<table style="{TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{tail}'
    )


def _row(row: PackageRow, style: str) -> str:
    cells: List[str] = [row.loaded or _EMPTY, row.installed or _EMPTY, row.locked or _EMPTY, row.declared or _EMPTY]
    cells.append("\N{NOT EQUAL TO} differs" if row.differs else "")
    columns = "".join(f'<td style="{style}">{escape(cell)}</td>' for cell in cells)
    return f'<tr><th scope="row" style="{style}">{escape(row.name)}</th>{columns}</tr>'


def _nothing(any_rows: bool, shown: str, words: str) -> str:
    if not any_rows:
        return "No packages yet: type a name below and add it."
    if words.strip():
        return f"No package has {escape(words.strip())!r} in its name."
    return "Nothing differs." if shown == "what differs" else "None."
