"""Locks that mlenv reads and compares, and another tool installs: what that tool is told.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from typing import Mapping, Tuple

__all__ = ["command_outside"]

_COMMANDS: Mapping[str, Tuple[str, str]] = {
    "conda-lock": ("conda-lock install --prefix .venv {lock}", "conda-lock --lockfile {lock}"),
    "pixi": ("pixi install --frozen", "pixi lock"),
    "conda": ("conda create --prefix .venv --file {lock}", ""),
}
"""Kind of lock -> what installs it, and what makes it anew."""


def command_outside(kind: str, lock: str, *, relock: bool = False) -> str:
    """Return what to type for a lock of the conda world; empty for every other kind, and where nothing is known."""
    install, anew = _COMMANDS.get(kind, ("", ""))
    if kind == "conda" and lock.endswith((".yml", ".yaml")):
        install = "conda env create --prefix .venv --file {lock}"
    return (anew if relock else install).format(lock=lock)
