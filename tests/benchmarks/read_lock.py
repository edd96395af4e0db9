"""``python read_lock.py``: read the lock of this folder as a check does that has no cached selection, and end."""

import os
from pathlib import Path

from packaging.markers import default_environment

from mlenv.locks import SelectRequest, Target, select


def load(name: str) -> bytes | None:
    """Return a file of this folder."""
    return Path(name).read_bytes() if Path(name).is_file() else None


names = tuple(sorted(name for name in os.listdir() if Path(name).is_file()))
chosen = select(
    SelectRequest(root="/p", name="bench", names=names, load=load, target=Target(markers=default_environment()))
)
assert len(chosen.selection.pins) > 100, len(chosen.selection.pins)
