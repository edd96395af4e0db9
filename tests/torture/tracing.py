"""The file-changing system calls of mlenv's own process, by strace: listed, numbered, and used to kill it at each."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torture.stage import Done, World

__all__ = ["CHANGING", "SYNCING", "Call", "changing", "missing", "stopped_at", "trace"]

CHANGING = (
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "symlink", "symlinkat"),
    *("link", "linkat", "write", "pwrite64", "ftruncate", "truncate", "chmod", "fchmod", "fchmodat", "chown", "fchown"),
)
"""A kill comes before the call is carried out. Opening a file for writing is not among them: what it leaves is what a
kill at the first write finds."""
SYNCING = ("fsync", "fdatasync", "openat")

_LINE = re.compile(r"^(\w+)\((.*)\)\s+= (-?\d+|\?)")
_RANDOM = re.compile(r"(?<![a-z])(?:\d{6}-)?[0-9a-f]{8,12}(?![a-z])|mlenv-\w+-\w{8}|/proc/\d+")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One system call of a trace."""

    name: str
    arguments: str
    number: int
    """Which call of its name this is, from 1."""
    failed: bool

    @property
    def text(self) -> str:
        """The call without what differs from run to run: random parts of names, and contents."""
        arguments = (
            re.sub(r'"(?:[^"\\]|\\.)*"(?:\.\.\.)?, \d+$', "", self.arguments)
            if self.name == "write"
            else self.arguments
        )
        return f"{self.name}({_RANDOM.sub('#', arguments)})"


def missing() -> str:
    """Return why calls cannot be traced here, or nothing."""
    if shutil.which("strace") is None:
        return "strace is not here"
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True)
    return "" if done.returncode == 0 else "strace may not trace here"


def trace(world: World, argv: Sequence[str], names: Sequence[str] = CHANGING) -> tuple[Done, list[Call]]:
    """Run a program and return the calls of its first thread: mlenv changes no file from another one."""
    place = world.folder.with_name(f"{world.folder.name}.trace")
    done = world.run(argv, before=_strace(place, names))
    return done, _calls(place)


def stopped_at(world: World, argv: Sequence[str], call: Call) -> tuple[Done, Call | None]:
    """Run a program and kill it where it makes a call for the n-th time; return the call that it died at."""
    place = world.folder.with_name(f"{world.folder.name}.trace")
    done = world.run(
        argv, before=[*_strace(place, CHANGING), "-e", f"inject={call.name}:signal=KILL:when={call.number}"]
    )
    calls = _calls(place)
    # The call that a process dies at never says what it returned.
    return done, calls[-1] if calls and place.read_text(errors="replace").rstrip().endswith("= ?") else None


def changing(calls: Sequence[Call], folders: Sequence[Path]) -> list[Call]:
    """Return the calls that changed something below one of these folders."""
    return [
        call
        for call in calls
        if call.name in CHANGING and not call.failed and any(str(folder) in call.arguments for folder in folders)
    ]


def _strace(place: Path, names: Sequence[str]) -> list[str]:
    return ["strace", "-qqq", "-y", "-o", str(place), "-e", "signal=none", "-e", f"trace={','.join(names)}"]


def _calls(place: Path) -> list[Call]:
    counts: dict[str, int] = {}
    found = []
    for line in place.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match:
            name = match[1]
            counts[name] = counts.get(name, 0) + 1
            failed = match[3] == "-1"
            found.append(Call(name=name, arguments=match[2], number=counts[name], failed=failed))
    return found
