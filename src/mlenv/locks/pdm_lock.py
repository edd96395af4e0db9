"""Read ``pdm.lock``: formats that say of each package for which groups it is there (PDM 2.11 and later).

Source: PDM's documentation, "Lock file" (``inherit_metadata``), and ``pdm/formats``; tests compare the selections with
what ``pdm sync --dry-run`` says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from mlenv.locks.content import LockContent
from mlenv.locks.grouped import Entry, content_of, python_findings, selected, split_hashes
from mlenv.locks.limits import check_edges, check_packages, check_texts
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.source import file_name, plain_url, relative
from mlenv.locks.target import Target
from mlenv.model import Finding, Source
from mlenv.versions import normalise

__all__ = ["parse_pdm_lock"]

_HINT = "Take the file back from version control, or make it anew: pdm lock"
_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*")
_OWN_GROUP = "default"
_PLATFORMS = {"linux": "linux", "manylinux": "linux", "musllinux": "linux", "macos": "darwin", "windows": "win32"}


def parse_pdm_lock(
    text: str,
    where: str,
    target: Target,
    extras: Iterable[str] | None = (),
    groups: Iterable[str] | None = None,
    *,
    known_extras: Collection[str] = (),
) -> LockContent:
    """Read a ``pdm.lock`` and select what it asks of one interpreter.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter.
        extras: chosen extras of the project; ``None`` (with ``None`` for the groups) for all that the lock holds, as
            ``pdm sync`` takes them where nothing is named.
        groups: chosen groups beside the project's own dependencies; ``None`` for all that are no extras.
        known_extras: names of the project's extras: the lock keeps them among its groups.

    Raises:
        MlenvError: ``lock-unreadable`` or ``lock-truncated`` with the place, ``lock-version-unsupported``,
            ``lock-ambiguous``.

    Cost: about 0.1 s for 500 packages, nearly all of it TOML.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table = parse_toml(text, place)
    metadata = _metadata(table, place)
    at = place.at("metadata")
    held = [normalise(group) for group in at.texts(metadata, "groups")]
    known = [normalise(extra) for extra in known_extras]
    if extras is None:
        extras = [extra for extra in held if extra in known] if groups is None else ()
    active = tuple(dict.fromkeys(normalise(extra) for extra in extras))
    chosen = _default(held, known) if groups is None else tuple(dict.fromkeys(normalise(group) for group in groups))
    entries = _entries(table, place)
    found = selected(entries, (_OWN_GROUP, *chosen, *active), (), target, place)
    wanted = _widest(at, metadata)
    return content_of(
        found,
        requires_python=wanted,
        fingerprint=(at.get(metadata, "content_hash", str) or "").removeprefix("sha256:"),
        findings=(*_target_findings(at, metadata, target, place), *python_findings("", found.values(), target, place)),
        extras=active,
        groups=chosen,
    )


def _default(held: Iterable[str], extras: Iterable[str]) -> tuple[str, ...]:
    return tuple(group for group in held if group not in {_OWN_GROUP, *extras})


def _metadata(table: Table, place: Place) -> Table:
    if not table:
        raise place.error("The file is empty.", code="lock-truncated")
    metadata = place.table(table, "metadata")
    at = place.at("metadata")
    version = at.need(metadata, "lock_version", str)
    if version.split(".")[0] != "4":
        hint = "Upgrade mlenv, or make the lock anew: pdm lock"
        message = f"pdm.lock version {version} is not known; 4 is."
        raise at.at("lock_version").error(message, code="lock-version-unsupported", hint=hint)
    strategy = at.texts(metadata, "strategy")
    if "inherit_metadata" not in strategy:
        message = "The lock does not say for which groups its packages are there (strategy inherit_metadata)."
        hint = "Make it anew: pdm lock --strategy inherit_metadata"
        raise at.at("strategy").error(message, code="lock-version-unsupported", hint=hint)
    return metadata


def _entries(table: Table, place: Place) -> list[Entry]:
    packages = place.tables(table, "package")
    check_packages(len(packages), place)
    check_edges((row.get("dependencies") for row, _ in packages), place)
    check_texts((row.get("requires_python") for row, _ in packages), place)
    return [_entry(row, spot) for row, spot in packages]


def _entry(row: Table, at: Place) -> Entry:
    wheels, hashes, sdist = split_hashes(_files(row, at))
    marker = at.get(row, "marker", str) or ""
    source = _source(row, at)
    return Entry(
        name=normalise(at.need(row, "name", str)),
        version=at.get(row, "version", str),
        place=at,
        source=source,
        markers={normalise(group): marker for group in at.texts(row, "groups")},
        wheels=wheels,
        hashes=hashes,
        sdist=sdist or source.kind != "index",
        dependencies=tuple(_names(row, at)),
        requires_python=at.get(row, "requires_python", str) or "",
    )


def _files(row: Table, at: Place) -> Iterator[Table]:
    for item in at.items(row, "files", dict):
        # With the strategy static_urls an address stands in place of the file's name.
        yield {"file": str(item.get("file") or file_name(str(item.get("url", "")))), "hash": str(item.get("hash", ""))}


def _source(row: Table, at: Place) -> Source:
    git, url, path = at.get(row, "git", str), at.get(row, "url", str), at.get(row, "path", str)
    subdirectory = at.get(row, "subdirectory", str) or ""
    if git is not None:
        commit = at.get(row, "revision", str) or ""
        return Source(kind="vcs", url=plain_url(git), commit=commit, subdirectory=subdirectory)
    if path is not None:
        return Source(kind="editable" if at.get(row, "editable", bool) else "path", url=relative(path))
    return Source(kind="index") if url is None else Source(kind="url", url=plain_url(url), subdirectory=subdirectory)


def _names(row: Table, at: Place) -> Iterator[str]:
    for index, text in enumerate(at.texts(row, "dependencies")):
        match = _NAME.match(text)  # a tenth of the time of reading all of it, which nobody asks for
        yield normalise(match[0] if match else at.item("dependencies", index).requirement(text).name)


def _widest(at: Place, metadata: Table) -> str:
    """Return the range of Pythons where there is one target; several are judged one by one."""
    targets = [spot.get(row, "requires_python", str) or "" for row, spot in at.tables(metadata, "targets")]
    return targets[0] if len(targets) == 1 else ""


def _target_findings(at: Place, metadata: Table, target: Target, place: Place) -> tuple[Finding, ...]:
    """Say that the lock was made for other Pythons or platforms."""
    targets = at.tables(metadata, "targets")
    if not targets or any(_fits(row, spot, target) for row, spot in targets):
        return ()
    made = " or ".join(", ".join(str(text) for text in row.values()) for row, _ in targets)
    reason = (
        f"{place.file} was made for {made}; this is Python {target.python} on {target.markers.get('sys_platform')}."
    )
    return (Finding(kind="python", reason=reason, locked=made, installed=target.python),)


def _fits(row: Table, spot: Place, target: Target) -> bool:
    wanted = spot.get(row, "requires_python", str) or ""
    try:
        fits = SpecifierSet(wanted).contains(target.python.rstrip("+"), prereleases=True)
    except InvalidSpecifier:
        raise spot.at("requires_python").error(f"{wanted!r} is not a range of Python versions.") from None
    platform = (spot.get(row, "platform", str) or "").split("_")[0]
    implementation = spot.get(row, "implementation", str) or ""
    return (
        fits
        and (not platform or _PLATFORMS.get(platform, platform) == target.markers.get("sys_platform"))
        and (not implementation or implementation == target.markers.get("implementation_name"))
    )
