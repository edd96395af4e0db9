"""Read ``.python-version``, which pyenv, uv, asdf and mise each write a little differently."""

from __future__ import annotations

import re

__all__ = ["parse_python_version", "with_python_version"]

_PREFIX = re.compile(r"(?:cpython|python|py)[-@]?(?=\d)", re.IGNORECASE)
_PLATFORM = re.compile(r"^(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?t?)-(?:linux|macos|windows|darwin|win32)\b.*$")


def parse_python_version(text: str) -> tuple[str, ...]:
    """Return the wanted versions in order, as the file says them: ``("3.12", "3.11.7")``.

    Comments and blank lines go; ``python-3.12``, ``cpython@3.12.1`` and ``cpython-3.12.1-linux-x86_64-gnu`` lose what
    is no version; ``3.12.1/envs/demo`` (a pyenv virtual environment) keeps its version. Names (``myenv``, ``system``,
    ``pypy3.10-7.3.12``) stay as they are: the caller knows whether it has such an interpreter.

    Source: pyenv's documentation of ``.python-version``; uv 0.13.
    """
    rows = (line.partition("#")[0].strip().lstrip("\ufeff") for line in text.splitlines())
    return tuple(dict.fromkeys(_version(row) for row in rows if row))


def _version(row: str) -> str:
    plain = _PREFIX.sub("", row, count=1) if _PREFIX.match(row) else row
    plain = _PLATFORM.sub(r"\1", plain)
    head, slash, _ = plain.partition("/envs/")
    return head if slash and head[:1].isdigit() else plain


def with_python_version(text: str, asked: str, found: str) -> str:
    """Return the file so that it asks for this version first; comments and the other rows stay.

    Args:
        text: the file as it is, maybe empty.
        asked: ``3.12`` or ``3.12.1``.
        found: the full version that was taken for it: a row that means it already is left as it is.
    """
    rows = text.splitlines(keepends=True)
    named = [number for number, row in enumerate(rows) if row.partition("#")[0].strip("\ufeff \t\r\n")]
    if not named:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}{asked}\n"
    first = rows[named[0]]
    old = first.partition("#")[0].strip("\ufeff \t\r\n")
    if f"{found}.".startswith(f"{_version(old)}."):
        return text
    rows[named[0]] = first.replace(old, asked, 1)
    again = {number for number in named[1:] if _version(rows[number].partition("#")[0].strip()) == asked}
    return "".join(row for number, row in enumerate(rows) if number not in again)
