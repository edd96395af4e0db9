"""Run mlenv and die at its k-th change of a file: ``python audited.py K LOG ROOTS mlenv-words...`` (standard library only).

For machines without strace: Python's audit hooks tell every open for writing, rename, link and removal of this process
before it happens. What they cannot tell is a write that was done in part. With K = 0 nothing dies, and LOG gets one line
for each change below one of ROOTS (separated by ``os.pathsep``).
"""

from __future__ import annotations

import os
import runpy
import signal
import sys

_CHANGES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.truncate")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def _changed(event: str, args: tuple[object, ...]) -> str:
    """Return the path that an event is about to change, or nothing."""
    if event == "open":
        path, flags = args[0], args[2]
        return _text(path) if isinstance(flags, int) and flags & _WRITING else ""
    return _text(args[1 if event in ("os.rename", "os.symlink", "os.link") else 0]) if event in _CHANGES else ""


def _text(path: object) -> str:
    return os.path.abspath(os.fsdecode(path)) if isinstance(path, (str, bytes)) else ""


def main() -> None:
    """Watch from now on, then be ``python -m mlenv``."""
    deadly, log, roots = (
        int(sys.argv[1]),
        sys.argv[2],
        tuple(f"{root}{os.sep}" for root in sys.argv[3].split(os.pathsep)),
    )
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    count = 0

    def hook(event: str, args: tuple[object, ...]) -> None:
        nonlocal count
        path = _changed(event, args)
        if not path.startswith(roots):
            return
        count += 1
        os.write(out, f"{count} {event} {path}\n".encode(errors="replace"))
        if count == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.argv = ["mlenv", *sys.argv[4:]]
    sys.path.pop(0)
    sys.addaudithook(hook)
    runpy.run_module("mlenv", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
