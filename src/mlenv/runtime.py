"""Runtimes and the kernel side: what a project's kernel needs besides the project's environment.

A runtime is a folder with ipykernel and its needs, shared by all projects of one Python, made once, immutable and
*appended* to ``sys.path`` by the launcher; the kernel side is mlenv's own standard-library-only part, copied from the
host's files. Neither is ever installed into an environment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from mlenv.model import Event, Installed, value

__all__ = ["RuntimeRef", "ensure", "install_side", "launcher_path", "listed", "prune"]

Report = Callable[[Event], None]


@value
class RuntimeRef:
    """One runtime on disk."""

    path: str
    key: str
    python: str = ""
    """Tag of the interpreters that it fits: ``cpython-312-x86_64-linux-gnu``."""
    packages: Mapping[str, str] = {}  # noqa: RUF012
    """Normalised name -> version of all that it holds."""
    size_bytes: int = 0


def launcher_path() -> Path:
    """Return the one stable launcher file that kernelspecs name (it exists after :func:`install_side`)."""
    raise NotImplementedError


def install_side() -> Path:
    """Copy the kernel side and the launcher into the data folder, each only where it differs; return the launcher.

    Cost: about 5 ms where nothing changed.

    Raises:
        MlenvError: ``not-writable``, ``no-space``.
    """
    raise NotImplementedError


def ensure(python: str, installed: Installed, *, offline: bool = False, report: Report | None = None) -> RuntimeRef:
    """Return a runtime that works for this interpreter beside these installed packages; make it where none does.

    Also brings the kernel side up to date and byte-compiles it for this Python. Cost: 10 ms where it is there, a few
    seconds the first time for a Python version.

    Args:
        python: the environment's interpreter (``<root>/.venv/bin/python``).
        installed: what the environment holds; these versions always win.
        offline: take packages from uv's cache only.
        report: told the steps that take time.

    Raises:
        MlenvError: ``python-too-old``, ``interpreter-broken``, ``runtime-unresolvable`` (names the package that the
            kernel cannot live with), ``runtime-failed``, ``no-network``, ``not-writable``, ``no-space``.
    """
    raise NotImplementedError


def listed() -> tuple[RuntimeRef, ...]:
    """Return all runtimes, newest first. Cost: one small file and one walk of the folder each."""
    raise NotImplementedError


def prune(needed: Collection[str]) -> tuple[str, ...]:
    """Remove runtimes and old kernel sides that no registered kernel needs.

    Args:
        needed: prefixes of the environments of registered kernels (those that are gone need nothing).

    Returns:
        What was removed, as paths.
    """
    raise NotImplementedError
