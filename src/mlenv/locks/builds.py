"""Which pins of a lock have a ready-built file for a machine, which would be compiled there, which have nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from mlenv.locks.content import LockContent
from mlenv.locks.platforms import needs_more, platform_of
from mlenv.locks.source import file_name
from mlenv.locks.target import Target, tag_set
from mlenv.model import Finding, Pin, value

__all__ = ["Builds", "builds_for", "made_for_one_machine"]

_BY_PLATFORM = ("conda-lock.yml", "conda-lock.yaml", "pixi.lock")
"""Locks that name conda's builds for each platform apart; a list (``@EXPLICIT``, ``environment.yml``) is for one."""
_BY_PIP = re.compile(r"""^created-by\s*=\s*["']pip["']""", re.MULTILINE)
_MARKED = re.compile(r"^(?:marker|environments)\s*=", re.MULTILINE)
_SOURCE_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")


@value
class Builds:
    """What a lock has for one machine."""

    pins: int
    """How many packages it asks for there."""
    ready: int
    """How many of them have a ready-built wheel, or are folders of this project."""
    findings: tuple[Finding, ...] = ()
    """By name; kinds ``no-build``, ``from-source``, ``newer-system``, ``undecidable``."""


def builds_for(content: LockContent, target: Target, lock: str, *, one_machine: bool = False) -> Builds:
    """Say which pins have no build for a machine.

    Args:
        content: of the lock, selected for the target: what a marker leaves out there is not in it.
        target: the machine and its Python.
        lock: its name, for sentences.
        one_machine: whether :func:`made_for_one_machine`: that a package is asked for here and has no marker does not
            mean that it is all that another machine needs.

    Cost: about 60 ms for 500 packages with 10 wheels each.
    """
    tags = tag_set(target.tags)
    found = [finding for pin in content.pins if (finding := _judged(pin, content, tags, lock)) is not None]
    lacking = sum(finding.kind != "newer-system" for finding in found)
    if one_machine and not _made_for(content, tags):
        reason = f"{lock} was made for one machine and has no markers: it does not say what else this one would need"
        found.append(Finding(kind="undecidable", reason=reason))
    return Builds(pins=len(content.pins), ready=len(content.pins) - lacking, findings=tuple(found))


def made_for_one_machine(text: str, kind: str | None) -> bool:
    """Say whether a lock only names what one machine needed: ``pip lock`` writes neither markers nor environments."""
    return kind == "pylock" and _BY_PIP.search(text) is not None and _MARKED.search(text) is None


def _made_for(content: LockContent, tags: frozenset[Tag]) -> bool:
    """Say whether a lock for one machine can be told to be for this one: by files that only some machines take."""
    files = [_tags(file) for files in content.wheels.values() for file in files]
    bound = [own for own in files if all(tag.platform != "any" for tag in own)]
    return bool(bound) and all(own & tags for own in bound)


def _judged(pin: Pin, content: LockContent, tags: frozenset[Tag], lock: str) -> Finding | None:
    files, has_source = _files(pin, content)
    if pin.source.kind == "editable" or (pin.source.kind == "path" and not files and not has_source):
        return None  # a folder of this project's, the same everywhere
    if pin.source.kind == "conda" and lock.endswith(_BY_PLATFORM):
        return None  # a row that names a build of this very platform
    fitting = [fits for file in files if (fits := _tags(file) & tags)]
    if fitting:
        more = needs_more(tag.platform for fits in fitting for tag in fits)
        return _finding("newer-system", pin, f"has a wheel there for {more} or newer only") if more else None
    if pin.source.kind == "vcs" or has_source:
        why = "comes from a repository" if pin.source.kind == "vcs" else "has no wheel for it"
        return _finding("from-source", pin, f"would be built from source there: it {why}")
    if files:
        return _finding("no-build", pin, f"has no build there: {lock} has it for {_described(files, tags)} only")
    return _finding("undecidable", pin, f"{lock} does not say which files it has")


def _files(pin: Pin, content: LockContent) -> tuple[Sequence[str], bool]:
    """Return the wheels of a pin, and whether there is a source distribution."""
    files, has_source = content.wheels.get(pin.name, ()), pin.name in content.sdists
    if files or has_source or pin.source.kind in ("index", "vcs"):
        return files, has_source
    name = file_name(pin.source.url)
    if name.endswith(".whl"):
        return (name,), False
    return (), name.endswith(_SOURCE_ENDINGS) or pin.source.kind == "url"


def _finding(kind: str, pin: Pin, reason: str) -> Finding:
    return Finding(kind=kind, package=pin.name, locked=pin.version, reason=f"{pin.name} {reason}")


def _described(files: Iterable[str], tags: frozenset[Tag]) -> str:
    """Say for what wheels are: other Pythons where they are for this machine, else other machines."""
    every = [tag for file in files for tag in _tags(file)]
    platforms = {tag.platform for tag in tags}
    here = sorted({_python(tag) for tag in every if tag.platform in platforms}, key=_by_number)
    if here:
        return _listed(here)
    there = {_platform_title(tag.platform) for tag in every}
    return _listed(sorted(there)) or "nothing that is known"


def _python(tag: Tag) -> str:
    """Return ``Python 3.9``, ``Python 3.7 and newer`` (the stable ABI) or ``pypy39``."""
    digits = tag.interpreter[2:]
    if tag.interpreter[:2] not in ("cp", "py") or not digits.isdigit():
        return tag.interpreter
    version = f"Python {digits[0]}{'.' if digits[1:] else ''}{digits[1:]}"
    if tag.abi == "abi3":
        return f"{version} and newer"
    return f"{version} (free-threaded)" if tag.abi.endswith("t") else version


def _by_number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split()[1].split(".")) if text.startswith("Python ") else (99,)


def _platform_title(tag: str) -> str:
    known = platform_of(tag)
    if known is not None:
        return known.title
    return "macOS" if tag.startswith("macosx_") else tag


def _listed(words: Sequence[str], most: int = 6) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _tags(file: str) -> frozenset[Tag]:
    try:
        return frozenset(parse_wheel_filename(file)[3])
    except InvalidWheelFilename:
        return frozenset()
