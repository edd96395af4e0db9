"""One environment, and perhaps a kernel's memory, against what a project asks for.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from mlenv.drift.beyond import beyond, unlocked
from mlenv.drift.kinds import one_per_package
from mlenv.drift.memory import memory
from mlenv.drift.pins import SamePlace, pin_finding
from mlenv.model import Distribution, Finding, Installed, Loaded, Selection

__all__ = ["CONDA_KINDS", "compare"]

_MOST_FILES = 1000
CONDA_KINDS = frozenset({"conda-lock", "pixi", "conda"})
"""Kinds of locks that have rows of conda; what compares these is only loaded for them."""


def compare(
    selection: Selection,
    installed: Installed,
    loaded: Optional[Sequence[Loaded]] = None,
    *,
    needs: Optional[Mapping[str, Sequence[str]]] = None,
    roots: Sequence[str] = (),
    inherited: Sequence[str] = (),
    same_place: Optional[SamePlace] = None,
) -> Tuple[Finding, ...]:
    """Say what separates an environment (and a kernel's memory) from what its project asks for.

    Args:
        selection: n pins, already chosen for this interpreter; names normalised.
        installed: m distributions, at most one per name.
        loaded: k distributions in the memory of the kernel that runs in this environment; ``None``: not measured.
        needs: installed name -> names that it requires, from ``METADATA``. With it, what the lock's (or the kernel's)
            packages need is not *extra*, and a hand-written list that turns out closed under its needs counts as exact.
            Ask :func:`needs_matter` whether reading it can change the answer.
        roots: further paths of the project folder (resolved through links), for comparing local sources.
        same_place: whether two paths lead to the same place; asked only where their texts differ.
        inherited: site folders of another Python that the environment sees: what lies there is nobody's to remove.

    Returns:
        At most one finding per package, the worst first, then by name. Empty means in step.

    Source: design section 2. Cost: O(n + m + k); 300 packages < 0.5 ms.
    """
    by_name = {distribution.name: distribution for distribution in installed.distributions}
    found: List[Finding] = list(selection.findings)
    found += _damage(installed, inherited)
    if selection.lock is None:
        found += unlocked(selection, by_name, installed.conda)
    else:
        places = (selection.root, *roots)
        asked: Selection = selection
        rest: Mapping[str, Distribution] = by_name
        if selection.kind in CONDA_KINDS:
            from mlenv.drift.conda import apart

            asked, rest, of_conda = apart(selection, installed)
            found += of_conda
        for pin in asked.pins:
            finding = pin_finding(pin, by_name.get(pin.name), places, selection.kind, same_place)
            if finding is not None:
                found.append(finding)
        if selection.own and selection.exact and selection.own not in by_name:
            reason = f"the project itself is not installed; {selection.manifest} says how it is built"
            found.append(Finding(kind="missing", package=selection.own, declared=".", reason=reason))
        found += beyond(asked, rest, needs, frozenset(inherited))
    if loaded is not None:
        pinned = {pin.name: pin for pin in selection.pins}
        found += memory(loaded, by_name, pinned)
    return one_per_package(found)


def _damage(installed: Installed, inherited: Sequence[str]) -> Iterable[Finding]:
    versions = {distribution.name: distribution.version for distribution in installed.distributions}
    faults = dict(installed.faults)
    for name, reason in installed.damaged:
        files = faults.get(name, ())[:_MOST_FILES]
        yield Finding(kind="damaged", package=name, installed=versions.get(name), reason=reason, files=files)
    folders: Dict[str, List[str]] = {}
    for distribution in installed.duplicates:
        folders.setdefault(distribution.name, []).append(distribution.version)
    for name, others in folders.items():
        every = ", ".join((versions.get(name, "?"), *others))
        reason = f"installed more than once ({every}): a removal was not finished"
        yield Finding(kind="duplicate", package=name, installed=versions.get(name), reason=reason)
    own = [path for path in installed.leftovers if path.rpartition("/")[0] not in inherited]
    if own:
        names = ", ".join(path.rpartition("/")[2] for path in own)
        yield Finding(kind="leftover", reason=f"left by an interrupted pip, of no use: {names} (mlenv sync removes it)")
