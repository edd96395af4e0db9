"""A private folder for copies and intermediate files."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from mlenv import store

__all__ = ["scratch_folder"]


@contextlib.contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Give a private folder for copies and intermediate files; it goes when the work is done."""
    folder = store.private_dir(root) / "work" / secrets.token_hex(4)
    store.make_folder(folder)
    try:
        yield folder
    finally:
        store.remove_tree(folder, inside=root / ".mlenv" / "work")
