"""Read ``uv.lock``: walk its graph for one interpreter, as ``uv export --frozen`` does.

Format version 1 (uv 0.5 to 0.13, revisions up to 5). uv publishes no specification: the rules here are those that
``crates/uv-resolver/src/lock`` follows, and tests compare every selection with ``uv export``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from mlenv.locks.content import LockContent
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.source import plain_url, relative
from mlenv.locks.target import Target
from mlenv.model import Finding, Pin, Source, value
from mlenv.versions import normalise

__all__ = ["parse_uv_lock"]

_HINT = "Take the file back from version control, or make it anew: uv lock"
_EXTRA = re.compile(r"""\bextra\s*(==|!=)\s*('[^']*'|"[^"]*")""")
_OWN = ("virtual", "editable", "directory")


@value
class _Entry:
    """One ``[[package]]``."""

    name: str
    table: Table
    place: Place
    source: Table

    @property
    def version(self) -> str | None:
        version: str | None = self.table.get("version")
        return version


@value
class _Graph:
    """The lock, indexed by name."""

    by_name: Mapping[str, tuple[_Entry, ...]]
    roots: tuple[_Entry, ...]
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    environment: Mapping[str, str]


@value
class _Walk:
    """What is reachable: entries, followed edges, and the extras and groups that conflict markers may ask for."""

    entries: Mapping[str, _Entry]
    edges: Mapping[str, tuple[str, ...]]
    active: frozenset[str]


def parse_uv_lock(
    text: str,
    where: str,
    target: Target,
    extras: Iterable[str] = (),
    groups: Iterable[str] | None = None,
    root_name: str = "",
) -> LockContent:
    """Read a ``uv.lock`` and select what it asks of one interpreter.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter.
        extras: chosen extras of the project.
        groups: chosen dependency groups; ``None`` for the default groups that the lock records, else ``dev``.
        root_name: the project's name; needed in workspaces, where the lock holds several.

    Raises:
        MlenvError: ``lock-unreadable`` or ``lock-truncated`` with the place, ``lock-version-unsupported``,
            ``lock-ambiguous`` where the extras or groups chosen exclude each other.

    Cost: about 0.15 s for 500 packages with hashes, nearly all of it TOML.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table = parse_toml(text, place)
    _check_version(table, place)
    graph = _graph(table, place, target, extras, groups, root_name)
    _check_conflicts(table, place, graph)
    walk = _settled(graph, table, place)
    entries = {name: entry for name, entry in walk.entries.items() if "virtual" not in entry.source}
    requires_python = place.get(table, "requires-python", str) or ""
    return LockContent(
        pins=tuple(_pin(entries[name]) for name in sorted(entries)),
        requires_python=requires_python,
        recorded=_recorded(graph.roots) if graph.roots else None,
        wheels={name: tuple(_wheels(entry)) for name, entry in entries.items()},
        sdists=frozenset(name for name, entry in entries.items() if "sdist" in entry.table),
        dependencies={name: walk.edges.get(name, ()) for name in entries},
        findings=tuple(_findings(table, place, target, graph, root_name)),
        extras=graph.extras,
        groups=graph.groups,
        whole=True,
    )


def _check_version(table: Table, place: Place) -> None:
    if not table:
        raise place.error("The file is empty.", code="lock-truncated")
    version = place.need(table, "version", int)
    if version != 1:
        hint = "Upgrade mlenv, or make the lock anew with the uv that mlenv uses: mlenv lock"
        message = f"uv.lock version {version} is not known; version 1 is."
        raise place.at("version").error(message, code="lock-version-unsupported", hint=hint)


def _graph(
    table: Table,
    place: Place,
    target: Target,
    extras: Iterable[str],
    groups: Iterable[str] | None,
    root_name: str,
) -> _Graph:
    by_name: dict[str, tuple[_Entry, ...]] = {}
    for row, at in place.tables(table, "package"):
        name = normalise(at.need(row, "name", str))
        at.get(row, "version", str)
        entry = _Entry(name=name, table=row, place=at, source=at.need(row, "source", dict))
        if any(_identity(entry) == _identity(other) for other in by_name.get(name, ())):
            raise at.error(f"{name} {entry.version or ''} is there twice.".replace("  ", " "))
        by_name[name] = (*by_name.get(name, ()), entry)
    roots = _roots(by_name, place.texts(place.table(table, "manifest"), "members"), normalise(root_name))
    return _Graph(
        by_name=by_name,
        roots=roots,
        extras=tuple(dict.fromkeys(normalise(extra) for extra in extras)),
        groups=_default_groups(roots) if groups is None else tuple(dict.fromkeys(normalise(group) for group in groups)),
        environment=target.markers,
    )


def _identity(entry: _Entry) -> tuple[Any, ...]:
    return entry.version, tuple(sorted((key, str(item)) for key, item in entry.source.items()))


def _roots(by_name: Mapping[str, tuple[_Entry, ...]], members: tuple[str, ...], name: str) -> tuple[_Entry, ...]:
    own = [entry for entries in by_name.values() for entry in entries if any(key in entry.source for key in _OWN)]
    named = tuple(entry for entry in own if entry.name == name)
    if named:
        return named
    here = tuple(entry for entry in own if any(entry.source.get(key) == "." for key in _OWN))
    # A workspace whose root is no project itself installs all its members.
    return here or tuple(entry for entry in own if entry.name in members)


def _default_groups(roots: tuple[_Entry, ...]) -> tuple[str, ...]:
    groups: list[str] = []
    for root in roots:
        known = root.place.table(root.table, "dev-dependencies")
        default = root.table.get("default-groups", ["dev"])
        groups += known if default == "all" else [group for group in default if group in known]
    return tuple(dict.fromkeys(groups))


def _check_conflicts(table: Table, place: Place, graph: _Graph) -> None:
    names = {root.name for root in graph.roots}
    for rows in place.items(table, "conflicts", list):
        chosen = [
            row.get("extra") or row.get("group")
            for row in rows
            if row.get("package") in names and (row.get("extra") in graph.extras or row.get("group") in graph.groups)
        ]
        if len(chosen) > 1:
            message = f"{' and '.join(map(str, chosen))} exclude each other, as [tool.uv] conflicts says."
            raise place.error(message, code="lock-ambiguous", hint="Choose one of them with --extra or --group.")


def _settled(graph: _Graph, table: Table, place: Place) -> _Walk:
    """Walk until the set of active extras no longer grows: conflict markers may ask for any of them."""
    walk = _walk(graph, _first_active(graph), table, place)
    while True:
        again = _walk(graph, walk.active, table, place)
        if again.active == walk.active:
            return again
        walk = again


def _first_active(graph: _Graph) -> frozenset[str]:
    rows = [_encoded("project", root.name) for root in graph.roots]
    for root in graph.roots:
        rows += [_encoded("extra", root.name, extra) for extra in graph.extras]
        rows += [_encoded("group", root.name, group) for group in graph.groups]
    return frozenset(rows)


def _encoded(kind: str, package: str, item: str = "") -> str:
    """Return the name under which uv's conflict markers know an extra, a group or a project."""
    return f"{kind}-{len(package)}-{package}{'-' if item else ''}{item}"


def _walk(graph: _Graph, active: frozenset[str], table: Table, place: Place) -> _Walk:
    entries: dict[str, _Entry] = {}
    edges: dict[str, tuple[str, ...]] = {}
    reached = set(active)
    seen: set[tuple[str, str]] = set()
    waiting = [(root, extra) for root in graph.roots for extra in ("", *graph.extras)]
    for row, at in _group_rows(graph, table, place):
        if _holds(row, at, graph, active):
            waiting += _ends(row, at, graph)
    while waiting:
        entry, extra = waiting.pop()
        if (entry.name, extra) in seen:
            continue
        seen.add((entry.name, extra))
        _check_single(entries, entry)
        entries[entry.name] = entry
        if extra:
            reached.add(_encoded("extra", entry.name, extra))
        for row, at in _rows(entry, extra):
            if _holds(row, at, graph, active):
                ends = _ends(row, at, graph)
                waiting += ends
                edges[entry.name] = tuple(dict.fromkeys((*edges.get(entry.name, ()), ends[0][0].name)))
    return _Walk(entries=entries, edges=edges, active=frozenset(reached))


def _check_single(entries: Mapping[str, _Entry], entry: _Entry) -> None:
    other = entries.get(entry.name, entry)
    if _identity(other) != _identity(entry):
        message = f"{entry.name} is there as {other.version} and as {entry.version} for one Python."
        raise entry.place.error(message, code="lock-ambiguous", hint="Choose other extras or groups.")


def _rows(entry: _Entry, extra: str) -> tuple[tuple[Table, Place], ...]:
    if not extra:
        return entry.place.tables(entry.table, "dependencies")
    optional = entry.place.table(entry.table, "optional-dependencies")
    return entry.place.at("optional-dependencies").tables(optional, extra)


def _group_rows(graph: _Graph, table: Table, place: Place) -> Iterator[tuple[Table, Place]]:
    for root in graph.roots:
        groups = root.place.table(root.table, "dev-dependencies")
        for group in graph.groups:
            yield from root.place.at("dev-dependencies").tables(groups, group)
    # A workspace root that is no project keeps its groups in the manifest.
    own = place.at("manifest").table(place.table(table, "manifest"), "dependency-groups")
    for group in graph.groups if not any(root.source.get(key) == "." for root in graph.roots for key in _OWN) else ():
        for row, at in place.at("manifest").at("dependency-groups").tables(own, group):
            if normalise(str(row.get("name"))) in graph.by_name:
                yield row, at


def _ends(row: Table, at: Place, graph: _Graph) -> list[tuple[_Entry, str]]:
    """Return the entry that an edge leads to, plain and with each extra that the edge asks for."""
    name = normalise(at.need(row, "name", str))
    version, source = at.get(row, "version", str), at.get(row, "source", dict)
    found = [
        entry
        for entry in graph.by_name.get(name, ())
        if (version is None or entry.version == version) and (source is None or entry.source == source)
    ]
    if len(found) != 1:
        raise at.error(
            f"{name} {version or ''}".rstrip() + (" is not in the lock." if not found else " is not unique.")
        )
    extras = at.texts(row, "extra") or at.texts(row, "extras")
    return [(found[0], extra) for extra in ("", *extras)]


def _holds(row: Table, at: Place, graph: _Graph, active: frozenset[str]) -> bool:
    text = at.get(row, "marker", str)
    if not text:
        return True
    # uv writes conflicts as extra == 'extra-4-demo-cpu', which several may be at once: a set, not one value.
    plain = _EXTRA.sub(lambda match: f"{match[2]} {'in' if match[1] == '==' else 'not in'} extras", text)
    try:
        marker = Marker(plain)
    except InvalidMarker:
        raise at.at("marker").error(f"{text!r} is not a marker.") from None
    environment: dict[str, Any] = {**graph.environment, "extras": active, "dependency_groups": frozenset()}
    return marker.evaluate(environment, context="lock_file")


def _pin(entry: _Entry) -> Pin:
    source = _source(entry)
    # The version of a folder is what its files say now, not what they said when it was locked.
    folder = "directory" in entry.source or "editable" in entry.source
    return Pin(name=entry.name, version=None if folder else entry.version, source=source)


def _source(entry: _Entry) -> Source:
    place, table = entry.place.at("source"), entry.source
    for key, kind in (("editable", "editable"), ("directory", "path"), ("path", "path")):
        path = place.get(table, key, str)
        if path is not None:
            return Source(kind=kind, url=relative(path))
    git, url = place.get(table, "git", str), place.get(table, "url", str)
    if git is not None:
        parts = urlsplit(git)
        return Source(kind="vcs", url=plain_url(parts._replace(query="").geturl()), commit=parts.fragment)
    if url is not None:
        return Source(kind="url", url=plain_url(url))
    if "registry" not in table:
        raise place.error(f"The kind of source is not known: {', '.join(table) or 'none'}.")
    return Source(kind="index")


def _wheels(entry: _Entry) -> Iterator[str]:
    for row, at in entry.place.tables(entry.table, "wheels"):
        address = row.get("filename") or row.get("url") or row.get("path")
        if not isinstance(address, str):
            raise at.error("A wheel needs a url, a path or a filename.")
        yield unquote(urlsplit(address).path.rpartition("/")[2])


def _recorded(roots: tuple[_Entry, ...]) -> tuple[str, ...]:
    """Return what the projects asked for when they were locked: all extras (as markers) and all groups."""
    rows = []
    for root in roots:
        at = root.place.at("metadata")
        metadata = root.place.table(root.table, "metadata")
        rows += [_requirement(row, spot) for row, spot in at.tables(metadata, "requires-dist")]
        groups = at.table(metadata, "requires-dev")
        for group in groups:
            rows += [_requirement(row, spot) for row, spot in at.at("requires-dev").tables(groups, group)]
    return tuple(dict.fromkeys(rows))


def _requirement(row: Table, at: Place) -> str:
    extras = at.texts(row, "extras")
    name = at.need(row, "name", str) + (f"[{','.join(extras)}]" if extras else "")
    address = _address(row)
    marker = at.get(row, "marker", str)
    wanted = f" @ {address}" if address else at.get(row, "specifier", str) or ""
    return f"{name}{wanted}" + (f" ; {marker}" if marker else "")


def _address(row: Table) -> str:
    if "git" in row:
        parts = urlsplit(str(row["git"]))
        query = parse_qs(parts.query)
        revision = next((query[key][0] for key in ("rev", "tag", "branch") if key in query), "")
        return f"git+{parts._replace(query='', fragment='').geturl()}" + (f"@{revision}" if revision else "")
    return str(next((row[key] for key in ("url", "path", "directory", "editable", "virtual") if key in row), ""))


def _findings(table: Table, place: Place, target: Target, graph: _Graph, root_name: str) -> Iterator[Finding]:
    wanted = place.get(table, "requires-python", str) or ""
    if not _accepts(wanted, target, place):
        reason = f"{place.file} asks for Python {wanted}; this is Python {target.python}."
        yield Finding(kind="python", reason=reason, locked=wanted, installed=target.python)
    supported = place.texts(table, "supported-markers")
    if supported and not any(Marker(text).evaluate(dict(graph.environment)) for text in supported):
        yield Finding(kind="python", reason=f"{place.file} was made for other platforms: {' or '.join(supported)}.")
    if not graph.roots:
        yield Finding(
            kind="relock", reason=f"{place.file} was made for another project: it does not know {root_name!r}."
        )
    elif root_name and all(root.name != normalise(root_name) for root in graph.roots) and len(graph.roots) == 1:
        reason = f"{place.file} was made for a project named {graph.roots[0].name}, now it is {root_name}."
        yield Finding(kind="relock", reason=reason)


def _accepts(wanted: str, target: Target, place: Place) -> bool:
    try:
        return SpecifierSet(wanted).contains(target.python.rstrip("+"), prereleases=True)
    except InvalidSpecifier:
        raise place.at("requires-python").error(f"{wanted!r} is not a range of Python versions.") from None
