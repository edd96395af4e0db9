"""A verb that somebody else's process reads ends with that process: a kernel that was killed leaves nothing running."""

from __future__ import annotations

import os
import select
import signal
import stat
import sys
import threading
from typing import TextIO

__all__ = ["end_without_reader"]


def end_without_reader(out: TextIO) -> None:
    """From now on, when nobody can read ``out`` any more, interrupt this process as Ctrl-C would.

    Engines end and locks are released in order. A thread sleeps in one system call for it; nothing is done where
    ``out`` is no pipe, and on Windows, which tells nobody (untested there).
    """
    if sys.platform == "win32":
        return
    try:
        descriptor = out.fileno()
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            return
    except (OSError, ValueError):  # no real file, as in tests
        return
    threading.Thread(target=_wait, args=(descriptor,), daemon=True).start()


def _wait(descriptor: int) -> None:
    if sys.platform != "win32":  # said again for the type checker: Windows has no poll
        waiting = select.poll()
        waiting.register(descriptor, 0)  # errors and hang-ups are always told
        waiting.poll()
        os.kill(os.getpid(), signal.SIGTERM)
