"""What of a uv workspace its one environment holds: the members it was synced for, each with its extras and groups.

uv itself remembers nothing: ``uv sync --package ONE`` takes away what the others need. Here a change for one member
keeps what the environment holds for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlenv.locks import Selected, Target
from mlenv.model import value
from mlenv.services import words
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.select import select_project, wanted

__all__ = ["Held", "held_for", "marker_of"]

_ROOT = "."


@value
class Held:
    """What uv is to install for all members that count."""

    packages: tuple[str, ...] = ()
    """Names of members; empty where all are meant, or where this is no workspace."""
    everything: bool = False
    """Whether all members are meant: the root is no project and stands for them."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def held_for(context: Context, project: Project, selected: Selected, target: Target) -> Held:
    """Return what the environment is to hold: what is selected now, and what it held for other members."""
    content, selection = selected.content, selected.selection
    if content is None or not content.members:
        return Held(extras=selection.extras, groups=selection.groups)
    names = {member.path: member.name for member in content.members}
    others = [
        select_project(replace(project, member=path), target, context.options.unselected)
        for path in _others(project, names)
    ]
    rows = [selection, *(other.selection for other in others if _is_there(project, other))]
    paths = [row.manifest.rpartition("/")[0] if row.manifest else "" for row in rows]
    return Held(
        packages=tuple(dict.fromkeys(names[path or _ROOT] for path in paths if (path or _ROOT) in names)),
        everything=any((path or _ROOT) not in names for path in paths),
        extras=tuple(dict.fromkeys(extra for row in rows for extra in row.extras)),
        groups=tuple(dict.fromkeys(group for row in rows for group in row.groups)),
    )


def marker_of(context: Context, project: Project, selected: Selected, target: Target) -> dict[str, Any]:
    """Return the ready marker's row of a workspace: member -> its extras and groups; empty where this is none."""
    content = selected.content
    if content is None or not content.members:
        return {}
    extras, groups = wanted(project, context.options)
    recorded = project.marker.get("members")
    there = dict(recorded) if isinstance(recorded, Mapping) else {}
    if not there:
        names = {member.path: member.name for member in content.members}
        for path in _others(project, names):
            other = select_project(replace(project, member=path), target, context.options.unselected)
            there |= {path or _ROOT: {}} if _is_there(project, other) else {}
    told = {"extras": list(extras or ()), "groups": list(groups or ()), "groups-told": groups is not None}
    return {"members": {**there, project.member or _ROOT: told}}


def _others(project: Project, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the folders of the other members that the environment may have been synced for; the root's is empty."""
    recorded = project.marker.get("members")
    known = dict.fromkeys((_ROOT, *names))
    for path in known if not isinstance(recorded, Mapping) else [path for path in recorded if path in known]:
        if path != (project.member or _ROOT):
            yield "" if path == _ROOT else path


def _is_there(project: Project, other: Selected) -> bool:
    """Whether the environment was synced for a member: as recorded, else where all that it asks for is installed."""
    if isinstance(project.marker.get("members"), Mapping):
        return True
    if project.environment.prefix is None or project.environment.problem is not None:
        return False
    pins = {pin.name for pin in other.selection.pins}
    return bool(pins) and pins <= {row.name for row in words.installed_of(project).distributions}
