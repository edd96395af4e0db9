"""Contents paths, as JupyterLab has them, to folders below the server's root; whatever leads out of it is refused."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from mlenv.errors import MlenvError

__all__ = ["contents_path", "folder_of"]

_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST = 4096


def folder_of(root: str, path: str, hidden: Callable[[str, str], bool] = lambda place, root: False) -> Path:
    """Return the folder that a contents path names, or that holds the notebook it names, links resolved.

    Args:
        root: the server's root folder, absolute.
        path: relative to it, ``/`` between its parts; it is taken as it is, no part is decoded once more.
        hidden: whether the server hides a place below a root.

    Raises:
        MlenvError: ``path-outside``, ``path-invalid``; ``path-missing``, also for what the server hides.
    """
    _refuse_odd(path)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    top = os.path.realpath(root)
    place = os.path.join(top, *parts)
    if not _inside(os.path.realpath(place), top):
        raise _outside(path)
    if not os.path.exists(place) or hidden(place, top):
        raise MlenvError("path-missing", "there is nothing at this path", where=path, hint="reload the page")
    return Path(os.path.realpath(place if os.path.isdir(place) else os.path.dirname(place)))


def contents_path(root: str, place: str) -> str | None:
    """Return the contents path of a place; ``None`` where it is not below the server's root."""
    top, real = os.path.realpath(root), os.path.realpath(place)
    if not _inside(real, top):
        return None
    relative = os.path.relpath(real, top)
    return "" if relative == "." else relative.replace(os.sep, "/")


def _refuse_odd(path: str) -> None:
    if path.startswith("/") or _DRIVE.match(path) or ".." in re.split(r"[/\\]", path):
        raise _outside(path)
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        size = -1
    if "\0" in path or not 0 <= size <= _LONGEST or (os.name == "nt" and "\\" in path):
        raise MlenvError(
            "path-invalid", "this is no path of a notebook or a folder", hint="send it as the file browser has it"
        )


def _outside(path: str) -> MlenvError:
    message = "the path leads out of the folder that this server shows"
    return MlenvError("path-outside", message, where=path, hint="send it relative to the server's root")


def _inside(place: str, top: str) -> bool:
    return place == top or place.startswith(top.rstrip(os.sep) + os.sep)
