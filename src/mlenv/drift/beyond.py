"""What a lock does not name: extra packages, what explains them, and projects without a lock.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import re
from typing import AbstractSet, FrozenSet, Iterable, Mapping, Optional, Sequence, Set

from mlenv.model import Distribution, Finding, Installed, Selection
from mlenv.versions import satisfies

__all__ = ["beyond", "closure", "needs_matter", "spared", "unlocked"]

_TOOLING: FrozenSet[str] = frozenset({"pip", "setuptools", "wheel", "uv", "pkg-resources", "distribute"})
_KERNEL: FrozenSet[str] = frozenset({"ipykernel", "mlenv"})
_SPECIFIER = re.compile(r"\s*[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*\(?([^;@)]*)\)?\s*(?:;.*)?$")


def closure(names: Iterable[str], needs: Mapping[str, Sequence[str]]) -> FrozenSet[str]:
    """Return the names and all that they need, however far. Names without a row need nothing. Cost: O(rows reached)."""
    reached: Set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(needs.get(name, ()))
    return frozenset(reached)


def needs_matter(selection: Selection, installed: Installed) -> bool:
    """Return whether reading what packages need can change the answer of :func:`compare`.

    It can where something unlocked is installed and either the lock is a hand-written list or a kernel package that
    the lock does not name brought its own needs along.
    """
    if selection.lock is None:
        return False
    by_name = {distribution.name: distribution for distribution in installed.distributions}
    if not _unexplained(selection, by_name):
        return False
    pinned = {pin.name for pin in selection.pins}
    return not selection.exact or any(name in by_name and name not in pinned for name in _KERNEL)


def _unexplained(selection: Selection, names: Iterable[str]) -> Set[str]:
    """Return the installed names that neither the lock nor what every environment may hold explains."""
    known = {*(pin.name for pin in selection.pins), *selection.beside}
    return {name for name in names if name not in known and not spared(name, selection)}


def spared(name: str, selection: Selection) -> bool:
    return name in _TOOLING or name in _KERNEL or name == selection.name


def beyond(
    selection: Selection,
    by_name: Mapping[str, Distribution],
    needs: Optional[Mapping[str, Sequence[str]]],
    inherited: AbstractSet[str] = frozenset(),
) -> Iterable[Finding]:
    own = [name for name, distribution in by_name.items() if distribution.site not in inherited]
    rest = _unexplained(selection, own)
    exact = selection.exact
    if not exact and not selection.pins:
        return  # a lock that is not read: who knows what it names
    if rest and needs is not None:
        pinned = {pin.name for pin in selection.pins}
        explained = closure(pinned, needs)
        exact = exact or not (rest & explained)
        # An exact lock names all that its packages need; what it leaves out is not excused by them.
        excuses = [*(name for name in _KERNEL if name in by_name), selection.name]
        rest -= closure(excuses, needs) if exact else explained | closure(excuses, needs)
    lock = selection.lock
    if exact:
        for name in rest:
            reason = f"{name} is installed and not in {lock}"
            yield Finding(kind="extra", package=name, installed=by_name[name].version, reason=reason)
    elif rest and needs is not None:
        names = ", ".join(sorted(rest)[:8]) + (", ..." if len(rest) > 8 else "")
        yield Finding(kind="note", reason=f"installed, but neither in {lock} nor needed by it: {names}")


def unlocked(
    selection: Selection, by_name: Mapping[str, Distribution], conda: Sequence[Distribution] = ()
) -> Iterable[Finding]:
    where = selection.manifest or "this project"
    yield Finding(kind="unlocked", reason=f"{where} has no lock yet: exact versions are not recorded")
    if any(declared.conda for declared in selection.declared):
        from mlenv.drift.conda import undelivered

        yield from undelivered(selection, conda)
    for declared in selection.declared:
        if declared.conda:
            continue
        distribution = by_name.get(declared.name)
        origin = declared.origin or where
        if distribution is None:
            reason = f"{declared.name} is asked for by {origin} and not installed"
            yield Finding(kind="unlocked", package=declared.name, declared=declared.text, reason=reason)
            continue
        match = _SPECIFIER.match(declared.text)
        specifier = match[1].strip() if match else ""
        if specifier and satisfies(distribution.version, specifier) is False:
            yield Finding(
                kind="unlocked",
                package=declared.name,
                declared=declared.text,
                installed=distribution.version,
                reason=f"{distribution.version} is installed, {origin} asks for {declared.text}",
            )
