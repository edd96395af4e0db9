"""What folders take on a disk where many files have several names (hard links): their own, and what they share."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mlenv.model import value

__all__ = ["Size", "measure"]

_BLOCK_BYTES = 512


@value
class Size:
    """What some folders take, as the file system counts it (whole blocks, each file once)."""

    own_bytes: int
    """What deleting them would free."""
    shared_bytes: int
    """What other folders hold, too, so that deleting these frees nothing."""


def measure(folders: Iterable[Path]) -> Size:
    """Measure folders together: a file that has several names in them counts once.

    What cannot be read counts as nothing; links are not followed. Copies that a file system shares by itself
    (copy-on-write) cannot be told from outside and count as own. Cost: one ``lstat`` per file.
    """
    held: dict[tuple[int, int], _File] = {}
    here: Counter[tuple[int, int]] = Counter()
    for file in _files(folders):
        held[file.identity] = file
        here[file.identity] += 1
    own = sum(file.size_bytes for identity, file in held.items() if here[identity] >= file.names)
    return Size(own_bytes=own, shared_bytes=sum(file.size_bytes for file in held.values()) - own)


class _File(NamedTuple):
    """One file or folder; a plain tuple, since there are a hundred thousand of them."""

    identity: tuple[int, int]
    names: int
    size_bytes: int


def _files(folders: Iterable[Path]) -> Iterator[_File]:
    pending = {str(folder) for folder in folders if folder.is_dir() and not folder.is_symlink()}
    visited: set[str] = set()
    while pending:
        folder = pending.pop()
        visited.add(folder)
        with contextlib.suppress(OSError):
            # The link count of a folder is about its subfolders: it has one name.
            yield _file(os.lstat(folder), names=1)
            for entry in os.scandir(folder):
                if not entry.is_dir(follow_symlinks=False):
                    yield _file(os.lstat(entry.path))
                elif entry.path not in visited:
                    pending.add(entry.path)


def _file(found: os.stat_result, names: int = 0) -> _File:
    blocks = getattr(found, "st_blocks", None)  # Windows has none
    size_bytes = found.st_size if blocks is None else blocks * _BLOCK_BYTES
    return _File((found.st_dev, found.st_ino), names or found.st_nlink, size_bytes)
