"""Owners and modes of what a kernel runs, and what follows for a kernel of another user's environment.

Standard library only, Python 3.9+. Windows has other rights, which nobody looks at here.
"""

from __future__ import annotations

import os
import sys
from typing import Dict, Iterator, List, Optional, Sequence

from mlenv.kernel.sharing import Entry, first, keeper

__all__ = ["above", "kept_by", "me", "refusal", "tree"]

_SYSTEM_GROUPS = 100
"""Groups below this number are the system's own; ``users`` (100) is everybody's."""
_LINKS_FOLLOWED = 20


def me() -> int:
    """Return the number of this process's user; 0 on Windows, where nothing is asked of it."""
    if sys.platform == "win32":
        return 0
    return os.geteuid()


def above(path: str) -> Iterator[Entry]:
    """Yield the folders from the root of the file system down to the one that holds ``path``, links followed.

    Each link on the way counts with the folders above what it leads to.
    """
    seen: Dict[str, None] = {}
    waiting: List[str] = [os.path.abspath(path)]
    for _ in range(_LINKS_FOLLOWED):
        if not waiting:
            break
        now = waiting.pop()
        for folder in _parents(now):
            if folder not in seen:
                seen[folder] = None
                if os.path.islink(folder):
                    waiting.append(os.path.join(os.path.dirname(folder), os.readlink(folder)))
        if os.path.islink(now):
            waiting.append(os.path.join(os.path.dirname(now), os.readlink(now)))
    for folder in seen:
        yield from _entry(folder, above=True)


def _parents(path: str) -> List[str]:
    found: List[str] = []
    folder = os.path.dirname(os.path.normpath(path))
    while folder not in found:
        found.insert(0, folder)
        folder = os.path.dirname(folder)
    return found


def tree(folder: str) -> Iterator[Entry]:
    """Yield a folder (or file) and all below it; links are told, never followed. Cost: one stat each."""
    yield from _entry(folder)
    for base, folders, files in os.walk(folder):
        for name in sorted((*folders, *files)):
            yield from _entry(os.path.join(base, name))


def _entry(path: str, *, above: bool = False) -> Iterator[Entry]:
    try:
        found = os.lstat(path)
    except OSError:
        return
    alone = bool(found.st_mode & 0o020) and _alone(found.st_gid, found.st_uid)
    yield Entry(path=path, owner=found.st_uid, mode=found.st_mode, above=above, alone=alone)


def _alone(group: int, owner: int) -> bool:
    """Whether nobody but the owner is in a group, as far as the system's tables tell."""
    if sys.platform == "win32" or group == 0:
        return True
    import grp
    import pwd

    try:
        row, name = grp.getgrgid(group), pwd.getpwuid(owner).pw_name
    except KeyError:
        return False
    return not set(row.gr_mem) - {name} and (row.gr_name == name or group < _SYSTEM_GROUPS)


def refusal(prefix: str, sites: Sequence[str]) -> str:
    """Say why this user's kernel must not run in this environment; empty where it may.

    One's own environment always runs; that of another user only where nobody but that user and root can write it.

    Args:
        prefix: the environment as the kernelspec has it.
        sites: its folders of installed packages.

    Cost: two calls of the system for one's own; below 2 ms for another user's with 300 packages.
    """
    owner = _owner(prefix)
    if sys.platform == "win32" or owner is None or owner == me():
        return ""
    found = first(_looked_at(prefix, sites), {0, owner, me()})
    if found is None:
        return ""
    entry, why = found
    return (
        f"It belongs to {keeper(owner)}, and others could change what it runs in your name: {entry.path}: {why}. "
        f"Whoever keeps it types: chmod -R go-w {entry.path}"
    )


def _looked_at(prefix: str, sites: Sequence[str]) -> Iterator[Entry]:
    yield from above(prefix)
    real = os.path.realpath(prefix)
    for part in (real, os.path.join(real, "pyvenv.cfg"), os.path.join(real, "bin"), os.path.join(real, "lib")):
        yield from _entry(part)
    for site in sites:
        yield from above(site)
        yield from _entry(site)
        for name in _names(site):
            yield from _entry(os.path.join(site, name))


def _names(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def kept_by(folder: str) -> str:
    """Say who keeps a folder that this user cannot write because it is another's; empty for all others."""
    owner = _owner(folder)
    if sys.platform == "win32" or owner is None or owner == me() or os.access(folder, os.W_OK):
        return ""
    return keeper(owner)


def _owner(path: str) -> Optional[int]:
    try:
        return os.stat(path).st_uid
    except OSError:
        return None
