"""What an environment of conda's holds, as changes and verification count it: records of conda, and what pip added."""

from __future__ import annotations

from mlenv.drift.conda import apart
from mlenv.locks import Selected
from mlenv.model import Change, Installed, Selection
from mlenv.versions import same

__all__ = ["conda_changes", "count_of", "wrong_rows"]

_LEFT_ALONE = frozenset({"pip", "setuptools", "wheel", "uv"})


def _held(installed: Installed) -> dict[str, str]:
    owned = frozenset(installed.owned)
    piped = {row.name: row.version for row in installed.distributions if row.name not in owned}
    return {**piped, **{row.name: row.version for row in installed.conda}}


def count_of(installed: Installed) -> int:
    """Return how many packages there are, pip left out, each once."""
    return sum(1 for name in _held(installed) if name != "pip")


def conda_changes(before: Installed, selected: Selected) -> tuple[Change, ...]:
    """Say which packages the selection adds, moves or removes."""
    old = _held(before)
    new = {pin.name: pin.version or pin.specifier or "any" for pin in selected.selection.pins}
    builds = {row.name: row.source.commit for row in before.conda}
    wanted = {pin.name: pin.source.commit for pin in selected.selection.pins if pin.source.kind == "conda"}
    changes = []
    for name in sorted({*old, *new}):
        there, asked = old.get(name), new.get(name)
        if asked is None and name not in _LEFT_ALONE and selected.selection.exact:
            changes.append(Change(package=name, before=there, after=None))
        elif asked is not None and (there is None or not _same(there, asked)):
            changes.append(Change(package=name, before=there, after=asked))
        elif wanted.get(name) and builds.get(name) and wanted[name] != builds[name]:
            changes.append(Change(package=name, before=f"{there} {builds[name]}", after=f"{asked} {wanted[name]}"))
    return tuple(changes)


def _same(one: str, other: str) -> bool:
    return one == other or bool(same(one, other)) or other.startswith(("=", "<", ">", "!", "~")) or other == "any"


def wrong_rows(selection: Selection, installed: Installed) -> list[str]:
    """Return the packages that are not there as locked, those of pip included."""
    rest, distributions, found = apart(selection, installed)
    wrong = [row.package or "conda's packages" for row in found if row.kind in ("missing", "different", "source")]
    records = {row.name for row in installed.conda}
    for pin in rest.pins:
        have = distributions.get(pin.name)
        if have is None and pin.name in records:
            continue
        if have is None or (pin.version and not _same(have.version, pin.version)):
            wrong.append(pin.name)
    return wrong
