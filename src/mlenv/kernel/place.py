"""Where a kernel's modules come from: ``sys.path`` and the variables that bend it.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import List, MutableMapping, Optional, Sequence, Tuple

__all__ = ["arranged", "clean", "hold_generation", "hold_runtime", "real_prefix", "sites"]

_TRIES, _PAUSE_S = 10, 0.01

_READY = "mlenv-ready.json"
"""What is written last into an environment; who may not write beside it holds it by this file."""
_SITES = ("site-packages", "dist-packages")


def clean(environ: MutableMapping[str, str]) -> Tuple[str, ...]:
    """Take away the variables that bend every Python's imports; return the folders that ``PYTHONPATH`` had added."""
    added = tuple(os.path.abspath(entry) for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry)
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"):
        environ.pop(name, None)
    environ["PYTHONNOUSERSITE"] = "1"
    return added


def real_prefix(prefix: str) -> str:
    """Return the folder of the generation that ``.venv`` shows now; a prefix that is no link stays as it is."""
    return os.path.realpath(prefix) if os.path.islink(prefix) else prefix


def arranged(path: Sequence[str], *, prefix: str, real: str, drop: Sequence[str]) -> List[str]:
    """Return ``sys.path`` with the generation's real folders and without the dropped ones.

    A live kernel must never mix two generations: it keeps the one that it started with, wherever ``.venv`` leads later.
    """
    dropped = {os.path.normcase(entry) for entry in drop}
    inside = prefix.rstrip(os.sep) + os.sep
    kept = [entry for entry in path if os.path.normcase(entry) not in dropped]
    return [real + os.sep + entry[len(inside) :] if entry.startswith(inside) else entry for entry in kept]


def sites(path: Sequence[str]) -> List[str]:
    """Return the entries of ``sys.path`` that hold installed packages."""
    return [entry for entry in path if os.path.basename(entry) in _SITES]


def hold_generation(real: str) -> Optional[int]:
    """Show others that this generation is in use, for as long as this process lives.

    Returns:
        The descriptor that holds the shared lock, of a file that this user may write or of one that all may read;
        ``None`` where this is no generation, or where locks are refused: then a mark is left in its place.
    """
    envs = os.path.dirname(real)
    private = os.path.dirname(envs)
    if os.path.basename(envs) != "envs" or os.path.basename(private) != ".mlenv":
        return None
    if sys.platform == "win32":  # keeps what is open from being removed by itself
        return None
    live = os.path.join(private, "live")
    held = None
    with contextlib.suppress(OSError):  # another user's project
        os.makedirs(live, exist_ok=True)
        held = _shared_lock(os.path.join(live, os.path.basename(real) + ".lock"), os.O_RDWR | os.O_CREAT)
    # What another user shares can only be read, and can be held all the same.
    return _shared_lock(os.path.join(real, _READY), os.O_RDONLY) if held is None else held


def hold_runtime(path: str) -> Optional[int]:
    """As :func:`hold_generation`, for the folder of the runtime that this kernel's own packages come from."""
    return _shared_lock(os.path.join(path, "runtime.json"), os.O_RDONLY)


def _shared_lock(path: str, flags: int) -> Optional[int]:
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError:
        return None
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:  # somebody looks at this moment whether it is in use
            time.sleep(_PAUSE_S)
        except OSError:  # a file system without locks
            _leave_mark(path)
            break
        else:
            return descriptor
    os.close(descriptor)
    return None


def _leave_mark(path: str) -> None:
    """Show the use by a file of this process's own, until it ends."""
    import atexit

    from mlenv.probe import claims

    mark, pid = claims.leave_mark(path), os.getpid()

    def remove() -> None:
        if mark is not None and os.getpid() == pid:  # not in a child that was forked
            with contextlib.suppress(OSError):
                os.unlink(mark)

    atexit.register(remove)
