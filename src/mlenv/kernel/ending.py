"""End a program with all that it started, however it arranged its children.

Standard library only, Python 3.9+. The interrupt comes first, for it lets mlenv's own command line put everything
right; what has not ended by the second step is ended by force.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Callable, Dict, Iterable, Set

__all__ = ["descendants", "end"]

# mlenv's command line itself ends its engine within 1.1 s of an interrupt; two seconds are the promise.
_STEPS_S = ((signal.SIGINT, 1.25), (signal.SIGTERM, 0.3))
_POLL_S = 0.02


def end(process: subprocess.Popen[bytes], *, hurry: Callable[[], bool] = lambda: False) -> None:
    """End a program that leads its own session: interrupt, terminate, kill. Returns within 2 s.

    ``hurry`` says whether the user asked once more: then it is killed at once.
    Programs that it started in sessions of their own (engines) end with it: they are found by their parents (Linux).
    """
    if sys.platform == "win32":  # untested here
        with suppress(OSError):
            process.send_signal(signal.CTRL_BREAK_EVENT)
        _wait(process, set(), _STEPS_S[0][1])
        process.kill()
        return
    family: Dict[int, str] = descendants(process.pid)
    for number, seconds in _STEPS_S:
        with suppress(OSError):
            os.killpg(process.pid, number)
        if _wait(process, set(family), seconds, hurry):
            break
        family.update(descendants(process.pid))
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid, born in family.items():
        if _born(pid) == born:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    _wait(process, set(family), 0.3)


def _wait(
    process: subprocess.Popen[bytes],
    others: Iterable[int],
    seconds: float,
    hurry: Callable[[], bool] = lambda: False,
) -> bool:
    """Wait until the program and all of the others are gone; whether they are."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not hurry():
        if process.poll() is not None and not any(_born(pid) for pid in others):
            return True
        time.sleep(_POLL_S)
    return False


def descendants(root: int) -> Dict[int, str]:
    """Return the processes below one (pid -> when it was born, so that a reused number is never mistaken).

    Empty where there is no ``/proc``. Cost: one small file per process of the machine.
    """
    parents: Dict[int, int] = {}
    born: Dict[int, str] = {}
    with suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                fields = _fields(int(name))
                if fields:
                    parents[int(name)], born[int(name)] = int(fields[1]), fields[19]
    found: Set[int] = set()
    waiting = [root]
    while waiting:
        parent = waiting.pop()
        below = [pid for pid, above in parents.items() if above == parent and pid not in found]
        found.update(below)
        waiting.extend(below)
    return {pid: born[pid] for pid in found}


def _born(pid: int) -> str:
    """Return when a process was born; empty where it is gone or a zombie."""
    fields = _fields(pid)
    return fields[19] if fields and fields[0] != "Z" else ""


def _fields(pid: int) -> list[str]:
    """Return ``/proc/<pid>/stat`` from the state on (field 3 of proc(5)); empty where the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()
    except OSError:
        return []
