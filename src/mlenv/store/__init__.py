"""Files: the one atomic writer, what folders take, mlenv's own folders, the one lock per project."""

from __future__ import annotations

from mlenv.store.files import (
    PRIVATE_PARTS,
    failed_write,
    make_folder,
    private_dir,
    read_bytes,
    read_json,
    read_text,
    refuse_outside,
    remove_tree,
    remove_unfinished,
    sync_folder,
    unwritable,
    write_atomic,
    write_json,
)
from mlenv.store.places import cache_dir, data_dir
from mlenv.store.project_lock import claimed, hold, is_held
from mlenv.store.sizes import Size, measure
from mlenv.store.space import free_bytes, free_files, is_full, nearest

__all__ = [
    "PRIVATE_PARTS",
    "Size",
    "cache_dir",
    "claimed",
    "data_dir",
    "failed_write",
    "free_bytes",
    "free_files",
    "hold",
    "is_full",
    "is_held",
    "make_folder",
    "measure",
    "nearest",
    "private_dir",
    "read_bytes",
    "read_json",
    "read_text",
    "refuse_outside",
    "remove_tree",
    "remove_unfinished",
    "sync_folder",
    "unwritable",
    "write_atomic",
    "write_json",
]
