"""An environment of conda's against a lock of the conda world: rows of conda with conda-meta, rows of pip with pip's.

Standard library only, Python 3.9+: this file also runs inside project kernels. Only loaded for such locks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from mlenv.conda_versions import matches
from mlenv.drift.beyond import spared
from mlenv.model import Distribution, Finding, Installed, Pin, Selection
from mlenv.versions import normalise

__all__ = ["apart", "undelivered"]

_PURL = "pkg:pypi/"


def apart(selection: Selection, installed: Installed) -> Tuple[Selection, Mapping[str, Distribution], List[Finding]]:
    """Compare the conda rows, and return what is left for the comparison of Python distributions.

    Returns:
        The selection with its pip rows only; the distributions that conda neither put there nor is asked for, by
        name; what the conda rows found.

    Cost: O(pins + records).
    """
    by_name = {row.name: row for row in installed.distributions}
    pip = tuple(pin for pin in selection.pins if pin.source.kind != "conda")
    conda = [pin for pin in selection.pins if pin.source.kind == "conda"]
    records = {row.name: row for row in installed.conda}
    owned = frozenset(installed.owned)
    if conda and not records:
        found = [_none_of_it(selection, conda)]
    else:
        overwritten = dict(installed.overwritten)
        found = [row for pin in conda for row in _row(pin, records, by_name, owned, overwritten)]
        found += _extra(selection, records, {pin.name for pin in pip})
    asked: Set[str] = {name for pin in conda for name in _index_names(pin)}
    rest = {name: row for name, row in by_name.items() if name not in owned and name not in asked}
    return replace(selection, pins=pip), rest, found


def undelivered(selection: Selection, conda: Sequence[Distribution]) -> Iterable[Finding]:
    """Say which packages of conda are declared and not there, where nothing is locked."""
    records = {row.name: row.version for row in conda}
    rows = [row for row in selection.declared if row.conda and not row.name.startswith("__")]
    if rows and not records:
        reason = f"{rows[0].origin} asks for {len(rows)} packages of conda; this environment was not made by conda"
        yield Finding(kind="unlocked", reason=reason)
        return
    for row in rows:
        there, asked = records.get(row.name), row.text[len(row.name) :].strip()
        if there is None:
            reason = f"{row.name} is asked for by {row.origin} and not installed by conda"
            yield Finding(kind="unlocked", package=row.name, declared=row.text, reason=reason)
        elif asked and matches(there, asked) is False:
            reason = f"{there} is installed, {row.origin} asks for {row.text}"
            yield Finding(kind="unlocked", package=row.name, declared=row.text, installed=there, reason=reason)


def _index_names(pin: Pin) -> Tuple[str, ...]:
    """Return the names under which the package index may know what a conda row holds."""
    told = pin.source.url[len(_PURL) :] if pin.source.url.startswith(_PURL) else ""
    return (normalise(pin.name), told) if told else (normalise(pin.name),)


def _none_of_it(selection: Selection, conda: List[Pin]) -> Finding:
    reason = (
        f"{selection.lock} asks for {len(conda)} packages of conda, such as {conda[0].name}; this environment "
        "has none: it was not made by conda"
    )
    return Finding(kind="missing", reason=reason)


def _row(
    pin: Pin,
    records: Mapping[str, Distribution],
    by_name: Mapping[str, Distribution],
    owned: Iterable[str],
    overwritten: Mapping[str, str],
) -> Iterable[Finding]:
    record = records.get(pin.name)
    locked = pin.version or pin.specifier or "any"
    if record is None:
        there = next((by_name[name] for name in _index_names(pin) if name in by_name and name not in owned), None)
        if there is None:
            reason = f"{pin.name} is locked as a package of conda and not installed"
            yield Finding(kind="missing", package=pin.name, locked=locked, reason=reason)
        else:
            reason = "locked from conda, installed by pip or uv"
            yield Finding(kind="source", package=pin.name, locked=locked, installed=there.version, reason=reason)
        return
    kind, reason = _drift(pin, record)
    if pin.name in overwritten and not overwritten[pin.name]:
        reason = f"{pin.name} is in conda's records, and its files are gone"
        yield Finding(kind="missing", package=pin.name, locked=locked, reason=reason)
        return
    if not kind and pin.name in overwritten:
        kind, reason = "different", f"{record.version} of conda is locked, {overwritten[pin.name]} was put over it"
    if kind:
        installed = overwritten.get(pin.name, record.version)
        yield Finding(kind=kind, package=pin.name, locked=locked, installed=installed, reason=reason)


def _drift(pin: Pin, record: Distribution) -> Tuple[str, str]:
    there = record.version
    if pin.version is None:
        agrees: Optional[bool] = matches(there, pin.specifier)
        if agrees is None:
            return "undecidable", f"cannot tell whether {there} satisfies {pin.specifier}"
        return ("", "") if agrees else ("different", f"{pin.specifier} is locked, {there} is installed")
    if pin.version != there and matches(there, f"=={pin.version}") is not True:
        return "different", f"{pin.version} is locked, {there} is installed"
    build = pin.source.commit
    if build and record.source.commit and build != record.source.commit:
        return "different", f"build {build} of {pin.version} is locked, build {record.source.commit} is installed"
    return "", ""


def _extra(selection: Selection, records: Dict[str, Distribution], pip: Set[str]) -> Iterable[Finding]:
    """Yield what conda installed and the lock does not name; as a row of pip it was compared by its version."""
    if not selection.exact:
        return
    known = {pin.name for pin in selection.pins}
    for name, record in records.items():
        if name not in known and normalise(name) not in pip and not spared(normalise(name), selection):
            reason = f"{name} is installed by conda and not in {selection.lock}"
            yield Finding(kind="extra", package=name, installed=record.version, reason=reason)
