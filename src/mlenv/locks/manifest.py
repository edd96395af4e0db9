"""Read ``pyproject.toml``: what a person declared (PEP 621, PEP 735, Poetry, PDM) and the project's settings."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import Requirement

from mlenv.locks.content import Manifest
from mlenv.locks.dependency_groups import read_groups
from mlenv.locks.fingerprints import pdm_fingerprint, poetry_fingerprints
from mlenv.locks.known import known_names
from mlenv.locks.limits import check_manifest
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.requirement import written
from mlenv.locks.settings import MANIFEST_HINT, parse_settings
from mlenv.locks.target import Target, applies
from mlenv.locks.tool_tables import ToolTables, read_tool_tables
from mlenv.locks.uv_manifest import everything, unjudged
from mlenv.model import Declared, Finding, value
from mlenv.versions import normalise

__all__ = ["parse_pyproject"]

_FOREIGN_TABLES = ("pixi",)
"""Tables of ``[tool]`` that may list dependencies and are not read."""

_PACKAGE_KEYS = {"uv": "package", "poetry": "package-mode", "pdm": "distribution"}
"""Table of a tool -> the key that says whether the project is a package."""


@value
class _Row:
    """One requirement as written, and the list that it stands in."""

    requirement: Requirement
    origin: str


@value
class _Lists:
    """Every list of requirements in the file, by normalised name; groups with their includes resolved."""

    base: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]
    groups: Mapping[str, tuple[Requirement, ...]]


def parse_pyproject(
    text: str,
    where: str,
    target: Target,
    extras: Iterable[str] = (),
    groups: Iterable[str] | None = (),
    *,
    shared: Table | None = None,
) -> Manifest:
    """Read a ``pyproject.toml``.

    Args:
        text: the file's text.
        where: its name for errors and origins.
        target: decides which markers apply to :attr:`Manifest.declared`.
        extras: chosen extras, in any spelling.
        groups: chosen dependency groups; ``None`` for uv's default groups.
        shared: ``[tool.uv.sources]`` of the workspace's root, which count where this file says nothing of a name.

    Raises:
        MlenvError: ``manifest-unreadable`` with the place (syntax, wrong types, requirements that are none, cyclic
            groups); ``extra-unknown`` or ``group-unknown`` with the nearest known one; ``settings-*``.

    Source: PEP 621, PEP 735, uv's documentation of ``[tool.uv]`` (``default-groups``, ``dev-dependencies``).
    """
    place = Place(file=where, code="manifest-unreadable", hint=MANIFEST_HINT)
    check_manifest(text, place)
    table = parse_toml(text, place)
    project, tool = place.table(table, "project"), place.table(table, "tool")
    uv = place.at("tool").table(tool, "uv")
    name = place.at("project").get(project, "name", str) or _poetry_name(tool, place)
    sources = {**(shared or {}), **place.at("tool").at("uv").table(uv, "sources")}
    own = read_tool_tables(tool, project, place.at("tool"))
    lists = _lists(table, project, uv, own, name, place)
    defaults = _default_groups(project, uv, lists, place)
    rows = _chosen(lists, extras, groups, defaults, where)
    foreign = not project and any("dependencies" in place.at("tool").table(tool, key) for key in _FOREIGN_TABLES)
    dynamic = "dependencies" in place.at("project").texts(project, "dynamic") and not own.base
    return Manifest(
        name=name,
        version=place.at("project").get(project, "version", str) or "",
        declared=tuple(_declared(rows, target)),
        requirements=tuple(dict.fromkeys(written(row.requirement) for row in rows)),
        everything=_everything(project, lists, sources, place),
        unjudged=unjudged(sources) | own.unjudged,
        asked=own.asked,
        fingerprints={"poetry": poetry_fingerprints(table), "pdm": frozenset({pdm_fingerprint(table)})},
        requires_python=place.at("project").pythons(project, "requires-python") or own.asked.requires_python,
        settings=parse_settings(place.at("tool").table(tool, "mlenv"), f"{where}: tool.mlenv"),
        has_settings="mlenv" in tool,
        has_project=bool(project),
        declares=bool(project or lists.groups or own.asked.declares or foreign or "workspace" in uv),
        dynamic=dynamic or foreign,
        uv="uv" in tool,
        default_groups=defaults,
        packaged=_is_package(table, tool, place.at("tool")),
        extras=tuple(lists.extras),
        groups=tuple(lists.groups),
        findings=_unread(where, dynamic=dynamic, foreign=foreign),
    )


def _chosen(
    lists: _Lists, extras: Iterable[str], groups: Iterable[str] | None, defaults: tuple[str, ...], where: str
) -> tuple[_Row, ...]:
    taken = defaults if groups is None else known_names(groups, lists.groups, "group", where)
    return tuple(_rows(lists, known_names(extras, lists.extras, "extra", where), taken, where))


def _is_package(table: Table, tool: Table, place: Place) -> bool:
    """Say whether the project is installed itself; uv, Poetry and PDM each have a word for one that is not."""
    said = (place.at(name).get(place.table(tool, name), key, bool) for name, key in _PACKAGE_KEYS.items())
    return "build-system" in table and False not in said


def _poetry_name(tool: Table, place: Place) -> str:
    at = place.at("tool")
    return at.at("poetry").get(at.table(tool, "poetry"), "name", str) or ""


def _everything(project: Table, lists: _Lists, sources: Table, place: Place) -> tuple[str, ...]:
    texts = everything(project, lists.groups, sources, posixpath.dirname(place.file))
    for text in texts if sources else ():  # an address of [tool.uv.sources] may be anything
        place.at("tool").at("uv").at("sources").requirement(text)
    return texts


def _lists(table: Table, project: Table, uv: Table, own: ToolTables, name: str, place: Place) -> _Lists:
    at = place.at("project")
    optional = at.table(project, "optional-dependencies")
    extras = {normalise(extra): _requirements(optional, extra, at.at("optional-dependencies")) for extra in optional}
    extras = {**own.extras, **extras}
    base = _requirements(project, "dependencies", at)
    groups = read_groups(table, uv, place)
    return _Lists(
        base=_expanded((*base, *own.base), extras, name),
        extras={extra: _expanded(rows, extras, name) for extra, rows in extras.items()},
        groups={**own.groups, **{group: (*rows, *own.groups.get(group, ())) for group, rows in groups.items()}},
    )


def _requirements(table: Table, key: str, place: Place) -> tuple[Requirement, ...]:
    return tuple(place.item(key, index).requirement(text) for index, text in enumerate(place.texts(table, key)))


def _expanded(
    rows: tuple[Requirement, ...], extras: Mapping[str, tuple[Requirement, ...]], name: str
) -> tuple[Requirement, ...]:
    """Replace the project's own name (``all = ["demo[plot]"]``) by what these extras ask for, however deep."""
    found: list[Requirement] = []
    seen: set[str] = set()
    waiting = list(rows)
    while waiting:
        row = waiting.pop(0)
        if not name or normalise(row.name) != normalise(name):
            found.append(row)
            continue
        for extra in sorted(normalise(extra) for extra in row.extras):
            if extra not in seen:
                seen.add(extra)
                waiting.extend(extras.get(extra, ()))
    return tuple(found)


def _default_groups(project: Table, uv: Table, lists: _Lists, place: Place) -> tuple[str, ...]:
    if uv.get("default-groups") == "all":
        return tuple(lists.groups)
    if "default-groups" in uv:
        return tuple(normalise(group) for group in place.at("tool").at("uv").texts(uv, "default-groups"))
    # The root of a workspace that is no project stands for its members, whose groups are not known here.
    return ("dev",) if "dev" in lists.groups or ("workspace" in uv and not project) else ()


def _rows(lists: _Lists, extras: Iterable[str], groups: Iterable[str], where: str) -> Iterator[_Row]:
    yield from (_Row(requirement=row, origin=where) for row in lists.base)
    for extra in extras:
        yield from (_Row(requirement=row, origin=f"{where} [{extra}]") for row in lists.extras[extra])
    for group in groups:
        yield from (_Row(requirement=row, origin=f"{where} [{group}]") for row in lists.groups.get(group, ()))


def _declared(rows: Iterable[_Row], target: Target) -> Iterator[Declared]:
    seen: set[str] = set()
    for row in rows:
        text = written(row.requirement, marker=False)
        if applies(row.requirement.marker, target, row.origin) and text not in seen:
            seen.add(text)
            yield Declared(name=normalise(row.requirement.name), text=text, origin=row.origin)


def _unread(where: str, *, dynamic: bool, foreign: bool) -> tuple[Finding, ...]:
    if dynamic:
        what = f"{where} leaves its dependencies to the build (dynamic)"
    elif foreign:
        what = f"{where} declares its dependencies in another tool's table, which is not read yet"
    else:
        return ()
    return (Finding(kind="note", reason=f"{what}: they are not compared with the lock."),)
