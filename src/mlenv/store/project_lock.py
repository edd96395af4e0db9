"""The one lock of a project: held by whoever changes it, visible to those who wait."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mlenv.errors import MlenvError
from mlenv.store.files import PRIVATE_PARTS, private_dir, read_json, unwritable

__all__ = ["hold", "is_held"]

_LOCK_WAIT_S = 600.0
_LOCK_POLL_S = 0.1


@contextlib.contextmanager
def hold(
    root: Path, verb: str, tell: Callable[[str], None], *, wait_s: float = _LOCK_WAIT_S
) -> Iterator[tuple[int, bool]]:
    """Hold the one lock of a project.

    The descriptor is inheritable: pass it to the engine, so that an orphaned engine still holds the lock.

    Args:
        root: the project.
        verb: what for; shown to those who wait.
        tell: told once when somebody else holds the lock.
        wait_s: how long to wait.

    Yields:
        The descriptor, and whether there was a wait (then look again at what is left to do).

    Raises:
        MlenvError: ``project-busy`` after the wait, naming the holder.
    """
    descriptor, path, waited = _locked(root, tell, wait_s)
    try:
        os.set_inheritable(descriptor, True)
        with contextlib.suppress(OSError):  # on a full disk nobody learns our name, and the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, json.dumps({"pid": os.getpid(), "verb": verb, "since": time.time()}).encode())
        yield descriptor, waited
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)
        _drop_if_bare(path)


def _locked(root: Path, tell: Callable[[str], None], wait_s: float) -> tuple[int, Path, bool]:
    """Open and take the lock; return its descriptor, its path, and whether there was a wait."""
    waited = False
    while True:
        path = private_dir(root) / "lock"
        descriptor = _opened(path)
        if descriptor is None:
            continue
        try:
            waited = _acquire(descriptor, path, tell, wait_s) or waited
            if _is_file(descriptor, path):
                return descriptor, path, waited
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the one before us took the folder away with its lock: make them anew


def _opened(path: Path) -> int | None:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:  # somebody took the folder away this moment
        return None
    except OSError as error:
        with contextlib.suppress(OSError):  # not the lock's name: somebody else may be faster this moment
            _remove_empty(path.parent)
        raise unwritable(path, error) from None


def _remove_empty(folder: Path) -> None:
    if set(os.listdir(folder)) == {".gitignore"}:
        (folder / ".gitignore").unlink()
        folder.rmdir()


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _drop_if_bare(path: Path) -> None:
    """Take the private folder away again where nothing came of it: a verb that failed leaves nothing behind.

    Not while somebody else has the lock: the next one waiting, or an engine that outlived its parent.
    """
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR)
        try:
            if _try_lock(descriptor) and _is_file(descriptor, path):
                _remove_hollow(path.parent, path.name)
        finally:
            os.close(descriptor)


def _remove_hollow(folder: Path, lock: str) -> None:
    for name in PRIVATE_PARTS:  # empty, they mean nothing
        with contextlib.suppress(OSError):
            (folder / name).rmdir()
    if set(os.listdir(folder)) <= {lock, ".gitignore"}:
        (folder / ".gitignore").unlink(missing_ok=True)
        (folder / lock).unlink(missing_ok=True)
        folder.rmdir()


def _acquire(descriptor: int, path: Path, tell: Callable[[str], None], wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    waited = False
    while not _try_lock(descriptor):
        holder = _holder(path)
        if not waited:
            tell(f"waiting for {holder}")
            waited = True
        if time.monotonic() > deadline:
            raise MlenvError(
                "project-busy",
                f"{holder} still works on this project",
                where=str(path.parent.parent),
                hint="wait for it or end it, then run the same command again",
            )
        time.sleep(_LOCK_POLL_S)
    return waited


def _try_lock(descriptor: int) -> bool:
    """Take the lock without waiting; a file system without locks gives the weaker promise of one machine less."""
    if sys.platform == "win32":  # untested here
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # ENOLCK, EOPNOTSUPP...: no locks on this file system. Going on is what uv does there, too.
        return error.errno not in {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}
    return True


def _holder(path: Path) -> str:
    content = read_json(path) or {}
    return f"mlenv {content.get('verb', '')} (process {content.get('pid', '?')})".replace("  ", " ")


def is_held(path: Path) -> bool:
    """Whether a live kernel holds this file (a shared lock, which dies with it); no file is held by nobody."""
    if not path.exists():
        return False
    if sys.platform == "win32":  # keeps what is open from being removed by itself
        return False
    import fcntl

    try:
        with path.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
