"""Read ``uv.lock``: walk its graph for one interpreter, as ``uv export --frozen`` does.

Format version 1 (uv 0.5 to 0.13, revisions up to 5). uv publishes no specification: the rules here are those that
``crates/uv-resolver/src/lock`` follows, and tests compare every selection with ``uv export``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping

from packaging.specifiers import InvalidSpecifier

from mlenv.locks.content import LockContent, Member
from mlenv.locks.extras_marker import Judge
from mlenv.locks.limits import MOST_ENTRIES, check_edges, check_packages
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.target import Target, applies
from mlenv.locks.uv_entry import OWN, Entry, archive_hash, identity, pin_of, recorded_requirement, size_of, wheels_of
from mlenv.locks.uv_walk import Graph, root_rows, walk_graph
from mlenv.model import Finding
from mlenv.requirement_text import parse_specifiers
from mlenv.versions import normalise

__all__ = ["parse_uv_lock"]

_HINT = "Take the file back from version control, or make it anew: uv lock"
_WITH_DEFAULTS = 5
"""The first revision that records the default groups."""
_ASKING = frozenset({"dependencies", "optional-dependencies", "dev-dependencies"})


def parse_uv_lock(
    text: str,
    where: str,
    target: Target,
    extras: Iterable[str] = (),
    groups: Iterable[str] | None = None,
    root_name: str = "",
    *,
    defaults: Iterable[str] | None = None,
) -> LockContent:
    """Read a ``uv.lock`` and select what it asks of one interpreter.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter.
        extras: chosen extras of the project.
        groups: chosen dependency groups; ``None`` for the default ones.
        root_name: the project's name; needed in workspaces, where the lock holds several.
        defaults: the manifest's default groups; ``None`` for those that the lock records, else ``dev``.

    Raises:
        MlenvError: ``lock-unreadable`` or ``lock-truncated`` with the place, ``lock-version-unsupported``,
            ``lock-ambiguous`` where the extras or groups chosen exclude each other.

    Cost: about 0.15 s for 500 packages with hashes, nearly all of it TOML.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table = parse_toml(text, place)
    _check_version(table, place)
    graph = _graph(table, place, target, extras, groups, root_name, defaults)
    _check_conflicts(table, place, graph)
    walk = walk_graph(graph, table, place)
    entries = {name: entry for name, entry in walk.entries.items() if "virtual" not in entry.source}
    members = _members(table, place, graph)
    requires_python = place.get(table, "requires-python", str) or ""
    return LockContent(
        pins=tuple(pin_of(entries[name]) for name in sorted(entries)),
        requires_python=requires_python,
        recorded=_recorded(table, place, graph),
        wheels={name: tuple(wheels_of(entry)) for name, entry in entries.items()},
        sizes={name: size for name, entry in entries.items() if (size := size_of(entry))},
        archives={name: digest for name, entry in entries.items() if (digest := archive_hash(entry))},
        sdists=frozenset(name for name, entry in entries.items() if "sdist" in entry.table),
        dependencies={name: walk.edges.get(name, ()) for name in entries},
        findings=tuple(_findings(table, place, target, graph, root_name)),
        extras=graph.extras,
        groups=graph.groups,
        recorded_python="" if members else requires_python,
        recorded_version=_own_version(graph, root_name),
        unpinned=frozenset(walk.entries) - frozenset(entries),
        beside=frozenset(graph.by_name) - frozenset(walk.entries) if members else frozenset(),
        members=members,
        projects=members or tuple(_member(root, table) for root in graph.roots),
        names=frozenset(graph.by_name),
        parts=_parts(graph, {*(member.name for member in members), *(root.name for root in graph.roots)}, table),
        told=_told(table, place),
        whole=True,
    )


def _own_version(graph: Graph, root_name: str) -> str:
    """Return the version of the one project that was selected; uv records none where the build says it."""
    own = [root for root in graph.roots if root.name == normalise(root_name)]
    return (own[0].version or "") if len(graph.roots) == len(own) == 1 else ""


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
    defaults: Iterable[str] | None,
) -> Graph:
    by_name: dict[str, tuple[Entry, ...]] = {}
    packages = place.tables(table, "package")
    check_packages(len(packages), place)
    for key in ("dependencies", "optional-dependencies"):
        check_edges((row.get(key) for row, _ in packages), place)
    for row, at in packages:
        name = normalise(at.need(row, "name", str))
        at.get(row, "version", str)
        entry = Entry(name=name, table=row, place=at, source=at.need(row, "source", dict))
        others = by_name.get(name, ())
        if any(identity(entry) == identity(other) for other in others):
            raise at.error(f"{name} {entry.version or ''} is there twice.".replace("  ", " "))
        if len(others) == MOST_ENTRIES:
            raise at.error(f"{name} is there more than {MOST_ENTRIES} times.", code="file-too-large")
        by_name[name] = (*others, entry)
    members = place.texts(place.table(table, "manifest"), "members")
    roots = _roots(by_name, members, normalise(root_name))
    return Graph(
        by_name=by_name,
        roots=roots,
        extras=tuple(dict.fromkeys(normalise(extra) for extra in extras)),
        groups=_default_groups(roots, defaults, place.table(place.table(table, "manifest"), "dependency-groups"))
        if groups is None
        else tuple(dict.fromkeys(normalise(group) for group in groups)),
        judge=Judge(target, place),
        whole=not any(root.name == normalise(root_name) or _path(root) == "." for root in roots),
    )


def _path(entry: Entry) -> str:
    """Return the folder of a workspace's project; empty where it has none."""
    return next((str(entry.source[key]) for key in OWN if key in entry.source), "")


def _roots(by_name: Mapping[str, tuple[Entry, ...]], members: tuple[str, ...], name: str) -> tuple[Entry, ...]:
    own = [entry for entries in by_name.values() for entry in entries if any(key in entry.source for key in OWN)]
    named = tuple(entry for entry in own if entry.name == name)
    if named:
        return named
    here = tuple(entry for entry in own if _path(entry) == ".")
    # A workspace whose root is no project itself installs all its members.
    return here or tuple(entry for entry in own if entry.name in members)


def _default_groups(roots: tuple[Entry, ...], told: Iterable[str] | None, own: Table) -> tuple[str, ...]:
    """Return the groups that uv takes by default, of those that the lock knows: what the manifest says now, else the
    lock, else ``dev``.

    Args:
        roots: the projects that count.
        told: what the manifest says.
        own: the groups of a root that is no project.
    """
    groups: list[str] = [group for group in told or () if group in own]
    for root in roots:
        known = root.place.table(root.table, "dev-dependencies")
        default: Iterable[str] = ("dev",) if told is None else told
        if told is None and "default-groups" in root.table:
            every = root.table["default-groups"] == "all"
            default = known if every else root.place.texts(root.table, "default-groups")
        groups += [group for group in default if group in known]
    return tuple(dict.fromkeys(groups))


def _check_conflicts(table: Table, place: Place, graph: Graph) -> None:
    names = {root.name for root in graph.roots}
    for rows in place.items(table, "conflicts", list):
        if not all(isinstance(row, dict) and all(isinstance(item, str) for item in row.values()) for row in rows):
            raise place.at("conflicts").error("Tables of texts are expected here.")
        chosen = [
            row.get("extra") or row.get("group")
            for row in rows
            if row.get("package") in names and (row.get("extra") in graph.extras or row.get("group") in graph.groups)
        ]
        if len(chosen) > 1:
            message = f"{' and '.join(map(str, chosen))} exclude each other, as [tool.uv] conflicts says."
            raise place.error(message, code="lock-ambiguous", hint="Choose one of them with --extra or --group.")


def _recorded(table: Table, place: Place, graph: Graph) -> tuple[str, ...] | None:
    """Return what the project asked for when it was locked: all extras (as markers) and all groups.

    Of a workspace whose root is no project: what the root itself asked for. ``None`` where the lock does not say.
    """
    if graph.whole:
        return tuple(dict.fromkeys(recorded_requirement(row, at) for row, at in root_rows(table, place)))
    rows = [_asked(root) for root in graph.roots]
    known = [row for row in rows if row is not None]
    return tuple(dict.fromkeys(text for row in known for text in row)) if rows and len(known) == len(rows) else None


def _members(table: Table, place: Place, graph: Graph) -> tuple[Member, ...]:
    """Return every project of the workspace; nothing where the lock is for one project alone."""
    names = place.texts(place.table(table, "manifest"), "members")
    found = [entry for name in names for entry in graph.by_name.get(normalise(name), ()) if _path(entry)]
    return tuple(_member(entry, table) for entry in found)


def _parts(graph: Graph, members: Collection[str], table: Table) -> tuple[Member, ...]:
    """Return the local packages that are no members; of those outside the project nothing can be read."""
    own = [entry for name, entries in graph.by_name.items() if name not in members for entry in entries]
    paths = [(entry, posixpath.normpath(_path(entry) or "..")) for entry in own]
    return tuple(_member(entry, table) for entry, path in paths if not path.startswith(("..", "/")) and ":" not in path)


def _member(entry: Entry, table: Table) -> Member:
    metadata = entry.place.table(entry.table, "metadata")
    # Before there were revisions, extras and groups without packages were left out.
    at, listed = entry.place.at("metadata"), bool(metadata) and _revision(table) > 0
    return Member(
        name=entry.name,
        path=_path(entry),
        recorded=_asked(entry),
        version=entry.version or "",
        package="virtual" not in entry.source,
        extras=frozenset(at.texts(metadata, "provides-extras")) if listed else None,
        groups=frozenset(at.table(metadata, "requires-dev")) if listed else None,
        default_groups=_default_groups_of(entry) if _revision(table) >= _WITH_DEFAULTS else None,
    )


def _revision(table: Table) -> int:
    said = table.get("revision")
    return said if isinstance(said, int) else 0


def _default_groups_of(entry: Entry) -> tuple[str, ...] | str:
    said = entry.table.get("default-groups", "")
    return said if isinstance(said, str) else entry.place.texts(entry.table, "default-groups")


def _told(table: Table, place: Place) -> dict[str, tuple[str, ...]]:
    at, manifest = place.at("manifest"), place.table(table, "manifest")
    return {
        **{
            f"{key[:-1]}-dependencies": tuple(recorded_requirement(row, spot) for row, spot in at.tables(manifest, key))
            for key in ("overrides", "constraints", "build-constraints")
        },
        "exclude-dependencies": at.texts(manifest, "excludes"),
        "environments": place.texts(table, "supported-markers"),
        "required-environments": place.texts(table, "required-markers"),
        "conflicts": ("there",) if table.get("conflicts") else (),
        **{key: (said,) for key, said in place.table(table, "options").items() if isinstance(said, str)},
    }


def _asked(entry: Entry) -> tuple[str, ...] | None:
    """Return what one project asked for; ``None`` where it is left out: uv's preview mode does."""
    if "metadata" not in entry.table and entry.table.keys() & _ASKING:
        return None
    at = entry.place.at("metadata")
    metadata = entry.place.table(entry.table, "metadata")
    rows = [recorded_requirement(row, spot) for row, spot in at.tables(metadata, "requires-dist")]
    groups = at.table(metadata, "requires-dev")
    for group in groups:
        rows += [recorded_requirement(row, spot) for row, spot in at.at("requires-dev").tables(groups, group)]
    return tuple(dict.fromkeys(rows))


def _findings(table: Table, place: Place, target: Target, graph: Graph, root_name: str) -> Iterator[Finding]:
    wanted = place.get(table, "requires-python", str) or ""
    if not _accepts(wanted, target, place):
        reason = f"{place.file} asks for Python {wanted}; this is Python {target.python}."
        yield Finding(kind="python", reason=reason, locked=wanted, installed=target.python)
    supported = place.texts(table, "supported-markers")
    if supported and not any(applies(text, target, f"{place.file}: supported-markers") for text in supported):
        yield Finding(kind="python", reason=f"{place.file} was made for other platforms: {' or '.join(supported)}.")
    if not graph.roots and not _has_root_rows(table, place):
        yield Finding(
            kind="relock", reason=f"{place.file} was made for another project: it does not know {root_name!r}."
        )
    elif root_name and all(root.name != normalise(root_name) for root in graph.roots) and len(graph.roots) == 1:
        reason = f"{place.file} was made for a project named {graph.roots[0].name}, now it is {root_name}."
        yield Finding(kind="relock", reason=reason)


def _has_root_rows(table: Table, place: Place) -> bool:
    """Whether the lock is for a root that is no project: it may have lists of its own, even empty ones."""
    return bool(place.table(table, "manifest")) or "package" not in table


def _accepts(wanted: str, target: Target, place: Place) -> bool:
    try:
        return parse_specifiers(wanted).contains(target.python.rstrip("+"), prereleases=True)
    except InvalidSpecifier:
        raise place.at("requires-python").error(f"{wanted!r} is not a range of Python versions.") from None
