"""Read ``.python-version``, which pyenv, uv, asdf and mise each write a little differently."""

from __future__ import annotations

import re

__all__ = ["parse_python_version"]

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
