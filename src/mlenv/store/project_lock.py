"""The one lock of a project: held by whoever changes it, visible to those who wait."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from mlenv.errors import MlenvError
from mlenv.probe import claims
from mlenv.store.files import PRIVATE_PARTS, private_dir, read_json, unwritable

__all__ = ["claimed", "hold", "is_held"]

_LOCK_WAIT_S = 600.0
_LOCK_POLL_S = 0.1


@contextlib.contextmanager
def hold(
    root: Path, verb: str, tell: Callable[[str], None], *, wait_s: float = _LOCK_WAIT_S
) -> Iterator[tuple[int, bool]]:
    """Hold the one lock of a project.

    The descriptor is inheritable: pass it to the engine, so that an orphaned engine still holds the lock.

    Where the file system refuses locks (some network mounts: ``ENOLCK``, ``EOPNOTSUPP``), a file ``lock.held`` is
    made in its place, see :mod:`mlenv.probe.claims`. The promise is weaker there, and ``tell`` says so: one whose
    holder was killed on another machine counts until it is deleted by hand, and off Linux an orphaned engine is not
    seen.

    Args:
        root: the project.
        verb: what for; shown to those who wait.
        tell: told once when somebody else holds the lock, and once where locks are refused.
        wait_s: how long to wait.

    Yields:
        The descriptor, and whether there was a wait (then look again at what is left to do).

    Raises:
        MlenvError: ``project-busy`` after the wait, naming the holder; ``not-writable``.
    """
    descriptor, path, claim, waited = _locked(root, verb, tell, wait_s)
    try:
        os.set_inheritable(descriptor if claim is None else claim, True)
        if claim is None:
            with contextlib.suppress(OSError):  # on a full disk nobody learns our name, and the lock holds all the same
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, json.dumps(claims.identity(verb)).encode())
        yield descriptor if claim is None else claim, waited
    finally:
        if claim is None:
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, 0)
        os.close(descriptor)
        if claim is None:
            _drop_if_bare(path)
        else:
            _give_up(path, claim)


def _locked(root: Path, verb: str, tell: Callable[[str], None], wait_s: float) -> tuple[int, Path, int | None, bool]:
    """Open and take the lock; return its descriptor, its path, the claim in its place, and whether there was a wait."""
    waited = False
    said: set[str] = set()

    def once(text: str) -> None:
        if text not in said:
            said.add(text)
            tell(text)

    while True:
        path = private_dir(root) / "lock"
        descriptor = _opened(path)
        if descriptor is None:
            continue
        claim: int | None = None
        try:
            claim, long = _acquire(descriptor, path, verb, once, wait_s)
            waited = long or waited
            if _is_file(descriptor, path):
                return descriptor, path, claim, waited
        except FileNotFoundError:
            waited = True
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # the one before us took the folder away with its lock: make them anew
        if claim is not None:
            _give_up(path, claim)


@contextlib.contextmanager
def claimed(path: Path, verb: str, waits: Callable[[], None]) -> Iterator[None]:
    """Work alone where the file system refuses locks: hold the claim of a lock file.

    Args:
        path: of the lock file.
        verb: what for.
        waits: told once, when somebody else has it.
    """
    name, told = _claim_of(path), False
    while (descriptor := _claim(path, verb)) is None:
        if not told:
            waits()
            told = True
        time.sleep(_LOCK_POLL_S)
    try:
        yield
    finally:
        claims.drop(name, descriptor)


def _claim_of(path: Path) -> str:
    return f"{path}.held"


def _claim(path: Path, verb: str) -> int | None:
    try:
        return claims.make(_claim_of(path), verb)
    except FileNotFoundError:  # somebody took the folder away this moment
        raise
    except OSError as error:
        raise unwritable(Path(_claim_of(path)), error) from None


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
            if _flock(descriptor) == "taken" and _is_file(descriptor, path):
                _remove_hollow(path.parent, (path.name,))
        finally:
            os.close(descriptor)


def _give_up(path: Path, claim: int) -> None:
    name = _claim_of(path)
    if not claims.ended(name, claim):  # an engine has it still
        return
    hollow = False
    with contextlib.suppress(OSError):
        hollow = _remove_hollow(path.parent, (path.name, Path(name).name))
    if not hollow:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _remove_hollow(folder: Path, locks: Sequence[str]) -> bool:
    """Remove the private folder where nothing is in it; the last lock goes last, so that who comes then looks again."""
    for name in PRIVATE_PARTS:  # empty, they mean nothing
        with contextlib.suppress(OSError):
            (folder / name).rmdir()
    if not set(os.listdir(folder)) <= {*locks, ".gitignore"}:
        return False
    for name in (".gitignore", *locks):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody came this moment
        folder.rmdir()
    return True


def _acquire(
    descriptor: int, path: Path, verb: str, tell: Callable[[str], None], wait_s: float
) -> tuple[int | None, bool]:
    """Take the lock, or its claim where locks are refused; return the claim and whether there was a wait."""
    deadline = time.monotonic() + wait_s
    waited = False
    while True:
        state = _flock(descriptor)
        if state == "refused":
            marked = Path(_claim_of(path)).relative_to(path.parent.parent)
            tell(f"this file system refuses locks; {marked} stands for one, which is less safe")
        if state == "taken" and _is_unclaimed(path, verb):
            return None, waited
        if state == "refused" and not _is_named(path):
            claim = _claim(path, verb)
            if claim is not None:
                return claim, waited
        holder = _holder(path)
        if not waited:
            tell(f"waiting for {holder}")
            waited = True
        if time.monotonic() > deadline:
            raise _busy(path, holder)
        time.sleep(_LOCK_POLL_S)


def _busy(path: Path, holder: str) -> MlenvError:
    hint = "wait for it or end it, then run the same command again"
    claim = _claim_of(path)
    left = [name for name in (claim, str(path)) if _is_foreign(claims.read(name) or {})]
    if os.path.lexists(claim) and claims.read(claim) is None:  # of whom cannot be told
        left = [claim]
    if left:
        hint = f"wait for it or end it; if it ended without a word there, delete {left[0]}"
    return MlenvError("project-busy", f"{holder} still works on this project", where=str(path.parent.parent), hint=hint)


def _is_foreign(content: Mapping[str, object]) -> bool:
    return "machine" in content and not claims.is_here(content)


def _is_unclaimed(path: Path, verb: str) -> bool:
    """Whether nobody works with a claim: locks may be refused for a moment, or on one machine of several."""
    if not os.path.lexists(_claim_of(path)):
        return True
    claim = _claim(path, verb)
    if claim is not None:
        claims.drop(_claim_of(path), claim)
    return claim is not None


def _is_named(path: Path) -> bool:
    """Whether somebody who got the real lock, and may still work, has written its name into it."""
    content = claims.read(str(path))
    return content is not None and not claims.is_gone(content) and content.get("pid") != os.getpid()


def _flock(descriptor: int) -> str:
    """Take the lock without waiting: ``taken``, ``busy``, or ``refused`` by a file system that has none."""
    if sys.platform == "win32":  # untested here
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return "busy"
        return "taken"
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return "busy" if error.errno in {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES} else "refused"
    return "taken"


def _holder(path: Path) -> str:
    content = claims.read(_claim_of(path)) or read_json(path) or {}
    where = " on another machine" if _is_foreign(content) else ""
    return f"mlenv {content.get('verb', '')} (process {content.get('pid', '?')}{where})".replace("  ", " ")


def is_held(path: Path) -> bool:
    """Whether a live kernel uses this file (a shared lock, which dies with it); no file is held by nobody.

    Where locks are refused, kernels leave marks beside it: the mark of a kernel that ended counts no longer, one of
    another machine counts until that kernel removes it.
    """
    if not path.exists():
        return False
    if sys.platform == "win32":  # keeps what is open from being removed by itself
        return False
    try:
        with path.open("r+b") as stream:
            state = _flock(stream.fileno())
    except OSError:  # nothing can be known: then it stays
        return True
    return state == "busy" or bool(claims.marks(str(path)))
