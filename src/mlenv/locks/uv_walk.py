"""Walk the graph of ``uv.lock`` from the project, for one interpreter, its extras and its groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mlenv.locks.extras_marker import Judge
from mlenv.locks.place import Place, Table
from mlenv.locks.uv_entry import Entry, identity
from mlenv.model import value
from mlenv.versions import normalise

__all__ = ["Graph", "Walk", "root_rows", "walk_graph"]

_MOST_WALKS = 20
"""Until nothing more can be active: real locks take two."""


@value
class Graph:
    """The lock, indexed by name."""

    by_name: Mapping[str, tuple[Entry, ...]]
    roots: tuple[Entry, ...]
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    judge: Judge
    whole: bool = False
    """Whether a workspace is meant whose root is no project: all its members, and the groups of the root itself."""


@value
class Walk:
    """What is reachable: entries, followed edges, and the extras and groups that conflict markers may ask for."""

    entries: Mapping[str, Entry]
    edges: Mapping[str, tuple[str, ...]]
    active: frozenset[str]


def walk_graph(graph: Graph, table: Table, place: Place) -> Walk:
    """Walk until the set of active extras no longer grows: conflict markers may ask for any of them."""
    walk = _walk(graph, _first_active(graph), table, place)
    for _ in range(_MOST_WALKS if table.get("conflicts") else 0):
        again = _walk(graph, walk.active, table, place)
        if again.active == walk.active:
            break
        walk = again
    return walk


def _first_active(graph: Graph) -> frozenset[str]:
    rows = [_encoded("project", root.name) for root in graph.roots]
    for root in graph.roots:
        rows += [_encoded("extra", root.name, extra) for extra in graph.extras]
        rows += [_encoded("group", root.name, group) for group in graph.groups]
    return frozenset(rows)


def _encoded(kind: str, package: str, item: str = "") -> str:
    """Return the name under which uv's conflict markers know an extra, a group or a project."""
    return f"{kind}-{len(package)}-{package}{'-' if item else ''}{item}"


def _walk(graph: Graph, active: frozenset[str], table: Table, place: Place) -> Walk:
    entries: dict[str, Entry] = {}
    edges: dict[str, dict[str, None]] = {}
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
                edges.setdefault(entry.name, {})[ends[0][0].name] = None
    return Walk(entries=entries, edges={name: tuple(ends) for name, ends in edges.items()}, active=frozenset(reached))


def _check_single(entries: Mapping[str, Entry], entry: Entry) -> None:
    other = entries.get(entry.name, entry)
    if identity(other) != identity(entry):
        message = f"{entry.name} is there as {other.version} and as {entry.version} for one Python."
        raise entry.place.error(message, code="lock-ambiguous", hint="Choose other extras or groups.")


def _rows(entry: Entry, extra: str) -> tuple[tuple[Table, Place], ...]:
    if not extra:
        return entry.place.tables(entry.table, "dependencies")
    optional = entry.place.table(entry.table, "optional-dependencies")
    return entry.place.at("optional-dependencies").tables(optional, extra)


def _group_rows(graph: Graph, table: Table, place: Place) -> Iterator[tuple[Table, Place]]:
    for root in graph.roots:
        groups = root.place.table(root.table, "dev-dependencies")
        for group in graph.groups:
            yield from root.place.at("dev-dependencies").tables(groups, group)
    yield from root_rows(table, place, graph.groups if graph.whole else ())


def root_rows(table: Table, place: Place, groups: Iterable[str] | None = None) -> Iterator[tuple[Table, Place]]:
    """Yield what a root that is no project asks for itself: lists that always count, groups (``None``: all).

    uv 0.4 writes all its groups into the list; so do locks of scripts with what these ask for.
    """
    at, manifest = place.at("manifest"), place.table(table, "manifest")
    yield from at.tables(manifest, "requirements")
    known = at.table(manifest, "dependency-groups")
    for group in known if groups is None else groups:
        yield from at.at("dependency-groups").tables(known, group)


def _ends(row: Table, at: Place, graph: Graph) -> list[tuple[Entry, str]]:
    """Return the entry that an edge leads to, plain and with each extra that the edge asks for."""
    name = normalise(at.need(row, "name", str))
    version, source = at.get(row, "version", str), at.get(row, "source", dict)
    found = [
        entry
        for entry in graph.by_name.get(name, ())
        if (version is None or entry.version == version) and (source is None or entry.source == source)
    ]
    if len(found) > 1 and version is None:  # asked for by a root that is no project: the forks tell which
        found = [entry for entry in found if _forked_here(entry, graph)]
    if len(found) != 1:
        raise at.error(
            f"{name} {version or ''}".rstrip() + (" is not in the lock." if not found else " is not unique.")
        )
    extras = at.texts(row, "extra") or at.texts(row, "extras")
    return [(found[0], extra) for extra in ("", *extras)]


def _forked_here(entry: Entry, graph: Graph) -> bool:
    texts = entry.place.texts(entry.table, "resolution-markers")
    at = entry.place.at("resolution-markers")
    return not texts or any(_holds({"marker": text}, at, graph, frozenset()) for text in texts)


def _holds(row: Table, at: Place, graph: Graph, active: frozenset[str]) -> bool:
    text = at.get(row, "marker", str)
    return not text or graph.judge.holds(text, active, at.at("marker"))
