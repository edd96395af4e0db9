"""One package of ``uv.lock``: its identity, its pin, its files, and what a project's metadata records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from packaging.requirements import InvalidRequirement

from mlenv.locks.place import Place, Table
from mlenv.locks.source import file_name, plain_url, relative
from mlenv.model import Pin, Source, value
from mlenv.requirement_text import parse_requirement

__all__ = ["OWN", "Entry", "archive_hash", "identity", "pin_of", "recorded_requirement", "size_of", "wheels_of"]

OWN = ("virtual", "editable", "directory")
"""Kinds of source that a project of the workspace has."""


@value
class Entry:
    """One ``[[package]]``."""

    name: str
    table: Table
    place: Place
    source: Table

    @property
    def version(self) -> str | None:
        version: str | None = self.table.get("version")
        return version


def identity(entry: Entry) -> tuple[Any, ...]:
    return entry.version, tuple(sorted((key, str(item)) for key, item in entry.source.items()))


def pin_of(entry: Entry) -> Pin:
    source = _source(entry)
    # The version of a folder is what its files say now, not what they said when it was locked.
    folder = "directory" in entry.source or "editable" in entry.source
    return Pin(name=entry.name, version=None if folder else entry.version, source=source)


def _source(entry: Entry) -> Source:
    try:
        return _source_of(entry.source, entry.place.at("source"))
    except ValueError as problem:  # of urlsplit
        raise entry.place.at("source").error(f"The address cannot be read: {problem}.") from None


def _source_of(table: Table, place: Place) -> Source:
    for key, kind in (("editable", "editable"), ("directory", "path"), ("path", "path")):
        path = place.get(table, key, str)
        if path is not None:
            return Source(kind=kind, url=relative(path))
    git, url = place.get(table, "git", str), place.get(table, "url", str)
    if git is not None:
        parts = urlsplit(git)
        folder = parse_qs(parts.query).get("subdirectory", [""])[0]
        plain = plain_url(parts._replace(query="").geturl())
        return Source(kind="vcs", url=plain, commit=parts.fragment, subdirectory=folder)
    if url is not None:
        return Source(kind="url", url=plain_url(url), subdirectory=place.get(table, "subdirectory", str) or "")
    if "registry" not in table:
        raise place.error(f"The kind of source is not known: {', '.join(table) or 'none'}.")
    return Source(kind="index")


def wheels_of(entry: Entry) -> Iterator[str]:
    """Yield the file names of an entry's wheels. (Thousands in a large lock: no place is made for each.)"""
    for row in entry.place.items(entry.table, "wheels", dict):
        address = row.get("filename") or row.get("url") or row.get("path")
        if not isinstance(address, str):
            raise entry.place.at("wheels").error("A wheel needs a url, a path or a filename.")
        yield file_name(address)


def size_of(entry: Entry) -> int:
    """Return the bytes of the smallest of an entry's wheels, 0 where the lock does not say it of each."""
    rows = entry.table.get("wheels")
    sizes = [row.get("size") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return min((size if isinstance(size, int) else 0 for size in sizes), default=0)


def archive_hash(entry: Entry) -> str:
    """Return ``sha256:...`` of the file that a direct reference names; empty for packages of an index."""
    if "url" not in entry.source and "path" not in entry.source:
        return ""
    files = [entry.table.get("sdist"), *(entry.table.get("wheels") or ())]
    hashes = [str(row.get("hash") or "") for row in files if isinstance(row, dict)]
    return hashes[0] if len(hashes) == 1 else ""


def recorded_requirement(row: Table, at: Place) -> str:
    extras = at.texts(row, "extras")
    try:
        address = _address(row)
    except ValueError as problem:  # of urlsplit
        raise at.error(f"The address cannot be read: {problem}.") from None
    name = at.need(row, "name", str) + (f"[{','.join(extras)}]" if extras else "")
    marker = at.get(row, "marker", str)
    wanted = f" @ {address}" if address else at.get(row, "specifier", str) or ""
    text = f"{name}{wanted}" + (f" ; {marker}" if marker else "")
    try:
        parse_requirement(text)
    except InvalidRequirement:
        raise at.error(f"{text!r} is not a requirement.") from None
    return text


def _address(row: Table) -> str:
    if "git" in row:
        parts = urlsplit(str(row["git"]))
        query = parse_qs(parts.query)
        revision = next((query[key][0] for key in ("rev", "tag", "branch") if key in query), "")
        return f"git+{parts._replace(query='', fragment='').geturl()}" + (f"@{revision}" if revision else "")
    return str(next((row[key] for key in ("url", "path", "directory", "editable", "virtual") if key in row), ""))
