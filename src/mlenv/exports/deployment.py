"""What of a project counts where it goes next."""

from __future__ import annotations

import re
from collections.abc import Callable

from mlenv.model import value

__all__ = ["Deployment", "Platform", "TextFile", "Wish"]


@value
class Deployment:
    """One project, as its lock and its files say. No path is absolute, nothing is of one machine."""

    name: str
    """As the project writes it."""
    lock: str
    """Relative to the project, ``/`` between folders, as every path here."""
    kind: str
    """``uv``, ``pylock``, ``requirements``, ``poetry``, ``conda-lock``, ... (the wire's ``lock.kind``)."""
    python: str
    """``3.12.4``; ``3.12`` where the project names no release and has no environment."""
    mlenv: str
    """The requirement that brings this mlenv: ``mlenv==0.1.0``."""
    manifest: str | None = None
    inputs: tuple[str, ...] = ()
    """The files that decide what is installed, lock and manifest among them; sorted."""
    requires_python: str = ""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    """The words that choose lock, extras and groups again: ``--lock``, ``requirements.txt``, ``--group``, ``dev``."""
    cuda: str = ""
    """The CUDA release that a framework of the lock was built for (``12.8``, or only ``12``); empty without one."""
    hashed: bool = False
    """Whether the lock has a hash for every package of an index."""
    local: tuple[str, ...] = ()
    """Folders of the project that are installed from source (``.`` for the project itself)."""
    git: bool = False
    """Whether a package comes from a git repository."""
    credentials: tuple[str, ...] = ()
    """Names of the environment variables that hold credentials of private indexes; never a value."""
    notebooks: tuple[str, ...] = ()
    """Every notebook of the project, sorted."""
    ignored: tuple[str, ...] = ()
    """The lines of the project's ``.dockerignore``, without comments."""
    nested: tuple[str, ...] = ()
    """Folders below the project that are projects of their own, with notebooks of theirs."""
    repository: str = ""
    """Public address of the project's git remote; empty without one."""
    below: str = ""
    """The project's folder in its repository, remote or not, with ``/`` behind it; empty at its top."""

    @property
    def slug(self) -> str:
        """The name as images, hooks and resources may bear it: lower case letters, digits and single dashes."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")
        return plain[:60].rstrip("-") or "project"

    @property
    def as_locked(self) -> tuple[str, ...]:
        """The words that make the environment of the lock as it is; what comes from git has no wheel, and is built."""
        return ("--frozen", *self.told, *(("--allow-build",) if self.git else ()))

    @property
    def minor(self) -> str:
        """``3.12``."""
        return ".".join(self.python.split(".")[:2])

    @property
    def conda(self) -> bool:
        """Whether Python itself comes from the lock's channels."""
        return self.kind in {"conda-lock", "pixi", "conda"}

    def tool(self, *extras: str) -> str:
        """Return the requirement of mlenv with extras, and with what the lock's kind needs: ``mlenv[run]==0.1.0``."""
        wanted = ",".join(sorted({*extras, *(["conda"] if self.conda else [])}))
        return self.mlenv.replace("mlenv", f"mlenv[{wanted}]", 1) if wanted else self.mlenv


@value
class Wish:
    """What of the command line is for the platforms."""

    jupyter: bool = False
    """Whether JupyterLab and the project's kernel belong into the image."""
    base: str = ""
    """The base image to take; empty: the platform's own choice."""


@value
class TextFile:
    """One file to be written."""

    path: str
    """Relative to the project."""
    text: str
    comment: str | None = "#"
    """What begins a comment in it, for the seal; ``None`` where the format has no comments."""
    maker: str = ""
    """The platform that the seal names, where another one writes the same file."""
    executable: bool = False
    where: str = ""
    """What to type instead where somebody's own file lies there, beside ``--force`` and ``--output``."""


@value
class Platform:
    """One place where a project can go."""

    name: str
    summary: str
    """What is written, in a few words, for lists."""
    files: Callable[[Deployment, Wish], tuple[TextFile, ...]]
    """Raises :class:`~mlenv.errors.MlenvError` where the platform cannot have such a project."""
    follow: Callable[[Deployment, Wish], str] = lambda deployment, wish: ""
    """What to type next: one line."""
    options: tuple[str, ...] = ()
    """Which fields of :class:`Wish` it takes."""
    top: bool = False
    """Whether the platform looks for its files at the top of the repository; paths are relative to that, then."""
