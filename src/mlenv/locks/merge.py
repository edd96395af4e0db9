"""Several locks of one project: those that belong together, and those that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv.locks.content import LockContent
from mlenv.model import Finding, Pin
from mlenv.versions import same

__all__ = ["conflict_finding", "differing_pins", "listed", "merge_locks"]

_SHOWN = 3


def merge_locks(first: LockContent, second: LockContent, name: str, other: str) -> LockContent:
    """Join a group's own lock (``pylock.dev.toml``) to the main one; where they differ the main one counts.

    Args:
        first: the main lock.
        second: the group's lock.
        name: the main lock's file name.
        other: the group lock's file name.
    """
    pins = {pin.name: pin for pin in (*second.pins, *first.pins)}
    differing = differing_pins(first, second)
    reason = f"{name} is used where {other} says otherwise: {listed(differing)}."
    recorded = None
    if first.recorded is not None and second.recorded is not None:
        recorded = tuple(dict.fromkeys((*first.recorded, *second.recorded)))
    return LockContent(
        pins=tuple(pins[key] for key in sorted(pins)),
        exact=first.exact and second.exact,
        requires_python=first.requires_python or second.requires_python,
        recorded=recorded,
        wheels={**second.wheels, **first.wheels},
        hashes={**second.hashes, **first.hashes},
        sdists=first.sdists | second.sdists,
        dependencies=_edges(first, second),
        findings=(
            *first.findings,
            *second.findings,
            *([Finding(kind="conflict", reason=reason)] if differing else ()),
        ),
        recorded_python=first.recorded_python,
        extras=first.extras,
        groups=first.groups,
    )


def conflict_finding(used: LockContent, name: str, other: LockContent, other_name: str, why: str) -> Finding | None:
    """Say how a lock that lies beside the one that counts contradicts it; ``None`` where it does not.

    Versions and sources of what both name count, and, where tools made both, names that only one of them has.
    """
    differing = differing_pins(used, other)
    conda = any(pin.source.kind == "conda" for pin in (*used.pins, *other.pins))
    if used.exact and other.exact and not conda:  # conda's names are its own, and it locks what is no Python package
        differing += _missing(used, other, name) + _missing(other, used, other_name)
    if not differing:
        return None
    return Finding(kind="conflict", reason=f"{name} is used{why}; {other_name} says otherwise: {listed(differing)}.")


def differing_pins(used: LockContent, other: LockContent) -> list[str]:
    """Say where the versions or sources of what both name differ."""
    theirs = {pin.name: pin for pin in other.pins}
    return [
        f"{pin.name} {_said(theirs[pin.name])} instead of {_said(pin)}"
        for pin in used.pins
        if pin.name in theirs and not _agree(pin, theirs[pin.name])
    ]


def _missing(used: LockContent, other: LockContent, name: str) -> list[str]:
    known: Mapping[str, Pin] = {pin.name: pin for pin in other.pins}
    return [f"{pin.name} only in {name}" for pin in used.pins if pin.name not in known and pin.source.url != "."]


def _agree(a: Pin, b: Pin) -> bool:
    if a.version is not None and b.version is not None:
        return same(a.version, b.version)
    if a.specifier or b.specifier:
        return True
    return a.source.kind == b.source.kind


def _said(pin: Pin) -> str:
    return pin.version or pin.source.url or pin.specifier or "any version"


def _edges(first: LockContent, second: LockContent) -> dict[str, tuple[str, ...]]:
    # Edges tell only where both locks have them: absence in one would look like "needs nothing".
    both = bool(first.dependencies) and bool(second.dependencies)
    return {**second.dependencies, **first.dependencies} if both else {}


def listed(rows: list[str]) -> str:
    """Return the first few, and how many more there are."""
    more = len(rows) - _SHOWN
    return ", ".join(rows[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
