"""Walk a ``poetry.lock`` before format 2.1, which does not say for whom a package is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from mlenv.locks.extras_marker import Judge
from mlenv.locks.grouped import Entry
from mlenv.locks.limits import MOST_ENTRIES
from mlenv.locks.place import Place
from mlenv.locks.poetry_manifest import PoetryRow
from mlenv.locks.target import Target
from mlenv.model import value
from mlenv.versions import normalise, satisfies

__all__ = ["Node", "walked"]


@value
class Node:
    """One package of the lock with its edges."""

    entry: Entry
    edges: tuple[PoetryRow, ...]
    extras: Mapping[str, tuple[str, ...]]
    """Extra -> names that it asks for, all of them optional edges."""


def walked(
    nodes: Iterable[Node], roots: Iterable[PoetryRow], wanted: frozenset[str], target: Target, place: Place
) -> dict[str, Entry]:
    """Return what the roots reach on this interpreter, by name.

    Args:
        nodes: the lock.
        roots: requirements of the manifest.
        wanted: names of optional requirements that the chosen extras ask for.
        target: the interpreter.
        place: the file, for errors.

    Raises:
        MlenvError: ``lock-ambiguous`` where two versions of one package are reached; what the markers raise.
    """
    by_name: dict[str, list[Node]] = {}
    for node in nodes:
        alike = by_name.setdefault(node.entry.name, [])
        if len(alike) == MOST_ENTRIES:
            message = f"{node.entry.name} is there more than {MOST_ENTRIES} times."
            raise node.entry.place.error(message, code="file-too-large")
        alike.append(node)
    found: dict[str, Entry] = {}
    judge = Judge(target, place)
    seen: set[tuple[str, str]] = set()
    waiting = [(row, "") for row in roots if not row.optional or normalise(row.name) in wanted]
    unsettled: list[tuple[PoetryRow, str]] = []
    while waiting or unsettled:
        row, extra = waiting.pop() if waiting else unsettled.pop()
        if not judge.holds(row.marker, frozenset((extra,)), place):
            continue
        fitting = [node for node in by_name.get(normalise(row.name), ()) if _fits(node.entry, row, target)]
        if len(fitting) > 1 and waiting:
            unsettled.append((row, extra))  # a narrower edge may settle which of them it is
            continue
        for node in _one(fitting, found):
            _keep(found, node.entry)
            for further in ("", *map(normalise, row.extras)):
                if (node.entry.name, further) not in seen:
                    seen.add((node.entry.name, further))
                    waiting += ((edge, further) for edge in _next(node, further))
    return found


def _next(node: Node, extra: str) -> list[PoetryRow]:
    if not extra:
        return [row for row in node.edges if not row.optional]
    names = node.extras.get(extra, ())
    return [row for row in node.edges if row.optional and normalise(row.name) in names] if names else []


def _one(fitting: list[Node], found: Mapping[str, Entry]) -> list[Node]:
    """Return the one that others have settled on, else the newest, which a resolver would take."""
    if len(fitting) < 2:
        return fitting
    kept = [node for node in fitting if found.get(node.entry.name) is node.entry]
    return kept or [max(fitting, key=lambda node: Version(node.entry.version or "0"))]


def _fits(entry: Entry, row: PoetryRow, target: Target) -> bool:
    needs = entry.requires_python
    if needs not in ("", "*") and not _takes(needs, target.python):
        return False
    if row.unclear or row.reference or entry.version is None:
        return True
    try:
        return satisfies(entry.version, row.specifier) is not False
    except InvalidVersion:
        return True


@lru_cache(maxsize=1024)
def _takes(needs: str, python: str) -> bool:
    return SpecifierSet(needs).contains(python.rstrip("+"), prereleases=True)


def _keep(found: dict[str, Entry], entry: Entry) -> None:
    other = found.setdefault(entry.name, entry)
    if other.version != entry.version:
        message = f"{entry.name} is there as {other.version} and as {entry.version} for one Python."
        raise entry.place.error(message, code="lock-ambiguous", hint="Upgrade the lock's format: poetry lock")
