"""Do the manifest and the lock still agree: what was declared when the lock was made, and what is declared now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.requirements import Requirement

from mlenv.locks.content import LockContent
from mlenv.locks.requirement import same_requirement, written
from mlenv.model import Declared, Finding, Pin
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise, satisfies

__all__ = ["relock_findings", "unmet"]

_MOST_ROWS, _SHOWN = 50, 5
"""Rows of one name that are compared by meaning; a manifest has one for each platform at most."""


def relock_findings(
    declared: tuple[Declared, ...],
    content: LockContent,
    requirements: Sequence[str] | None = None,
    *,
    lock: str = "the lock",
    manifest: str = "the manifest",
) -> tuple[Finding, ...]:
    """Say where the manifest and the lock disagree: at most one finding per package, sorted by name.

    Where the lock records what it was made for, a changed specifier counts even if the pin still satisfies it, and
    rows that came or went count too; a changed spelling never does. Otherwise it counts what is declared and not
    locked, or locked outside its specifier.

    Args:
        declared: what applies to the target.
        content: the lock, selected for the same target.
        requirements: the same requirements for all interpreters, with their markers; ``None`` for ``declared``.
        lock: the lock's name for the reasons.
        manifest: the manifest's name for the reasons.

    Cost: O(n); some milliseconds for every row whose marker is spelled differently.
    """
    pins = {pin.name: pin for pin in content.pins}
    found: dict[str, Finding] = {}
    if content.recorded is not None:
        now = requirements if requirements is not None else tuple(row.text for row in declared)
        found = _changes(now, content.recorded, pins, lock, manifest, content.requires_python if content.whole else "")
    # uv takes what [tool.uv.sources] names as it is, whatever specifier stands beside it.
    as_named = {name for name, pin in pins.items() if content.whole and pin.source.kind != "index"}
    for row in declared:
        if row.name not in found and row.name not in content.unpinned | as_named:
            reason = unmet(row, pins.get(row.name), lock)
            if reason:
                found[row.name] = _finding(row.name, reason, row.text, pins.get(row.name))
    return tuple(found[name] for name in sorted(found))


def _changes(
    now: Iterable[str], recorded: Iterable[str], pins: dict[str, Pin], lock: str, manifest: str, pythons: str
) -> dict[str, Finding]:
    new, old = _by_name(now), _by_name(recorded)
    found = {}
    for name in {*new, *old}:
        reason = _change(name, new.get(name, ()), old.get(name, ()), lock, manifest, pythons)
        if reason:
            found[name] = _finding(name, reason, _joined(new.get(name, ())) or None, pins.get(name))
    return found


def _change(
    name: str, new: Sequence[Requirement], old: Sequence[Requirement], lock: str, manifest: str, pythons: str
) -> str | None:
    if not old:
        return f"{manifest} asks for {_joined(new)}, which it did not when {lock} was made."
    if not new:
        return f"{lock} was made for {_joined(old)}, which {manifest} no longer asks for."
    # uv leaves out of a marker what the project's range of Python says already.
    if _alike(new, old, pythons):
        return None
    return f"{manifest} asks for {_joined(new)}; {lock} was made for {_joined(old)}."


def _alike(new: Sequence[Requirement], old: Sequence[Requirement], pythons: str) -> bool:
    """Say whether each row of either side means the same as one of the other."""
    ours, theirs = ({written(row): row for row in rows} for rows in (new, old))
    added = [row for text, row in ours.items() if text not in theirs]
    gone = [row for text, row in theirs.items() if text not in ours]
    if max(len(added), len(gone)) > _MOST_ROWS:
        return False
    return all(_among(row, old, pythons) for row in added) and all(_among(row, new, pythons) for row in gone)


def _among(row: Requirement, rows: Sequence[Requirement], pythons: str) -> bool:
    return any(same_requirement(row, other, pythons) for other in rows[:_MOST_ROWS])


def _by_name(texts: Iterable[str]) -> dict[str, list[Requirement]]:
    rows: dict[str, list[Requirement]] = {}
    for text in texts:
        row = parse_requirement(text)
        rows.setdefault(normalise(row.name), []).append(row)
    return rows


def _joined(rows: Sequence[Requirement]) -> str:
    texts = tuple(dict.fromkeys(map(written, rows[:_MOST_ROWS])))
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _MOST_ROWS else ""
    return " and ".join(texts[:_SHOWN] if more else texts) + more


def unmet(row: Declared, pin: Pin | None, lock: str) -> str | None:
    """Say how a pin does not meet a requirement; ``None`` where it does."""
    if pin is None:
        return f"{row.text} is declared in {row.origin} but is not in {lock}."
    wanted = parse_requirement(row.text)
    if wanted.url and pin.source.kind == "index":
        return f"{row.origin} asks for {row.text}; {lock} takes {row.name} from the index."
    if pin.version and satisfies(pin.version, str(wanted.specifier)) is False:
        return f"{row.origin} asks for {row.text}; {lock} holds {pin.version}."
    return None


def _finding(name: str, reason: str, declared: str | None, pin: Pin | None) -> Finding:
    return Finding(kind="relock", reason=reason, package=name, declared=declared, locked=pin.version if pin else None)
