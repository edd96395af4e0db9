"""Whether files are as they were, told without reading them.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import os
from typing import Iterable, Tuple

from mlenv.model import FileStamp

__all__ = ["same_place", "stamp", "stamps", "unchanged"]


def stamp(path: str) -> FileStamp:
    """Return the identity of a file's content without reading it; ``mtime_ns`` is -1 where there is none. One stat."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return FileStamp(path=path, mtime_ns=-1, size=0, inode=0)
    return FileStamp(
        path=path, mtime_ns=seen.st_mtime_ns, size=seen.st_size, inode=seen.st_ino, ctime_ns=seen.st_ctime_ns
    )


def same_place(one: str, other: str) -> bool:
    """Return whether two paths lead to the same place, links followed; both may be gone."""
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):  # a name with a null character is nobody's
        return False


def stamps(paths: Iterable[str]) -> Tuple[FileStamp, ...]:
    """Return one stamp per path, in order."""
    return tuple(stamp(path) for path in paths)


def unchanged(known: Iterable[FileStamp]) -> bool:
    """Return whether every file is as it was stamped (also: still missing). Cost: one stat each, about 2 us."""
    return all(stamp(old.path) == old for old in known)
