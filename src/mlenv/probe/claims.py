"""Who uses a file, where the file system has no locks: small files beside it, each naming the process that made it.

A claim is made by ``O_CREAT | O_EXCL``, which network file systems give where they refuse ``flock``. It names machine,
boot, process and the moment the process began, so that the claim of one that is gone is known for what it is, on the
same machine. Of another machine nothing can be known: its claim counts until somebody deletes it.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import secrets
import sys
import time
from typing import Any, Dict, List, Mapping, Optional

__all__ = ["claimed", "drop", "ended", "identity", "is_gone", "is_here", "leave_mark", "make", "marks", "read"]

_UNWRITTEN_S = 60.0
"""A claim without content is one whose maker was killed between two calls of the system, once it is this old."""


def identity(verb: str) -> Dict[str, Any]:
    """Return what a claim says of this process."""
    pid = os.getpid()
    return {"pid": pid, "born": _born(pid), "boot": _text("/proc/sys/kernel/random/boot_id"), "machine": _machine(),
            "verb": verb, "since": time.time()}  # fmt: skip


def is_here(content: Mapping[str, Any]) -> bool:
    """Whether a claim was made on this machine, and so by a process that can be looked for."""
    return content.get("machine") == _machine()


def is_gone(content: Mapping[str, Any]) -> bool:
    """Whether the process that a claim names has certainly ended; of another machine nothing is certain."""
    pid, born = content.get("pid"), content.get("born")
    if sys.platform == "win32" or not is_here(content) or not isinstance(pid, int) or pid <= 0:
        return False
    boot = _text("/proc/sys/kernel/random/boot_id")
    if boot and (content.get("boot") or boot) != boot:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # somebody else's: it lives
        pass
    now = _stat(pid)  # empty where processes of others are hidden
    return bool(born and now) and (now[0] == "Z" or now[19] != born)  # a zombie; a number that another has by now


def make(path: str, verb: str) -> Optional[int]:
    """Claim a file name for this process alone.

    Args:
        path: of the claim.
        verb: what for; shown to those who wait.

    Returns:
        A descriptor of the claim: a program that inherits it keeps the claim after this process (on Linux).
        ``None`` where somebody else has it.

    Raises:
        OSError: the claim cannot be written.
    """
    descriptor = _made(path, verb)
    if descriptor is None and not claimed(path):
        _clear(path, verb)
        descriptor = _made(path, verb)
    return descriptor


def drop(path: str, descriptor: int) -> None:
    """Give a claim of this process up; a program that inherited it, and still runs, keeps it until its end."""
    if ended(path, descriptor):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def ended(path: str, descriptor: int) -> bool:
    """As :func:`drop`, but the file is left for the caller to remove; return whether nobody inherited it."""
    try:
        if not _is_open(path):
            return True
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps({**identity(""), "born": "ended"}).encode())
        return False
    finally:
        os.close(descriptor)


def claimed(path: str) -> bool:
    """Whether somebody has this claim: its process lives, cannot be looked for, or left it to a program of its own."""
    return os.path.lexists(path) and not _is_left(path)


def read(path: str) -> Optional[Dict[str, Any]]:
    """Return what a claim says; ``None`` where there is none, or one without content."""
    try:
        with open(path, encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def leave_mark(path: str) -> Optional[str]:
    """Show that this process uses a file, beside others that do; return the mark, to be removed at the end."""
    mark = f"{path}.{secrets.token_hex(6)}.held"
    try:
        descriptor = _made(mark, "kernel")
    except OSError:
        return None
    if descriptor is None:
        return None
    os.close(descriptor)
    return mark


def marks(path: str) -> List[str]:
    """Return the marks of those who use a file; marks of processes that are gone are removed."""
    found = []
    for mark in glob.glob(f"{glob.escape(path)}.*.held"):
        content = read(mark)
        if _is_unwritten(mark) if content is None else is_gone(content):
            with contextlib.suppress(OSError):
                os.unlink(mark)
        else:
            found.append(mark)
    return found


def _made(path: str, verb: str) -> Optional[int]:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        return None
    try:
        os.write(descriptor, json.dumps(identity(verb)).encode())
    except OSError:  # nobody could tell when it is over
        os.close(descriptor)
        os.unlink(path)
        raise
    return descriptor


def _clear(path: str, verb: str) -> None:
    """Remove a claim whose holder is gone; of several that see it, one does, and looks again before it does.

    Else the second would remove the new claim of the first.
    """
    guard = path + ".clearing"
    descriptor = _made(guard, verb)
    if descriptor is None:
        if _is_left(guard):  # killed between two lines of this function
            with contextlib.suppress(OSError):
                os.unlink(guard)
        return
    try:
        if _is_left(path):  # a file that was not there may be somebody's by now
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
    finally:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(guard)


def _is_left(path: str) -> bool:
    """Whether a claim is there, and nobody has it any more: this stays true until somebody clears it."""
    content = read(path)
    return _is_unwritten(path) if content is None else is_gone(content) and not _is_open(path)


def _is_unwritten(path: str) -> bool:
    """Whether a claim is there that was never written."""
    try:
        seen = os.lstat(path)
    except OSError:
        return False
    return seen.st_size == 0 and time.time() - seen.st_mtime > _UNWRITTEN_S


def _is_open(path: str) -> bool:
    """Whether another process of this user has a file open: an engine whose parent was killed. Linux."""
    try:
        wanted = os.stat(path)
        numbers = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    except OSError:
        return False
    for number in numbers:
        with contextlib.suppress(OSError):  # somebody else's, or gone
            for name in os.listdir(f"/proc/{number}/fd"):
                with contextlib.suppress(OSError):
                    if os.path.samestat(os.stat(f"/proc/{number}/fd/{name}"), wanted):
                        return True
    return False


def _machine() -> str:
    """Return a digest of what tells one machine, and one container on it, from another; process numbers are its own."""
    node = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    space = ""
    with contextlib.suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(f"{node}\n{_text('/etc/machine-id')}\n{space}".encode()).hexdigest()[:16]


def _born(pid: int) -> str:
    """Return when a process began, in ticks since boot (proc(5), field 22); empty where that is not known."""
    fields = _stat(pid)
    return fields[19] if fields else ""


def _stat(pid: int) -> List[str]:
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields if len(fields) > 19 else []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""
