"""Locks that say of each package for which groups, and by which marker, it is there: no graph need be walked.

``poetry.lock`` 2.1, ``pdm.lock`` 4.5 and ``Pipfile.lock`` are such: their readers make entries, this chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from mlenv.locks.content import LockContent
from mlenv.locks.extras_marker import Judge
from mlenv.locks.place import Place
from mlenv.locks.target import Target
from mlenv.model import Finding, Pin, Source, value
from mlenv.requirement_text import parse_specifiers

__all__ = ["Entry", "content_of", "python_findings", "selected", "split_hashes"]


@value
class Entry:
    """One package of such a lock."""

    name: str
    """Normalised."""
    version: str | None
    place: Place
    source: Source = Source(kind="index")
    markers: Mapping[str, str]
    """Group -> marker under which the group asks for it; an empty one always holds."""
    wheels: tuple[str, ...] = ()
    """File names."""
    hashes: tuple[str, ...] = ()
    """``sha256:...`` of each file."""
    sdist: bool = False
    dependencies: tuple[str, ...] = ()
    """Names that it may need, markers left aside."""
    requires_python: str = ""

    @property
    def pin(self) -> Pin:
        """What it asks of an interpreter. The version of a folder is what its files say now, so none is asked for."""
        folder = self.source.kind in ("editable", "path") and not self.hashes
        return Pin(name=self.name, version=None if folder else self.version, source=self.source)


def selected(
    entries: Iterable[Entry], groups: Iterable[str], extras: Iterable[str], target: Target, place: Place
) -> dict[str, Entry]:
    """Return the entries that one of the groups asks for on this interpreter, by name.

    Raises:
        MlenvError: ``lock-ambiguous`` where two versions of one package apply; what the markers raise.
    """
    wanted, active, judge = tuple(groups), frozenset(extras), Judge(target, place)
    found: dict[str, Entry] = {}
    for entry in entries:
        asked = {entry.markers[group] for group in wanted if group in entry.markers}
        if "" not in asked and not any(judge.holds(text, active, entry.place.at("markers")) for text in asked):
            continue
        other = found.get(entry.name)
        if other is not None and (other.version, other.source) != (entry.version, entry.source):
            message = f"{entry.name} is there as {other.version} and as {entry.version} for one Python."
            raise entry.place.error(message, code="lock-ambiguous", hint="Choose other extras or groups.")
        found.setdefault(entry.name, entry)
    return found


def content_of(
    found: Mapping[str, Entry],
    *,
    requires_python: str = "",
    fingerprint: str,
    findings: tuple[Finding, ...],
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...],
) -> LockContent:
    """Return the lock's content, as every format shares it."""
    return LockContent(
        pins=tuple(found[name].pin for name in sorted(found)),
        requires_python=requires_python,
        fingerprint=fingerprint,
        wheels={name: entry.wheels for name, entry in found.items()},
        hashes={name: entry.hashes for name, entry in found.items()},
        sdists=frozenset(name for name, entry in found.items() if entry.sdist),
        dependencies={name: tuple(key for key in entry.dependencies if key in found) for name, entry in found.items()},
        findings=findings,
        extras=extras,
        groups=groups,
    )


def split_hashes(
    files: Iterable[Mapping[str, str]], key: str = "file"
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Return wheels, hashes and whether a source distribution is there, of a list of ``{file, hash}``."""
    rows = [(str(row.get(key, "")), str(row.get("hash", ""))) for row in files]
    wheels = tuple(name for name, _ in rows if name.endswith(".whl"))
    return wheels, tuple(digest for _, digest in rows if digest), any(name and name not in wheels for name, _ in rows)


def python_findings(wanted: str, entries: Iterable[Entry], target: Target, place: Place) -> tuple[Finding, ...]:
    """Say that the interpreter is outside the lock's range, or outside that of a package that it selects.

    Raises:
        MlenvError: ``place.code`` where the lock's range is none.
    """
    python = target.python.rstrip("+")
    if wanted and not _range(wanted, place).contains(python, prereleases=True):
        reason = f"{place.file} asks for Python {wanted}; this is Python {target.python}."
        return (Finding(kind="python", reason=reason, locked=wanted, installed=target.python),)
    found, fits = [], {"": True, "*": True}
    for entry in entries:
        needs = entry.requires_python
        if needs not in fits:
            fits[needs] = _range(needs, entry.place).contains(python, prereleases=True)
        if not fits[needs]:
            reason = f"{entry.name} {entry.version} in {place.file} asks for Python {needs}."
            found.append(
                Finding(kind="python", reason=reason, package=entry.name, locked=needs, installed=target.python)
            )
    return tuple(found)


def _range(text: str, place: Place) -> SpecifierSet:
    try:
        return parse_specifiers("" if text == "*" else text)
    except InvalidSpecifier:
        raise place.error(f"{text!r} is not a range of Python versions.") from None
