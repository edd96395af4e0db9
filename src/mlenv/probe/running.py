"""What a running process was started as, where the system tells it. Nothing is asked of the process itself."""

from __future__ import annotations

__all__ = ["command_of", "program_of"]


def program_of(pid: int) -> str:
    """Return the first word of a process's command line; empty as :func:`command_of`."""
    return (command_of(pid) or ("",))[0]


def command_of(pid: int) -> tuple[str, ...]:
    """Return a process's command line; empty where the system has no ``/proc``, or the process none.

    Source: proc(5), ``/proc/pid/cmdline``.
    """
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as stream:
            words = stream.read(65_536)
    except OSError:
        return ()
    return tuple(word.decode("utf-8", "replace") for word in words.rstrip(b"\0").split(b"\0"))
