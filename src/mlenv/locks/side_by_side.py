"""Several locks in one project: does the one that counts contradict another.

Two locks of one project may rightly hold different names: a list that was exported knows no groups any more, and each
tool takes other groups by default. So a name counts as missing only where no choice of extras and groups explains it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mlenv.errors import MlenvError
from mlenv.locks.choosing import Choice, kind_of
from mlenv.locks.content import LockContent
from mlenv.locks.merge import differing_pins, listed
from mlenv.locks.reading import READABLE, Files, Wanted, read_lock
from mlenv.model import Finding, value
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise

__all__ = ["contradictions"]


@value
class _Names:
    """The names that a lock holds."""

    least: frozenset[str]
    """With no extra and no group."""
    most: frozenset[str] | None
    """With all of them; ``None`` where they exclude each other, so that it may be any."""

    @property
    def flat(self) -> bool:
        return self.least == self.most


def contradictions(choice: Choice, wanted: Wanted, files: Files, content: LockContent) -> Iterator[Finding]:
    """Compare the lock that counts with every other one that can be read: versions, sources and names.

    Cost: that of reading each of the others; where names differ, of reading it and the one that counts twice more.
    """
    why = choice.reason.partition(" because ")[2].rstrip(".") or "it comes first"
    alike = replace(wanted, extras=content.extras, groups=content.groups)
    for other in choice.others:
        kind = kind_of(other)
        if kind is None or kind not in READABLE:
            continue
        try:
            beside = read_lock(other, kind, alike, files)
            rows = [*differing_pins(content, beside), *_names_apart(choice, other, wanted, files, content, beside)]
        except MlenvError as problem:
            reason = f"{choice.lock} is used; {other} lies beside it and cannot be read: {problem.message}"
            yield Finding(kind="conflict", reason=reason)
            continue
        if rows:
            reason = f"{choice.lock} is used because {why}; {other} says otherwise: {listed(rows)}."
            yield Finding(kind="conflict", reason=reason)


def _names_apart(
    choice: Choice, other: str, wanted: Wanted, files: Files, content: LockContent, beside: LockContent
) -> Iterator[str]:
    conda = any(pin.source.kind == "conda" for pin in (*content.pins, *beside.pins))
    if conda or not (content.exact and beside.exact):  # conda's names are its own, and it locks what is no package
        return
    own, theirs = _held(content), _held(beside)
    if own == theirs:
        return
    first, second = _names(choice.lock or "", wanted, files, own), _names(other, wanted, files, theirs)
    ignored = frozenset[str]()
    if first.flat and second.flat and (wanted.manifest.extras or wanted.manifest.groups):
        # Neither says which groups it was written with: only what the project itself asks for must be in both.
        asked = {normalise(parse_requirement(text).name) for text in wanted.manifest.requirements}
        ignored = (own | theirs) - asked
    yield from (f"{name} only in {choice.lock}" for name in sorted(_only(first, second) - ignored))
    yield from (f"{name} only in {other}" for name in sorted(_only(second, first) - ignored))


def _only(one: _Names, other: _Names) -> frozenset[str]:
    return frozenset() if other.most is None else one.least - other.most


def _held(content: LockContent) -> frozenset[str]:
    """Return the names of a lock; the project itself is in some tools' locks and not in others'."""
    return frozenset(pin.name for pin in content.pins if pin.source.url != ".")


def _names(lock: str, wanted: Wanted, files: Files, held: frozenset[str]) -> _Names:
    kind = kind_of(lock) or ""
    least = _held(read_lock(lock, kind, replace(wanted, extras=(), groups=()), files))
    # ``dev``: Pipenv's name for the one group that every Pipfile has.
    groups = tuple(dict.fromkeys((*wanted.manifest.groups, "dev")))
    try:
        most = _held(read_lock(lock, kind, replace(wanted, extras=wanted.manifest.extras, groups=groups), files))
    except MlenvError as problem:
        if problem.code != "lock-ambiguous":
            raise
        return _Names(least=least, most=None)
    return _Names(least=least, most=most | held)
