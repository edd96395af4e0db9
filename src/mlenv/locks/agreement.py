"""Do the manifest, the lock and the interpreter of one project agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mlenv.drift import CONDA_KINDS
from mlenv.locks.choosing import Choice
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.relock import relock_findings
from mlenv.locks.requirement import same_pythons
from mlenv.locks.requirement_reasons import gone_rows
from mlenv.locks.target import Target
from mlenv.model import Finding
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise, same, satisfies

__all__ = ["python_of", "relock_of"]


def relock_of(choice: Choice, content: LockContent, manifest: Manifest | None) -> Iterator[Finding]:
    """Say where the chosen manifest and lock disagree; nothing where one of them declares or records nothing."""
    if manifest is None or choice.manifest is None or manifest.dynamic:
        return
    lock, kind = choice.lock or "", choice.kind or ""
    if kind in CONDA_KINDS:
        yield from _conda(choice.manifest, lock, kind, content, manifest)
        return
    known = manifest.fingerprints.get(kind, frozenset()) if content.fingerprint else frozenset()
    if content.fingerprint in known:
        return
    requirements = manifest.everything if content.whole else manifest.requirements
    declared = manifest.declared
    if content.whole and content.recorded is not None:
        content = replace(content, recorded=_judged(content.recorded, manifest.unjudged))
        requirements = _judged(requirements, manifest.unjudged)
    if not content.whole:
        declared = tuple(row for row in declared if row.name not in manifest.unjudged)
    found = relock_findings(declared, content, requirements, lock=lock, manifest=choice.manifest)
    yield from found
    yield from _gone(choice.manifest, lock, content, manifest)
    if known and not found:  # what differs leaves today's pins as they are, or is none of this interpreter's
        reason = f"{choice.manifest} has changed since {lock} was made: {lock} records another digest of it."
        yield Finding(kind="relock", reason=reason)
    before, version = content.recorded_version, manifest.version
    if before and version and same(before, version) is False:
        reason = f"{choice.manifest} is at version {version}; {lock} was made for {before}."
        yield Finding(kind="relock", reason=reason, declared=version, locked=before)
    # Where the project names no range, uv records that of the Python it ran with.
    now, then = manifest.requires_python, content.recorded_python
    if now and then and not same_pythons(now, then):
        reason = f"{choice.manifest} asks for Python {now}; {choice.lock} was made for {then}."
        yield Finding(kind="relock", reason=reason, declared=now, locked=then)


def _conda(path: str, lock: str, kind: str, content: LockContent, manifest: Manifest) -> Iterator[Finding]:
    from mlenv.locks.conda_agreement import conda_relock

    found = tuple(conda_relock(content, manifest, kind=kind, lock=lock, manifest_name=path))
    yield from found
    known = manifest.fingerprints.get(kind, frozenset())
    if content.fingerprint and known and content.fingerprint not in known and not found:
        reason = f"{path} has changed since {lock} was made: {lock} records another digest of it."
        yield Finding(kind="relock", reason=reason)


def _gone(path: str, lock: str, content: LockContent, manifest: Manifest) -> Iterator[Finding]:
    """Say what a compiled list holds for nobody: its row is gone from the manifest."""
    if not content.reasons:
        return
    asked = frozenset(
        normalise(parse_requirement(text).name) for text in (*manifest.requirements, *manifest.everything)
    )
    pins = {pin.name: pin for pin in content.pins if pin.source.kind == "index"}
    for name in gone_rows(content.reasons, path, asked):
        if name in pins:
            reason = f"{lock} was made for {name}, which {path} no longer asks for."
            yield Finding(kind="relock", reason=reason, package=name, locked=pins[name].version)


def _judged(texts: Iterable[str], unjudged: frozenset[str]) -> tuple[str, ...]:
    """Return the requirements; of those whose source the tool works out by itself only the names."""
    rows = ((text, normalise(parse_requirement(text).name)) for text in texts) if unjudged else ()
    return tuple(dict.fromkeys(name if name in unjudged else text for text, name in rows)) if unjudged else tuple(texts)


def python_of(manifest: Manifest, content: LockContent | None, choice: Choice, target: Target) -> Iterator[Finding]:
    """Say that the target is outside the manifest's ``requires-python``, unless the lock has said as much."""
    if content is not None and any(row.kind == "python" and row.package is None for row in content.findings):
        return
    wanted = manifest.requires_python
    if wanted and satisfies(target.python.rstrip("+"), wanted) is False:
        reason = f"{choice.manifest or 'pyproject.toml'} asks for Python {wanted}; this is Python {target.python}."
        yield Finding(kind="python", reason=reason, declared=wanted, installed=target.python)
