"""Read ``Pipfile``: its packages, categories and Python as PEP 508 would write them.

Source: Pipenv's documentation, "Pipfile & Pipfile.lock"; ``install_req_from_pipfile`` and ``translate_markers`` of
Pipenv 2026.10.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier

from mlenv.locks.content import Manifest
from mlenv.locks.fingerprints import pipfile_fingerprint
from mlenv.locks.known import known_names
from mlenv.locks.limits import check_packages
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.requirement import written
from mlenv.locks.target import Target, applies
from mlenv.model import Declared, Finding, value
from mlenv.requirement_text import parse_requirement, parse_specifiers
from mlenv.versions import is_name, normalise

__all__ = ["parse_pipfile"]

_HINT = "Mend the file by hand, or take it back from version control."
_OWN, _DEV = "packages", "dev-packages"
_NO_CATEGORY = frozenset({"build-system", "pipenv", "requires", "scripts", "source", "pipfile"})
_VCS = ("git", "svn", "hg", "bzr")
_MARKERS = (
    "implementation_name", "implementation_version", "os_name", "platform_machine", "platform_python_implementation",
    "platform_release", "platform_system", "platform_version", "python_full_version", "python_version", "sys_platform",
)  # fmt: skip
_OPERATOR = re.compile(r"(===|==|~=|>=|<=|!=|<|>)")
_NUMBERS = re.compile(r"\d+(\.\d+)*")
_MADE_UP = re.compile(r"[0-9a-f]{7}")
"""What Pipenv up to 2022 wrote for the name of a folder or an address that it had not looked into."""


@value
class _Row:
    """One line of a category, and the category as mlenv names it."""

    requirement: Requirement
    group: str
    at: str
    nameless: bool


def parse_pipfile(
    text: str, where: str, target: Target, groups: Iterable[str] | None = None, *, lock: str = ""
) -> Manifest:
    """Read a ``Pipfile``.

    Args:
        text: the file's text.
        where: its name for errors and origins.
        target: decides which markers apply to :attr:`Manifest.declared`.
        groups: chosen categories beside ``packages`` (``dev`` means ``dev-packages``); ``None`` for none, as
            ``pipenv sync`` takes them.
        lock: the text of the ``Pipfile.lock`` beside it: where the file names no index, Pipenv's digest is of the one
            that its machine took, which the lock records.

    Raises:
        MlenvError: ``manifest-unreadable`` with the place (syntax, wrong types, what is no requirement);
            ``marker-unreadable``; ``file-too-large``; ``group-unknown``.
    """
    place = Place(file=where, code="manifest-unreadable", hint=_HINT)
    table = parse_toml(text, place)
    categories = {_group(key): key for key in table if key not in _NO_CATEGORY}
    check_packages(sum(len(place.table(table, key)) for key in categories.values()), place)
    rows = tuple(row for group, key in categories.items() for row in _rows(table, key, group, place))
    known = tuple(group for group in categories if group)
    chosen = {"", *known_names(filter(None, map(_group, groups or ())), known, "group", where)}
    asked = tuple(row for row in rows if row.group in chosen)
    return Manifest(
        declared=tuple(_declared(asked, where, target)),
        requirements=_texts(asked),
        everything=_texts(rows),
        fingerprints={"pipenv": frozenset({pipfile_fingerprint(_with_sources(table, lock))})},
        requires_python=_requires_python(table, place),
        declares=True,
        groups=known,
        findings=tuple(_nameless(row) for row in asked if row.nameless),
    )


def _group(category: str) -> str:
    """Return a category's name as mlenv says it: empty for the project's own packages."""
    known = {_OWN: "", "default": "", _DEV: "dev", "develop": "dev"}
    return known.get(category, normalise(category))


def _rows(table: Table, category: str, group: str, place: Place) -> Iterator[_Row]:
    at = place.at(category)
    for name, wanted in place.table(table, category).items():
        spot = at.at(name)
        if not is_name(name):
            raise spot.error(f"{name[:80]!r} is not the name of a package.")
        entry = _entry(wanted, spot)
        nameless = bool(_MADE_UP.fullmatch(name)) and ("path" in entry or "file" in entry)
        at_row = f"{spot.file}: {spot.path}"
        yield _Row(requirement=_requirement(name, entry, spot), group=group, at=at_row, nameless=nameless)


def _entry(wanted: Any, place: Place) -> Table:
    """Return what stands beside a name as a table: a range, an address of version control, or a table already."""
    if isinstance(wanted, dict):
        return wanted
    if not isinstance(wanted, str):
        raise place.error("A version or a table is expected here.")
    vcs = next((key for key in _VCS if wanted.startswith(f"{key}+")), None)
    return {vcs: wanted} if vcs else {"version": wanted}


def _requirement(name: str, entry: Table, place: Place) -> Requirement:
    extras = ",".join(sorted(place.texts(entry, "extras")))
    marker = " and ".join(_markers(entry, place))
    reference = _reference(entry, place)
    wanted = f" @ {reference}" if reference else _version(entry, place)
    text = f"{name}{f'[{extras}]' if extras else ''}{wanted}" + (f" ; {marker}" if marker else "")
    try:
        return parse_requirement(text)
    except InvalidRequirement as problem:
        raise place.error(f"{text[:80]!r} is not a requirement: {str(problem).splitlines()[0]}.") from None


def _version(entry: Table, place: Place) -> str:
    text = (place.get(entry, "version", str) or "").strip().lstrip("(").rstrip(")").strip()
    if text in ("", "*", "==*"):
        return ""
    # Pipenv takes a bare version for an exact one.
    return text if _OPERATOR.match(text) else f"=={text}"


def _markers(entry: Table, place: Place) -> Iterator[str]:
    """Yield the marker, and those that keys such as ``sys_platform = "== 'win32'"`` stand for."""
    given = [place.get(entry, "markers", str) or ""]
    for key in _MARKERS:
        wanted = (place.get(entry, key, str) or "").strip()
        if wanted:
            given.append(f"{key} {wanted}" if re.match(r"[=!<>~]|(not )?in\b", wanted) else f"{key} == {wanted!r}")
    found = [marker for marker in given if marker.strip()]
    yield from found if len(found) == 1 else (f"({marker})" for marker in found)


def _reference(entry: Table, place: Place) -> str:
    """Return the address or path of a direct reference; empty for packages of an index."""
    vcs = next((key for key in _VCS if key in entry), None)
    if vcs:
        address = place.need(entry, vcs, str).removeprefix(f"{vcs}+").partition("#")[0]
        revision = place.get(entry, "ref", str) or ""
        folder = place.get(entry, "subdirectory", str) or ""
        at, sub = f"@{revision}" if revision else "", f"#subdirectory={folder}" if folder else ""
        return f"{vcs}+{address}{at}{sub}"
    path = place.get(entry, "path", str) or place.get(entry, "file", str) or ""
    return path if not path or re.match(r"[A-Za-z][\w+.-]+:", path) else f"file:{path}"


def _with_sources(table: Mapping[str, Any], lock: str) -> Mapping[str, Any]:
    if table.get("source"):
        return table
    try:
        sources = json.loads(lock)["_meta"]["sources"]
    except (ValueError, LookupError, TypeError, RecursionError):  # its own reader says what is wrong with it
        return table
    return {**table, "source": sources}


def _requires_python(table: Table, place: Place) -> str:
    """Return ``[requires]`` as a range: ``python_version = "3.11"`` is ``==3.11.*``."""
    at = place.at("requires")
    requires = place.table(table, "requires")
    full = (at.get(requires, "python_full_version", str) or "").strip()
    minor = (at.get(requires, "python_version", str) or "").strip()
    if (full or minor) in ("", "*"):
        return ""
    key, wanted = ("python_full_version", f"=={full}") if full else ("python_version", f"=={minor}.*")
    if not _NUMBERS.fullmatch(full or minor):
        wanted = full or minor
    try:
        parse_specifiers(wanted)
    except InvalidSpecifier:
        raise at.at(key).error(f"{wanted!r} is not a version of Python.") from None
    return wanted


def _texts(rows: Iterable[_Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(written(row.requirement) for row in rows if not row.nameless))


def _declared(rows: Iterable[_Row], where: str, target: Target) -> Iterator[Declared]:
    seen: set[str] = set()
    for row in rows:
        text = written(row.requirement, marker=False)
        if applies(row.requirement.marker, target, row.at) and text not in seen and not row.nameless:
            seen.add(text)
            origin = f"{where} [{row.group}]" if row.group else where
            yield Declared(name=normalise(row.requirement.name), text=text, origin=origin)


def _nameless(row: _Row) -> Finding:
    reason = f"{row.at}: {row.requirement.url} does not say which package it is."
    return Finding(kind="note", reason=reason)
