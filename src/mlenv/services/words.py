"""Sentences that several verbs share."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlenv import store
from mlenv.model import Change, Installed, Outcome
from mlenv.probe import site
from mlenv.services.context import Context
from mlenv.services.project import Project, environments_of

__all__ = [
    "gone", "installed_of", "kept_elsewhere", "moved", "other_python", "packages", "place", "planned", "python_moved",
    "side_by_side", "size", "table", "tell_owned",
]  # fmt: skip

_SHOWN = 6


def installed_of(project: Project) -> Installed:
    """Scan the project's environment; empty where it has none."""
    return site.scan(project.environment.sites) if project.environment.prefix else Installed()


def tell_owned(context: Context, project: Project, names: Sequence[str]) -> None:
    """Say which of the packages are conda's in this environment: a copy by pip or uv would be put over its files."""
    installed = installed_of(project)
    versions = {row.name: row.version for row in installed.distributions}
    for name in names:
        if name in installed.owned:
            place = project.link.name
            text = f"{name} {versions[name]} in {place} is conda's; a copy by pip or uv would be put over its files"
            context.tell("note", text)


def side_by_side(project: Project) -> tuple[str, ...]:
    """Say which environment counts where several lie in the project, and how to choose another one."""
    others = [path.name for path in environments_of(project.root) if path != project.link]
    if not others or project.environment.prefix is None:
        return ()
    counts, lies = place(project.link, project.root), "lies" if len(others) == 1 else "lie"
    return (f"{counts} counts; {', '.join(others)} {lies} beside it: mlenv use {others[0]} chooses that one",)


def other_python(project: Project) -> tuple[str, ...]:
    """Say that ``.python-version`` asks for another minor version than the environment has."""
    there = project.environment.python
    if not there or project.settings.python or ".python-version" not in project.names:
        return ()
    if project.environment.engine == "conda":
        return ()  # its Python is a package like the others
    from mlenv.locks import parse_python_version  # a check with a cached selection reads no lock

    minor = there.split(".")[:2]
    asked = parse_python_version(store.read_text(project.root / ".python-version"))
    versions = [row for row in asked if re.fullmatch(r"\d+(\.\d+){0,2}", row)]
    fits = any(minor[: row.count(".") + 1] == row.split(".")[:2] for row in versions)
    if fits or not versions or len(versions) < len(asked):
        return ()
    return (f".python-version says {versions[0]}, the environment has {there}: mlenv create makes it anew",)


def kept_elsewhere(project: Project) -> tuple[str, ...]:
    """Say where a tool keeps an environment for a project that has none in its folder."""
    if project.environment.prefix is not None:
        return ()
    from mlenv.probe import known_environments  # rarely needed, and a check must start quickly

    rows = known_environments.known(project.root, os.environ)
    own = [row for row in rows if row.own and not row.problem]
    return tuple(f"{row.tool} keeps one at {place(row.path, project.root)}: mlenv use takes it" for row in own[:1])


def place(path: Path, root: Path) -> str:
    """Return a path as people read it: relative to the project, else to the home folder."""
    if path.is_relative_to(root):
        return str(path.relative_to(root))
    home = Path.home()
    return f"~{os.sep}{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows of equal length as lines with aligned columns."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)] if rows else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(one, widths, strict=True)).rstrip() for one in rows]


def packages(number: int) -> str:
    """Return ``1 package``, ``2 packages``."""
    return f"{number} package" if number == 1 else f"{number} packages"


def size(number_bytes: int) -> str:
    """Return ``12.3 MB``, ``0.1 MB``, ``1.2 GB`` (powers of ten, as file managers and disks count)."""
    return f"{number_bytes / 1e9:.1f} GB" if number_bytes >= 1e9 else f"{number_bytes / 1e6:.1f} MB"


def moved(changes: Sequence[Change]) -> str:
    """Say what moved, in one line: ``numpy 1.26.4 -> 2.0.2, + six 1.17.0, - idna``."""
    parts = [_one(change) for change in changes[:_SHOWN]]
    more = [f"and {len(changes) - _SHOWN} more"] if len(changes) > _SHOWN else []
    return ", ".join((*parts, *more)) or "no package changes"


def python_moved(before: Project, after: Project) -> tuple[str, ...]:
    """Say that an environment got another minor version of Python: never without a word."""
    was, now = before.environment.python or "", after.environment.python or ""
    if not was or not now or was.split(".")[:2] == now.split(".")[:2]:
        return ()
    return (f"Python was {was}, and is {now} now",)


def _one(change: Change) -> str:
    if change.before is None:
        return f"+ {change.package} {change.after}"
    if change.after is None:
        return f"- {change.package} {change.before}"
    return f"{change.package} {change.before} -> {change.after}"


def planned(verb: str, changes: tuple[Change, ...], files: Mapping[str, str]) -> Outcome:
    """What a dry run answers."""
    lines = [f"{verb} would change {moved(changes)}"]
    if files:
        lines.append(f"would write  {', '.join(files)}")
    lines.append("nothing was changed (--dry-run)")
    return Outcome(verb=verb, lines=tuple(lines), changes=changes, files=tuple(files), dry_run=True)


def gone(changes: Sequence[Change]) -> tuple[str, ...]:
    """Say what an environment made by hand had that nothing asks for: it is not in the new one."""
    names = [change.package for change in changes if change.after is None]
    if not names:
        return ()
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    return (f"no longer there, as nothing asks for it: {shown} (mlenv add NAME, or mlenv undo)",)
