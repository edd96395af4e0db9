"""Read ``Pipfile.lock`` (spec 6): one table of pins per category.

Source: Pipenv's documentation, "Pipfile & Pipfile.lock"; ``pipenv/project.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from packaging.specifiers import InvalidSpecifier

from mlenv.locks.content import LockContent
from mlenv.locks.grouped import Entry, content_of, python_findings, selected
from mlenv.locks.limits import check_json, check_packages
from mlenv.locks.place import Place, Table, conflict_line, wrong_format
from mlenv.locks.source import plain_url, relative
from mlenv.locks.target import Target
from mlenv.model import Source
from mlenv.requirement_text import parse_specifiers
from mlenv.versions import normalise

__all__ = ["parse_json", "parse_pipfile_lock"]

_HINT = "Take the file back from version control, or make it anew: pipenv lock"
_OWN, _DEVELOP = "default", "develop"
_SHORTHANDS = ("sys_platform", "platform_machine", "platform_python_implementation", "os_name", "python_version")


def parse_pipfile_lock(text: str, where: str, target: Target, groups: Iterable[str] | None = None) -> LockContent:
    """Read a ``Pipfile.lock`` and select what it asks of one interpreter.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter.
        groups: chosen categories beside ``default`` (``dev`` means ``develop``); ``None`` for none, as
            ``pipenv sync`` takes them.

    Raises:
        MlenvError: ``lock-unreadable`` or ``lock-truncated`` with the place, ``lock-version-unsupported``.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table = parse_json(text, place)
    meta = place.need(table, "_meta", dict)
    at = place.at("_meta")
    spec = at.need(meta, "pipfile-spec", int)
    if spec != 6:
        message = f"Pipfile.lock of spec {spec} is not known; 6 is."
        raise at.at("pipfile-spec").error(message, code="lock-version-unsupported", hint="Upgrade mlenv.")
    categories = {normalise(key): key for key in table if key != "_meta"}
    chosen = _chosen(groups or (), categories)
    entries: list[Entry] = []
    for category in (_OWN, *chosen):
        spot, rows = place.at(category), place.table(table, categories.get(category, category))
        check_packages(len(entries) + len(rows), place)
        for name, row in rows.items():
            if not isinstance(row, dict):
                raise spot.at(name).error("A table is expected here.")
            entries.append(_entry(name, row, spot.at(name), category))
    found = selected(entries, (_OWN, *chosen), (), target, place)
    wanted = _wanted_python(at, meta)
    return content_of(
        found,
        requires_python=wanted,
        fingerprint=at.at("hash").get(at.table(meta, "hash"), "sha256", str) or "",
        findings=python_findings(wanted, (), target, place),
        groups=tuple("dev" if category == _DEVELOP else category for category in chosen),
    )


def parse_json(text: str, place: Place) -> dict[str, Any]:
    """Parse JSON whose top is an object.

    Raises:
        MlenvError: ``place.code`` with the line, for merge-conflict markers and broken syntax; ``lock-truncated``
            where it is empty or ends in the middle of something.
    """
    check_json(text, place)
    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as problem:
        line = conflict_line(text)
        if line is not None:
            raise place.at(f"line {line}").error("The file holds merge-conflict markers.") from None
        if not text.strip():
            raise place.error("The file is empty.", code="lock-truncated") from None
        if isinstance(problem, RecursionError):
            raise place.error("The file is nested too deeply.") from None
        if (wrong := wrong_format(text, "JSON", place)) is not None:
            raise wrong from None
        if not isinstance(problem, json.JSONDecodeError):
            raise place.error("The file holds a number with thousands of digits.") from None
        if problem.pos >= len(text.rstrip()) or problem.msg.startswith("Unterminated"):
            message = "The file ends in the middle of something: it was cut short."
            raise place.at("end of file").error(message, code="lock-truncated") from None
        spot = place.at(f"line {problem.lineno}, column {problem.colno}")
        raise spot.error(f"The file is not valid JSON: {problem.msg}.") from None
    if not isinstance(table, dict):
        raise place.error("A table is expected at the top.")
    return table


def _chosen(groups: Iterable[str], categories: dict[str, str]) -> tuple[str, ...]:
    names = (_DEVELOP if normalise(group) in ("dev", "dev-packages") else normalise(group) for group in groups)
    return tuple(name for name in dict.fromkeys(names) if name in categories and name != _OWN)


def _entry(name: str, row: Table, at: Place, category: str) -> Entry:
    version = at.get(row, "version", str) or ""
    markers = [at.get(row, "markers", str) or ""]
    markers += [f"{key} {row[key]}" for key in _SHORTHANDS if isinstance(row.get(key), str)]
    given = [marker for marker in markers if marker]
    source = _source(row, at)
    return Entry(
        name=normalise(name),
        # "*" where the marker did not hold on the machine that locked: then nothing was pinned.
        version=version.removeprefix("==") if version.startswith("==") else None,
        place=at,
        source=source,
        markers={category: given[0] if len(given) == 1 else " and ".join(f"({marker})" for marker in given)},
        hashes=at.texts(row, "hashes"),
        sdist=source.kind != "index",  # of an index the lock names hashes only, which do not tell wheel from source
    )


def _source(row: Table, at: Place) -> Source:
    git, path, file = at.get(row, "git", str), at.get(row, "path", str), at.get(row, "file", str)
    if git is not None:
        commit, folder = (at.get(row, key, str) or "" for key in ("ref", "subdirectory"))
        return Source(kind="vcs", url=plain_url(git.removeprefix("git+")), commit=commit, subdirectory=folder)
    local = path if path is not None else file if file is not None and "://" not in file else None
    if local is not None:
        return Source(kind="editable" if at.get(row, "editable", bool) else "path", url=relative(local))
    return Source(kind="index") if file is None else Source(kind="url", url=plain_url(file))


def _wanted_python(at: Place, meta: Table) -> str:
    """Return the range of Pythons that ``[requires]`` names: ``==3.11.*``, ``==3.11.4``."""
    requires = at.table(meta, "requires")
    full, minor = (at.at("requires").get(requires, key, str) for key in ("python_full_version", "python_version"))
    wanted = f"=={full}" if full else f"=={minor}.*" if minor and minor != "*" else ""
    try:
        parse_specifiers(wanted)
    except InvalidSpecifier:
        raise at.at("requires").error(f"{full or minor!r} is not a version of Python.") from None
    return wanted
