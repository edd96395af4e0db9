"""Seals: what mlenv writes says its own end, so that a file cut short is never taken for a shorter lock.

A sealed ``pylock.toml`` names mlenv in ``created-by`` and ends with a ``[tool.mlenv]`` table: how many packages stand
above it, the digest of all text above it, and the requirements that were locked. Other tools ignore that table (PEP
751 reserves ``[tool]`` for this).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence

from packaging.requirements import InvalidRequirement

from mlenv.errors import MlenvError
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.model import Finding, value
from mlenv.requirement_text import parse_requirement

__all__ = ["Seal", "digest", "parse_sealed", "seal"]

_CREATED_BY = re.compile(r"^created-by\s*=\s*(\"[^\"\n]*\"|'[^'\n]*')[ \t]*$", re.MULTILINE)
_HEADER = "[tool.mlenv]"
_OURS = re.compile(r"^created-by\s*=\s*(\"mlenv\"|'mlenv')", re.MULTILINE)
_END = re.compile(r"^\[tool\.mlenv\]\s*$", re.MULTILINE)
_COMMENTS = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)+")
_HEAD = "# This file was made by mlenv; `mlenv lock` makes it anew, and its end says whether it is whole.\n"


@value
class Seal:
    """What the end of a sealed lock says."""

    packages: int
    requirements: tuple[str, ...] | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    requires_python: str = ""
    findings: tuple[Finding, ...] = ()
    """``relock`` where somebody edited the text above the seal."""


def seal(
    pylock_text: str,
    requirements: Sequence[str],
    *,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    requires_python: str = "",
    as_of: str = "",
    where: str = "pylock.toml",
) -> str:
    """Return the lock with ``created-by = "mlenv"`` and its end marker; sealing twice changes nothing.

    Args:
        pylock_text: what the engine wrote.
        requirements: what was locked, as PEP 508 texts with their markers.
        extras: extras whose requirements are among them.
        groups: groups whose requirements are among them.
        requires_python: the manifest's range of Python versions, as written.
        as_of: only packages uploaded before this moment were taken; see :mod:`mlenv.locks.dated`.
        where: name for errors.

    Raises:
        MlenvError: ``lock-unreadable`` where the text is no lock.
    """
    place = Place(file=where, code="lock-unreadable")
    body = _body(_normal(pylock_text))
    packages = place.items(parse_toml(body, place), "packages", dict)
    if not _CREATED_BY.search(body):
        raise place.error("'created-by' is missing here.")
    body = _HEAD + _CREATED_BY.sub('created-by = "mlenv"', body, count=1).rstrip("\n") + "\n\n"
    end = [
        _HEADER,
        f"packages = {len(packages)}",
        _list("requirements", sorted(set(requirements), key=str.lower)),
        *([_list("extras", sorted(extras))] if extras else ()),
        *([_list("groups", sorted(groups))] if groups else ()),
        *([f"requires-python = {_text(requires_python)}"] if requires_python else ()),
        *([f"as-of = {_text(as_of)}"] if as_of else ()),
        f'digest = "{digest(body)}"',
    ]
    return body + "\n".join(end) + "\n"


def parse_sealed(text: str, place: Place) -> tuple[Table, Seal | None]:
    """Parse a ``pylock.toml`` and read its end; the seal is ``None`` for a lock that another tool made.

    A lock is taken for one of mlenv's by either of its ends: the head that names mlenv, or the digest.

    Raises:
        MlenvError: as :func:`mlenv.locks.place.parse_toml`; ``lock-truncated`` where mlenv made the lock and its end is
            missing or counts other packages.
    """
    plain = _normal(text)
    try:
        table = parse_toml(text, place)
    except MlenvError:
        if _OURS.search(plain, 0, _head_end(plain)) and not _END.search(plain):
            raise _cut(place, "its end is missing") from None
        raise
    tool = place.table(table, "tool")
    end = place.at("tool").table(tool, "mlenv")
    if table.get("created-by") != "mlenv" and "digest" not in end:
        return table, None
    return table, _checked(table, end, plain, place)


def digest(text: str) -> str:
    """Return ``sha256:...`` of a text, the same for Windows and Unix line ends."""
    return "sha256:" + hashlib.sha256(_normal(text).encode()).hexdigest()


def _checked(table: Table, end: Table, plain: str, place: Place) -> Seal:
    at = place.at("tool").at("mlenv")
    if not end:
        raise _cut(place, "its end is missing")
    if "digest" not in end:
        raise _cut(place, "its end is not whole")
    counted, said = len(place.items(table, "packages", dict)), at.need(end, "packages", int)
    if counted != said:
        raise _cut(place, f"it says {said} packages and holds {counted}")
    reason = f"{place.file} was edited by hand after mlenv made it."
    return Seal(
        packages=said,
        requirements=_requirements(end, at) if "requirements" in end else None,
        extras=at.texts(end, "extras"),
        groups=at.texts(end, "groups"),
        requires_python=at.pythons(end, "requires-python"),
        findings=() if _untouched(plain, at.need(end, "digest", str)) else (Finding(kind="relock", reason=reason),),
    )


def _requirements(end: Table, at: Place) -> tuple[str, ...]:
    texts = at.texts(end, "requirements")
    for index, text in enumerate(texts):
        try:
            parse_requirement(text)
        except InvalidRequirement:
            raise at.item("requirements", index).error(f"{text!r} is not a requirement.") from None
    return texts


def _untouched(plain: str, said: str) -> bool:
    """Say whether the text above the end is the one that was sealed, and the end is the last that the file holds."""
    marks = list(_END.finditer(plain))
    if not marks or digest(plain[: marks[-1].start()]) != said:
        return False
    end = parse_toml(plain[marks[-1].start() :], Place(file="", code="lock-unreadable"))
    return end.keys() == {"tool"} and end["tool"].keys() == {"mlenv"}


def _cut(place: Place, how: str) -> MlenvError:
    return place.error(f"The lock is not whole: {how}.", code="lock-truncated")


def _body(text: str) -> str:
    """Return a lock without an earlier seal of ours, and without the comments at its head: these name the command
    of the tool below, often with a temporary path."""
    marks = list(_END.finditer(text)) if _OURS.search(text, 0, _head_end(text)) else []
    return _COMMENTS.sub("", text[: marks[-1].start()] if marks else text, count=1)


def _head_end(text: str) -> int:
    """Return where the keys at the top of a lock end: a lock of another tool is not searched to its end."""
    end = text.find("\n[")
    return end if end >= 0 else len(text)


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n")


def _list(key: str, texts: Iterable[str]) -> str:
    rows = "".join(f"  {_text(text)},\n" for text in texts)
    return f"{key} = [\n{rows}]" if rows else f"{key} = []"


def _text(text: str) -> str:
    # A JSON string without control characters is a TOML basic string.
    return json.dumps(text, ensure_ascii=False)
