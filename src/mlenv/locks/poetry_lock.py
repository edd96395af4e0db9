"""Read ``poetry.lock``: formats 1.0 to 2.1.

Format 2.1 says of each package for which groups and by which marker it is there. Older ones do not: there the graph is
walked from what the manifest declares.

Source: ``poetry/packages/locker.py`` of Poetry 1.0 to 2.5 (there is no specification); tests compare selections with
what Poetry itself installs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from mlenv.locks.content import LockContent
from mlenv.locks.grouped import Entry, content_of, python_findings, selected, split_hashes
from mlenv.locks.limits import check_edges, check_packages, check_texts
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.poetry_manifest import MAIN, Asked, row_of
from mlenv.locks.poetry_versions import poetry_specifier, python_marker
from mlenv.locks.poetry_walk import Node, walked
from mlenv.locks.source import plain_url, relative
from mlenv.locks.target import Target, applies
from mlenv.model import Finding, Source
from mlenv.versions import normalise

__all__ = ["parse_poetry_lock"]

_HINT = "Take the file back from version control, or make it anew: poetry lock"
_FOLDERS = ("directory", "file")


def parse_poetry_lock(
    text: str,
    where: str,
    target: Target,
    extras: Iterable[str] = (),
    groups: Iterable[str] | None = None,
    *,
    asked: Asked | None = None,
) -> LockContent:
    """Read a ``poetry.lock`` and select what it asks of one interpreter.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter.
        extras: chosen extras of the project.
        groups: chosen groups beside the project's own dependencies; ``None`` for those that are not optional.
        asked: what the manifest declares, by group; needed for locks before format 2.1, and to know which groups
            are optional.

    Raises:
        MlenvError: ``lock-unreadable`` or ``lock-truncated`` with the place, ``lock-version-unsupported``,
            ``lock-ambiguous``.

    Cost: about 0.1 s for 500 packages, nearly all of it TOML.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table = parse_toml(text, place)
    metadata = _metadata(table, place)
    asked = asked or Asked()
    packages = _packages(table, place)
    known = dict.fromkeys(normalise(group) for row, at in packages for group in at.texts(row, "groups"))
    chosen = _chosen(groups, known or asked.groups, asked.optional)
    active = tuple(dict.fromkeys(normalise(extra) for extra in extras))
    if _version(metadata, place) >= (2, 1):
        entries = tuple(_entry(row, at, {}) for row, at in packages)
        found = selected(entries, (MAIN, *chosen), active, target, place)
    else:
        found = _walked(table, packages, metadata, asked, chosen, active, target, place)
    wanted = place.at("metadata").get(metadata, "python-versions", str) or ""
    return content_of(
        found,
        requires_python=_pep440(wanted),
        fingerprint=place.at("metadata").get(metadata, "content-hash", str) or "",
        findings=_python_findings(wanted, found.values(), target, place),
        extras=active,
        groups=chosen,
    )


def _packages(table: Table, place: Place) -> tuple[tuple[Table, Place], ...]:
    packages = place.tables(table, "package")
    check_packages(len(packages), place)
    for key in ("dependencies", "groups", "extras"):
        check_edges((row.get(key) for row, _ in packages), place)
    check_texts((row.get("python-versions") for row, _ in packages), place)
    return packages


def _metadata(table: Table, place: Place) -> Table:
    if not table:
        raise place.error("The file is empty.", code="lock-truncated")
    if "metadata" not in table:  # written last: without it the file was cut short
        raise place.error("[metadata] is missing: the file was cut short.", code="lock-truncated")
    return place.table(table, "metadata")


def _pep440(pythons: str) -> str:
    """Return a range of Pythons as PEP 440 writes it; empty for every Python, and where it cannot say it."""
    return str(poetry_specifier(pythons) or "")


def _python_findings(wanted: str, entries: Iterable[Entry], target: Target, place: Place) -> tuple[Finding, ...]:
    marker = python_marker(wanted) if "|" in wanted else ""
    if marker and not applies(marker, target, f"{place.file}: metadata.python-versions"):
        reason = f"{place.file} asks for Python {wanted}; this is Python {target.python}."
        return (Finding(kind="python", reason=reason, locked=wanted, installed=target.python),)
    return python_findings(_pep440(wanted), entries, target, place)


def _version(metadata: Table, place: Place) -> tuple[int, ...]:
    """Return the format's version; the first Poetry wrote none."""
    text = place.at("metadata").get(metadata, "lock-version", str) or "1.0"
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    version = tuple(map(int, match.groups())) if match else ()
    if not version or not (1, 0) <= version < (3, 0):
        hint = "Upgrade mlenv, or make the lock anew: poetry lock"
        message = f"poetry.lock version {text} is not known; 1.0 to 2.1 are."
        raise place.at("metadata.lock-version").error(message, code="lock-version-unsupported", hint=hint)
    return version


def _chosen(groups: Iterable[str] | None, known: Iterable[str], optional: frozenset[str]) -> tuple[str, ...]:
    if groups is None:
        return tuple(group for group in known if group != MAIN and group not in optional)
    return tuple(dict.fromkeys(normalise(group) for group in groups if normalise(group) != MAIN))


def _entry(row: Table, at: Place, files: Mapping[str, Any]) -> Entry:
    name = at.need(row, "name", str)
    older = Place(file=at.file, code=at.code, path="metadata.files", hint=at.hint)
    rows = at.items(row, "files", dict) or older.items(files, name, dict)
    wheels, hashes, sdist = split_hashes(rows)
    source = at.table(row, "source")
    return Entry(
        name=normalise(name),
        version=at.need(row, "version", str),
        place=at,
        source=_source(source, at.at("source"), develop=at.get(row, "develop", bool) or False),
        markers=_markers(row, at),
        wheels=wheels,
        hashes=hashes,
        sdist=sdist or bool(source.get("type") in _FOLDERS),
        dependencies=tuple(normalise(key) for key in at.table(row, "dependencies")),
        requires_python=_pep440(at.get(row, "python-versions", str) or ""),
    )


def _markers(row: Table, at: Place) -> dict[str, str]:
    """Return group -> marker: one text for all groups, or a table by group whose missing ones hold always."""
    groups = at.texts(row, "groups")
    told = row.get("markers", "")
    if isinstance(told, str):
        return {normalise(group): told for group in groups}
    table = at.get(row, "markers", dict) or {}
    by_group = {normalise(group): at.at("markers").need(table, group, str) for group in table}
    return {normalise(group): by_group.get(normalise(group), "") for group in groups}


def _source(source: Table, at: Place, *, develop: bool) -> Source:
    kind = at.get(source, "type", str) or "legacy"
    if kind == "legacy":
        return Source(kind="index")
    url = at.need(source, "url", str)
    if kind == "git":
        commit, folder = (at.get(source, key, str) or "" for key in ("resolved_reference", "subdirectory"))
        return Source(kind="vcs", url=plain_url(url), commit=commit, subdirectory=folder)
    if kind == "url":
        return Source(kind="url", url=plain_url(url), subdirectory=at.get(source, "subdirectory", str) or "")
    if kind in _FOLDERS:
        return Source(kind="editable" if develop else "path", url=relative(url))
    raise at.at("type").error(f"The kind of source is not known: {kind}.")


def _walked(
    table: Table,
    packages: tuple[tuple[Table, Place], ...],
    metadata: Table,
    asked: Asked,
    chosen: tuple[str, ...],
    extras: tuple[str, ...],
    target: Target,
    place: Place,
) -> dict[str, Entry]:
    files = place.at("metadata").table(metadata, "files") or _plain_hashes(metadata, place)
    nodes = [_node(row, at, files) for row, at in packages]
    of_extras = place.table(table, "extras")
    wanted = frozenset(
        normalise(name)
        for key in of_extras
        if normalise(key) in extras
        for name in place.at("extras").texts(of_extras, key)
    )
    roots = [row for group in (MAIN, *chosen) for row in asked.groups.get(group, ())]
    return walked(nodes, roots, wanted, target, place)


def _plain_hashes(metadata: Table, place: Place) -> dict[str, list[dict[str, str]]]:
    """Return the hashes of the first format, which names no files."""
    table = place.at("metadata").table(metadata, "hashes")
    return {
        name: [{"file": "", "hash": f"sha256:{digest}"} for digest in place.at("metadata.hashes").texts(table, name)]
        for name in table
    }


def _node(row: Table, at: Place, files: Mapping[str, Any]) -> Node:
    needs, extras = at.table(row, "dependencies"), at.table(row, "extras")
    spot = at.at("dependencies")
    edges = [
        row_of(name, wanted, spot.at(name))
        for name, listed in needs.items()
        for wanted in (listed if isinstance(listed, list) else [listed])
    ]
    return Node(
        entry=_entry(row, at, files),
        edges=tuple(edges),
        extras={normalise(key): tuple(_names(at.at("extras").texts(extras, key))) for key in extras},
    )


def _names(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        try:
            # Poetry writes ``pytest (>=6)``, which PEP 508 allows.
            yield normalise(Requirement(text).name)
        except InvalidRequirement:
            match = re.match(r"[\w.-]+", text)
            if match:
                yield normalise(match[0])
