"""Sentences that several verbs share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlenv.model import Change, Installed, Outcome
from mlenv.probe import site
from mlenv.services.context import Context
from mlenv.services.project import Project

__all__ = ["installed_of", "moved", "packages", "planned", "size", "tell_owned"]

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
