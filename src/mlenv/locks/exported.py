"""Files that ``mlenv export`` made from a lock: beside that lock they are copies, and never count as locks themselves.

A ``pylock.toml`` would come before ``poetry.lock``, an ``environment.yml`` would be taken for a manifest, and a
``requirements.txt`` of last week would contradict the ``uv.lock`` that it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from mlenv.errors import MlenvError

__all__ = ["END", "made_from", "without_exports"]

END = re.compile(r"[^\n]*\bmlenv export ([a-z0-9.-]+): made from ([^\n]+), sha256:([0-9a-f]{16})\s*\Z")
"""The last line of an exported file: its kind, the lock, the digest of all above."""
_CANDIDATE = re.compile(r"requirements\.txt|pylock(?:\.[^.]+)?\.toml|environment\.ya?ml")
_LAST = 400
"""Bytes in which the last line lies."""


def made_from(data: bytes) -> str:
    """Return the lock that an exported file names at its end; empty for any other file."""
    found = END.search(data[-_LAST:].decode(errors="replace").replace("\r\n", "\n"))
    return found[2] if found else ""


def without_exports(
    names: Collection[str], load: Callable[[str], bytes | None], meant: Collection[str | None] = ()
) -> tuple[str, ...]:
    """Return the files of a folder without those that were exported from a lock that lies there, too.

    Args:
        names: files in the project's root.
        load: returns the bytes of a file; ``None`` where there is none.
        meant: files that count whatever they are: somebody named them.
    """
    left = {name for name in names if name not in meant and _CANDIDATE.fullmatch(name) and _is_copy(name, names, load)}
    return tuple(name for name in names if name not in left)


def _is_copy(name: str, names: Collection[str], load: Callable[[str], bytes | None]) -> bool:
    try:
        lock = made_from(load(name) or b"")
        return bool(lock) and lock != name and (lock in names or ("/" in lock and load(lock) is not None))
    except MlenvError:  # too large to be read: the reader says so, where the file counts
        return False
