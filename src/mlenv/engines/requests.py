"""What an engine is asked to do, in words that every engine understands."""

from __future__ import annotations

from mlenv.model import value

__all__ = ["DownloadRequest", "InstallRequest", "ResolveRequest"]


@value
class InstallRequest:
    """Put packages into one environment."""

    prefix: str
    """The environment's real folder; for uv also an interpreter, where it is a host's own Python."""
    target: str = ""
    """A folder that gets the packages in place of the environment (uv only)."""
    managed: bool = False
    """Whether the system's own Python may be changed (PEP 668): on hosts whose images have no other (uv only)."""
    constraints: tuple[str, ...] = ()
    """Files whose versions hold for dependencies, too (uv only)."""
    files: tuple[str, ...] = ()
    """Requirements files or a ``pylock.toml``, written by mlenv."""
    text: str | None = None
    """Requirements text, handed over by standard input (uv only)."""
    allow_build: bool = False
    wheels_only: tuple[str, ...] = ()
    """Packages that must not be built, where ``allow_build`` holds for others."""
    with_dependencies: bool = False
    require_hashes: bool = False
    exact: bool = False
    """Take away what is not asked for."""
    reinstall: tuple[str, ...] = ()
    """Packages to install afresh although they seem to be there."""
    dry_run: bool = False
    """Only say what would change (JSON)."""
    torch_backend: str = ""
    """The builds of PyTorch to take (uv only): ``cpu``, ``cu128``."""
    cwd: str | None = None


@value
class ResolveRequest:
    """Turn requirements into exact pins."""

    output: str
    """File to write: the existing lock, or a copy of it, so that its pins are kept where they still fit."""
    python: str
    """Interpreter to resolve with."""
    lowest_python: str = ""
    """The lowest Python that the lock is for (``3.9``); the interpreter's own if empty."""
    files: tuple[str, ...] = ()
    """``pyproject.toml``, ``requirements.in``, ..."""
    text: str | None = None
    """Requirements text, handed over by standard input (uv only)."""
    with_dependencies: bool = True
    """Whether what the requirements need is to be found, too (uv only)."""
    constraints: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    upgrade: tuple[str, ...] = ()
    upgrade_all: bool = False
    allow_build: bool = False
    exclude_newer: str = ""
    """Only packages uploaded before this day or moment (RFC 3339)."""
    universal: bool = True
    platform: str = ""
    """Another machine that it is for, in uv's words (``x86_64-pc-windows-msvc``); this one if empty."""
    torch_backend: str = ""
    """The builds of PyTorch to take (uv only): ``cpu``, ``cu128``; ``auto`` for what ``cuda_driver`` runs."""
    cuda_driver: str = ""
    """The driver that ``auto`` is for: uv would look for one by itself, without a time limit."""
    cwd: str | None = None


@value
class DownloadRequest:
    """Fetch wheels into a folder, for an interpreter that need not be on this machine."""

    folder: str
    file: str
    """Requirements file with one exact pin a line, written by mlenv."""
    python: str
    """Full version, ``3.11.7``."""
    tag: str
    """The first wheel tag of the interpreter, ``cp311-cp311-manylinux_2_36_x86_64``."""
    platforms: tuple[str, ...]
    """Platform tags, best first."""
    require_hashes: bool = False
