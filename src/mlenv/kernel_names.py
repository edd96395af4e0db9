"""Names of kernels: ids that every platform accepts and display names that a person can tell apart. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import PurePath

from mlenv.errors import MlenvError

__all__ = ["RESERVED", "another_id", "check_id", "display_name", "is_legal_id", "kernel_id", "slug"]

RESERVED = frozenset({"python", "python2", "python3", "mlenv"})
"""Ids that belong to Jupyter itself, and to mlenv's portable kernel."""

# Stricter than Jupyter's own rule: a kernel named ``..`` makes jupyter_client delete the whole tree.
_LEGAL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
_SLUG_LENGTH = 40
_HASH_LENGTH = 8
_SHOWN_LENGTH = 60
# Letters that Unicode does not decompose into an ASCII letter and a mark.
_LATIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)


def is_legal_id(text: str) -> bool:
    """Say whether a kernel may be called so: 1 to 64 of ``a-z 0-9 _ -``, ends alphanumeric, not reserved."""
    return _LEGAL.fullmatch(text) is not None and text not in RESERVED


def check_id(text: str, *, where: str = "") -> str:
    """Return a kernel id that somebody chose, or refuse it.

    Args:
        text: the id; no path is ever made of it before this check.
        where: the place that says so (``pyproject.toml: tool.mlenv.kernel-name``).

    Raises:
        MlenvError: ``kernel-name`` if it is reserved or breaks the rule of :func:`is_legal_id`.
    """
    if is_legal_id(text):
        return text
    shown = text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
    if text in RESERVED:
        problem = f"A kernel of a project cannot be called {shown!r}: that name belongs to another kernel"
    else:
        problem = f"{shown!r} is not a legal kernel name: 1 to 64 of a-z, 0-9, - and _, no - or _ at the ends"
    suggestion = slug(text)
    if suggestion in RESERVED:
        suggestion += "-project"
    hint = f"--name {suggestion}" if where == "--name" else f'for example: kernel-name = "{suggestion}"'
    raise MlenvError("kernel-name", problem, where=where, hint=hint)


def slug(name: str) -> str:
    """Spell a project's name in ``a-z 0-9 -``, at most 40 long; ``project`` where nothing of it can be spelled so."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_LATIN))
    ascii_only = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = re.findall(r"[a-z0-9]+", ascii_only)
    text = "-".join(words)
    if len(text) > _SLUG_LENGTH:
        cut = text[:_SLUG_LENGTH]
        # Rather a whole word less than half a word, where that does not cost most of the name.
        text = cut.rpartition("-")[0] if text[_SLUG_LENGTH] != "-" and "-" in cut[_SLUG_LENGTH // 2 :] else cut
    return text.strip("-") or "project"


def kernel_id(name: str, location: str) -> str:
    """Return the id of a project's kernel: the name for the eye, a hash of the place for uniqueness.

    Args:
        name: the project's name, as any person may write it.
        location: real path of the project (of the environment, where that is not the project's own ``.venv``).
    """
    digest = hashlib.sha256(location.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{slug(name)}-{digest}"


def another_id(wanted: str, taken: Collection[str]) -> str:
    """Return ``wanted``, or ``wanted-2``, ``wanted-3``, ... where others hold it (ids compare without case)."""
    lower = {one.lower() for one in taken}
    if wanted not in lower:
        return wanted
    number = 2
    while f"{wanted}-{number}" in lower:
        number += 1
    return f"{wanted}-{number}"


def display_name(name: str, location: str, taken: Collection[str]) -> str:
    """Return what Jupyter shows: ``Python (demo)``; with the parent folder, ``Python (demo, a)``, where that is taken.

    Args:
        name: the project's name.
        location: the project's folder; its parents tell two projects of one name apart.
        taken: display names of all other kernels.
    """
    return next(one for one in _candidates(_shown(name), PurePath(location)) if one not in taken)


def _candidates(name: str, location: PurePath) -> Iterator[str]:
    yield f"Python ({name})"
    parents = [part for part in location.parent.parts if part != location.anchor]
    for count in range(1, len(parents) + 1):
        yield f"Python ({name}, {_shown('/'.join(parents[-count:]))})"
    number = 2
    while True:
        yield f"Python ({name}, {number})"
        number += 1


def _shown(text: str) -> str:
    """Drop what cannot be shown on one line, and the middle of what is too long."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split()) or "project"
    if len(line) <= _SHOWN_LENGTH:
        return line
    half = _SHOWN_LENGTH // 2
    return f"{line[:half]}…{line[-half + 1 :]}"
