"""Too little room: said before anything is fetched where it can be known, and with place and size where it cannot."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.locks import LockContent
from mlenv.services import words
from mlenv.services.project import Project
from mlenv.services.wish import Wish

__all__ = ["blamed", "refuse_too_little", "told"]

_TYPICAL_BYTES = 1024
"""Where there is room for fewer files than of this size, it is the number of files that runs out."""
_VAGUE = frozenset({"engine-failed", "engine-killed", "verify-failed", "python-broken", "internal"})
"""Failures whose own words do not say why: on a full disk programs fail in odd ways (a byte-code file cut short)."""


def refuse_too_little(project: Project, wish: Wish) -> None:
    """Refuse a change that cannot fit, before anything is fetched.

    Known only where the lock says how big its wheels are and they will be copied: an unpacked wheel is never smaller
    than the packed one by much, and what uv links from a cache on the same file system takes no room.

    Raises:
        MlenvError: ``no-space`` with what is needed and what is free.
    """
    sizes = (wish.selected.content or LockContent()).sizes
    needed = sum(sizes.get(pin.name, 0) for pin in wish.selected.selection.pins)
    free = store.free_bytes(project.root)
    if not needed or free is None or free >= needed or _links(wish, project.root):
        return
    raise MlenvError(
        "no-space",
        f"no space for this change: the locked packages alone need {words.size(needed)},"
        f" and {words.size(free)} are free; nothing was fetched or changed",
        where=str(project.root),
        hint="free some space, or move the project to a larger disk, then run the same command again",
    )


def _links(wish: Wish, root: Path) -> bool:
    """Whether uv may link files from its cache instead of copying them."""
    if wish.engine.installer != "uv":
        return False
    return _uv_cache().stat().st_dev == root.stat().st_dev


def blamed(error: MlenvError, generation: Path) -> MlenvError:
    """Return the error that says that the disk is full, where that is why something failed in another way.

    Call it before what was written is removed.
    """
    if error.code not in _VAGUE or not store.is_full(generation):
        return error
    details = "\n".join(part for part in (error.message, error.details) if part)
    return MlenvError(
        "no-space", "no space left for the environment", where=str(generation.parent), hint=_HINT, details=details
    )


_HINT = "free some space, then run the same command again"


def told(error: MlenvError, root: Path) -> MlenvError:
    """Return a ``no-space`` error with the place that is full and what is free there; any other one as it is.

    Call it once what was written has been removed.
    """
    if error.code != "no-space" or "are free" in error.message:
        return error
    place = store.nearest(Path(error.where)) if error.where else _tightest(root)
    free, files = store.free_bytes(place), store.free_files(place)
    few = files is not None and free is not None and files * _TYPICAL_BYTES < free
    room = f"{files} files (inodes)" if few else words.size(free or 0)
    what, comma, end = error.message.partition("; ")
    message = f"{what.rstrip('.')}: the change needs more than the {room} that are free in {place}{comma}{end}"
    return MlenvError(error.code, message, where=error.where or str(place), hint=error.hint, details=error.details)


def _tightest(root: Path) -> Path:
    """Return where least room is, of the places that an engine writes to: it often does not say which one was full."""
    return min((root, Path(tempfile.gettempdir()), _uv_cache()), key=_room)


def _room(place: Path) -> int:
    files, free = store.free_files(place), store.free_bytes(place)
    return min(free or 0, (free or 0) if files is None else files * _TYPICAL_BYTES)


def _uv_cache() -> Path:
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "uv")
    return store.nearest(Path(os.environ.get("UV_CACHE_DIR") or default))
