"""The small channel that tests of the engine conda install from: made once, from the Pythons that are here."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["channel_in"]

SCRIPT = Path(__file__).with_name("conda_world.py")


def channel_in(folder: Path, pythons: Iterable[str]) -> str:
    """Return the address of the channel in a folder, made if it is not there yet.

    Args:
        folder: may be kept between runs; its name is the channel's.
        pythons: interpreters to repack.
    """
    homes = sorted({str(Path(python).resolve().parent.parent) for python in pythons})
    folder.parent.mkdir(parents=True, exist_ok=True)
    stamp = "\n".join((SCRIPT.read_text(), Path(__file__).read_text(), *homes))
    with folder.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        made_of = folder / "made-of.txt"
        if not made_of.is_file() or made_of.read_text() != stamp:
            shutil.rmtree(folder, ignore_errors=True)  # an index keeps the rows of files that it knows
            done = subprocess.run(
                [sys.executable, str(SCRIPT), "world", str(folder), *homes], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            made_of.write_text(stamp)
    return folder.as_uri()
