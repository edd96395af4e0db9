"""A notebook that declares packages of its own, beside project files: which counts, and how they differ."""

from __future__ import annotations

from collections.abc import Iterator

from mlenv.locks.choosing import Choice
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.merge import conflict_finding
from mlenv.locks.notebook_manifest import NotebookSays
from mlenv.locks.relock import unmet
from mlenv.locks.requirement import same_pythons, same_requirement
from mlenv.model import Declared, Finding
from mlenv.requirement_text import parse_requirement

__all__ = ["beside", "own_choice"]

_MOST = 20
"""Differences listed one by one."""


def own_choice(says: NotebookSays) -> Choice:
    """Return the choice in a folder without project files: the notebook itself, with juv's lock where it has one."""
    kind = "uv" if says.lock is not None else None
    lock = says.lock_name if says.lock is not None else None
    reason = f"{says.notebook} counts ({says.source}): its folder has no manifest and no lock."
    return Choice(manifest=says.notebook, lock=lock, kind=kind, reason=reason)


def beside(
    says: NotebookSays, choice: Choice, content: LockContent | None, manifest: Manifest | None
) -> Iterator[Finding]:
    """Say that the project's files count and not what the notebook says itself, and where the two differ.

    None of it worsens a verdict: the lock that counts is the project's.
    """
    used = choice.lock if content is not None else choice.manifest
    why = "a project's own files come before what a notebook says itself"
    yield Finding(kind="note", reason=f"{used} is used and not {says.source} of {says.notebook}: {why}.")
    rows = list(_differences(says, choice, content, manifest))
    for reason in rows[:_MOST]:
        yield Finding(kind="conflict", reason=reason)
    if len(rows) > _MOST:
        yield Finding(kind="conflict", reason=f"{says.notebook} and {used} differ in {len(rows) - _MOST} more places.")
    if not rows:
        yield Finding(kind="note", reason=f"{says.notebook} asks for nothing that {used} does not hold.")


def _differences(
    says: NotebookSays, choice: Choice, content: LockContent | None, manifest: Manifest | None
) -> Iterator[str]:
    if content is not None:
        pins = {pin.name: pin for pin in content.pins}
        for row in says.manifest.declared:
            reason = unmet(row, pins.get(row.name), choice.lock or "")
            if reason:
                yield reason
        if says.lock is not None:
            found = conflict_finding(content, choice.lock or "", says.lock, says.lock_name, "")
            if found is not None:
                yield found.reason
    if manifest is None or choice.manifest is None:
        return
    yield from _declared_otherwise(says, choice.manifest, manifest, content)
    now, own = manifest.requires_python, says.manifest.requires_python
    if now and own and not same_pythons(now, own):
        yield f"{says.notebook} asks for Python {own}, {choice.manifest} for {now}."


def _declared_otherwise(
    says: NotebookSays, name: str, manifest: Manifest, content: LockContent | None
) -> Iterator[str]:
    """Yield what only one of the two declares, and what both do in another way; the lock's own pin is no other way."""
    here, there = _by_name(says.manifest), _by_name(manifest)
    pinned = {f"{pin.name}=={pin.version}" for pin in content.pins} if content is not None else set[str]()
    for key, row in there.items():
        if key not in here:
            yield f"{row.origin} asks for {row.text}, which {says.notebook} does not."
        elif here[key].text not in pinned and not same_requirement(
            parse_requirement(row.text), parse_requirement(here[key].text)
        ):
            yield f"{says.notebook} asks for {here[key].text}, {row.origin} for {row.text}."
    if content is None:
        for key, row in here.items():
            if key not in there:
                yield f"{says.notebook} asks for {row.text}, which {name} does not."


def _by_name(manifest: Manifest) -> dict[str, Declared]:
    return {row.name: row for row in manifest.declared}
