"""Paths as engines may be given them."""

from __future__ import annotations

from pathlib import PurePath

from mlenv.errors import MlenvError

__all__ = ["absolute"]


def absolute(path: str) -> PurePath:
    """Return an absolute path without ``..``, which would end up verbatim in scripts' first lines.

    Raises:
        MlenvError: ``path-invalid`` for any other path, and for control characters.
    """
    pure = PurePath(path)
    if not pure.is_absolute() or ".." in pure.parts or any(ord(character) < 32 for character in path):
        raise MlenvError("path-invalid", "An engine needs an absolute path without '..'.", where=path)
    return pure
