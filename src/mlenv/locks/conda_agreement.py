"""Do a lock of the conda world and what a person asked conda and pip for agree: by meaning, as pixi itself judges.

Neither conda-lock's ``content_hash`` nor pixi's file can be recomputed without the tool, so what was taken out of the
manifest is not seen; what is asked for and not locked, or locked otherwise, is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mlenv.locks.conda_spec import CondaSpec
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.relock import relock_findings
from mlenv.model import Declared, Finding, Pin
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise, satisfies

__all__ = ["conda_relock"]

_PURL = "pkg:pypi/"


def conda_relock(
    content: LockContent, manifest: Manifest, *, kind: str, lock: str, manifest_name: str
) -> Iterator[Finding]:
    """Say where a manifest and a lock of the conda world disagree.

    Args:
        content: the lock, selected for the target.
        manifest: what is declared, for the same target.
        kind: the lock's.
        lock: its name, for the reasons.
        manifest_name: the manifest's name, for the reasons.
    """
    if not content.pins and not content.exact:
        return  # it says nothing to this platform, which has been told
    conda = {pin.name: pin for pin in content.pins if pin.source.kind == "conda"}
    for spec in manifest.specs:
        if not spec.name.startswith("__"):
            yield from _of_conda(spec, conda.get(spec.name), lock, manifest_name)
    pip = tuple(pin for pin in content.pins if pin.source.kind != "conda")
    known = {name: pin for pin in conda.values() for name in _index_names(pin)}
    piped = {pin.name for pin in pip}
    rest = []
    for row in manifest.declared:
        if row.conda or row.name in manifest.unjudged:
            continue
        if row.name in piped:
            rest.append(row)
        elif row.name in known:
            yield from _by_conda(row, known[row.name], lock)
        elif kind != "conda-lock" or manifest_name != "pyproject.toml":
            # conda-lock turns index names into conda's by a table of its own, so there a missing name tells nothing.
            rest.append(row)
    # Sources are told apart by the comparison with what is installed: here a name and its version count.
    plain = replace(content, pins=pip, recorded=None)
    yield from relock_findings(tuple(_unsourced(rest)), plain, lock=lock, manifest=manifest_name)


def _of_conda(spec: CondaSpec, pin: Pin | None, lock: str, manifest: str) -> Iterator[Finding]:
    if pin is None:
        reason = f"{spec.text} is declared in {manifest} but is not in {lock}."
        yield Finding(kind="relock", reason=reason, package=spec.name, declared=spec.text)
    elif spec.refuses(pin):
        held = f"{pin.version} {pin.source.commit}" if spec.build else pin.version
        reason = f"{manifest} asks for {spec.text}; {lock} holds {held}."
        yield Finding(kind="relock", reason=reason, package=spec.name, declared=spec.text, locked=pin.version)


def _by_conda(row: Declared, pin: Pin, lock: str) -> Iterator[Finding]:
    """Judge a requirement of the index that a package of conda fulfils."""
    wanted = parse_requirement(row.text)
    if not wanted.url and pin.version and satisfies(pin.version, str(wanted.specifier)) is False:
        reason = f"{row.origin} asks for {row.text}; {lock} holds {pin.version} of conda."
        yield Finding(kind="relock", reason=reason, package=row.name, declared=row.text, locked=pin.version)


def _index_names(pin: Pin) -> tuple[str, ...]:
    told = pin.source.url.removeprefix(_PURL) if pin.source.url.startswith(_PURL) else ""
    return (told,) if told else (normalise(pin.name),)


def _unsourced(rows: Iterable[Declared]) -> Iterator[Declared]:
    for row in rows:
        yield replace(row, text=row.name) if parse_requirement(row.text).url else row
