"""The public address of a project's repository, as git knows it."""

from __future__ import annotations

from pathlib import Path

from mlenv import process
from mlenv.errors import MlenvError
from mlenv.hosted.addresses import public_address
from mlenv.model import Command

__all__ = ["repository_of"]

_ASK_S = 20.0


def repository_of(root: Path) -> tuple[str, str]:
    """Return the address of its remote, and the project's folder in it (with ``/`` behind it); empty where none is."""
    below = _git(root, "rev-parse", "--show-prefix")
    return public_address(_git(root, "remote", "get-url", "origin")) or "", below


def _git(root: Path, *words: str) -> str:
    try:
        done = process.run(Command(argv=("git", "-C", str(root), *words), timeout_s=_ASK_S))
    except MlenvError:  # no git on this machine
        return ""
    return done.stdout.strip() if done.code == 0 else ""
