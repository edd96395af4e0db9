"""Who but its owner may change or read what a kernel runs: owners and modes in, the first fault out.

A kernel of an environment that somebody else can write runs that somebody's code in its user's name. Pure, standard
library only, Python 3.9+; :mod:`mlenv.kernel.owners` reads the facts.
"""

from __future__ import annotations

import stat
from typing import AbstractSet, Iterable, Optional, Tuple

from mlenv.model import value

__all__ = ["Entry", "changeable", "first", "keeper", "unreadable"]


@value
class Entry:
    """One file or folder that a kernel's code comes from, or a folder above it."""

    path: str
    owner: int
    """Numeric id of the user."""
    mode: int
    """``st_mode``."""
    above: bool = False
    """Whether only entering it matters: a folder above what is shared."""
    alone: bool = False
    """Whether its group has no member but its owner (a user's own group, or root's)."""


def changeable(entry: Entry, trusted: AbstractSet[int]) -> str:
    """Say who else could change it; empty where nobody could.

    Args:
        trusted: numeric ids of the users whose code it may be.
    """
    if stat.S_ISLNK(entry.mode):  # its folder decides, and what it leads to
        return ""
    if entry.owner not in trusted:
        return f"it belongs to {keeper(entry.owner)}"
    if entry.above and entry.mode & stat.S_ISVTX:  # as the shared temporary folder: nobody renames what is another's
        return ""
    if entry.mode & stat.S_IWOTH:
        return "every user may write it"
    return "its group may write it" if entry.mode & stat.S_IWGRP and not entry.alone else ""


def unreadable(entry: Entry) -> str:
    """Say what other users cannot do with it; empty where they can all that a kernel needs."""
    if stat.S_ISDIR(entry.mode):
        if not entry.mode & stat.S_IXOTH:
            return "other users cannot enter it"
        return "" if entry.above or entry.mode & stat.S_IROTH else "other users cannot list it"
    return "" if stat.S_ISLNK(entry.mode) or entry.mode & stat.S_IROTH else "other users cannot read it"


def first(entries: Iterable[Entry], trusted: AbstractSet[int]) -> Optional[Tuple[Entry, str]]:
    """Return the first entry that somebody else could change, and who."""
    found = ((entry, changeable(entry, trusted)) for entry in entries)
    return next(((entry, why) for entry, why in found if why), None)


def keeper(owner: int) -> str:
    """Say whose something is; a notebook that is saved carries no user's name."""
    return "root" if owner == 0 else f"another user (number {owner})"
