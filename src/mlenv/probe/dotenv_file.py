"""Find and read a project's ``.env`` file.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import os
import stat
from typing import Optional, Tuple

from mlenv.dotenv_text import Binding, parse_dotenv
from mlenv.errors import MlenvError

__all__ = ["NAME", "nearest", "read_bindings"]

NAME = ".env"
_MOST_BYTES = 1 << 20


def nearest(folder: str, root: Optional[str]) -> Optional[str]:
    """Return the nearest ``.env`` file, from a folder up to the project's root; ``None`` where there is none.

    Args:
        folder: the notebook's, or the working folder; where it lies outside of the project, the root's file counts.
        root: the project's folder; ``None`` without a project: then only the folder itself is looked at.
    """
    top = os.path.realpath(root or folder)
    below = os.path.relpath(os.path.realpath(folder), top).split(os.sep)
    below = [] if below[0] in {os.curdir, os.pardir} else below
    looked = [os.path.join(root or folder, *below[:depth]) for depth in range(len(below), -1, -1)]
    candidates = [os.path.join(each, NAME) for each in looked]
    # A folder of this name is some tutorial's environment.
    return next((path for path in candidates if os.path.lexists(path) and not os.path.isdir(path)), None)


def read_bindings(path: str, shown: str) -> Tuple[Binding, ...]:
    """Read and parse a ``.env`` file.

    Args:
        path: the file.
        shown: how errors name it.

    Raises:
        MlenvError: ``dotenv-missing``, ``dotenv-unreadable``, ``dotenv-invalid``; never with a value in it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _unreadable("it is no file", shown)
            content = stream.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        message = f"there is no file {shown}"
        raise MlenvError("dotenv-missing", message, where=shown, hint="name a file that is there") from None
    except OSError as error:
        raise _unreadable(error.strerror or "no reason told", shown) from None
    if len(content) > _MOST_BYTES:
        raise _unreadable("it has more than 1 MiB", shown)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unreadable("it is not UTF-8 text", f"{shown}: line {line}") from None
    return parse_dotenv(text, shown)


def _unreadable(why: str, where: str) -> MlenvError:
    message = f"the .env file cannot be read: {why}"
    return MlenvError("dotenv-unreadable", message, where=where, hint="make it a readable text file in UTF-8")
