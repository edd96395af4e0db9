"""How much room a file system has left."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

__all__ = ["free_bytes", "free_files", "is_full", "nearest"]

_FULL_BYTES = 64 * 1024
"""Less is as good as nothing: a program that failed here failed for want of room."""


def nearest(path: Path) -> Path:
    """Return the folder itself, or the nearest one above that is there."""
    return next((folder for folder in (path, *path.parents) if folder.is_dir()), Path(path.anchor or "."))


def free_bytes(path: Path) -> int | None:
    """Return the bytes that this user may still write where ``path`` lies; ``None`` where the system does not tell."""
    try:
        return shutil.disk_usage(nearest(path)).free
    except OSError:
        return None


def free_files(path: Path) -> int | None:
    """Return how many files (inodes) may still be made where ``path`` lies; ``None`` where there is no such limit."""
    if sys.platform == "win32":
        return None
    try:
        facts = os.statvfs(nearest(path))
    except OSError:
        return None
    return facts.f_favail if facts.f_files else None


def is_full(path: Path) -> bool:
    """Whether nothing more can be written where ``path`` lies: no bytes, or no more files (inodes)."""
    free = free_bytes(path)
    if free is not None and free < _FULL_BYTES:
        return True
    return free_files(path) == 0
