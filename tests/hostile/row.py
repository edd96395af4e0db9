"""One row of the table of bad inputs: a scene, the words typed, and what must come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Environment", "Files", "Folder", "Link", "Row", "project", "pylock", "uv_lock"]


@dataclass(frozen=True)
class Folder:
    """An empty folder."""


@dataclass(frozen=True)
class Link:
    """A symlink."""

    target: str


@dataclass(frozen=True)
class Environment:
    """A real environment (of this Python, without pip) with planted packages, and what is then done to it."""

    packages: Mapping[str, str] = field(default_factory=lambda: {"six": "1.16.0"})
    damage: Callable[[Path], None] | None = None
    """Given the prefix."""


Files = Mapping[str, "str | bytes | Folder | Link | Environment"]
"""Path -> content. Relative to the project; ``~/x`` lies in the home, ``../x`` beside the project."""


@dataclass(frozen=True)
class Row:
    """A situation; exit status 2 with a ``code``, or exit status 1 with a ``verdict``."""

    id: str
    words: str | tuple[str, ...]
    code: str = ""
    """Code of the error; empty where a verdict comes out."""
    where: str = ""
    """A part of where it is: the file and the place in it; empty where the typed words are the place."""
    says: str = ""
    """A part of the message (or of the reason of a finding)."""
    hint: str = ""
    """A part of what to type (or of the command of the next action)."""
    files: Files = field(default_factory=dict)
    verdict: str = ""
    kind: str = ""
    """Kind of the finding that carries ``says``."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of this row; ``{root}`` and ``{home}`` are filled in."""
    scene: Callable[[Path], None] | None = None
    """What the table cannot say: given the project's folder, after the files are there."""

    @property
    def typed(self) -> tuple[str, ...]:
        return tuple(self.words.split()) if isinstance(self.words, str) else self.words


def project(*dependencies: str, more: str = "", name: str = "demo") -> str:
    """Return a ``pyproject.toml``."""
    rows = ", ".join(f'"{row}"' for row in dependencies)
    return f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = [{rows}]\n{more}'


def pylock(*packages: str, head: str = 'lock-version = "1.0"\ncreated-by = "hand"\n') -> str:
    """Return a ``pylock.toml`` of another tool from package rows (``name = "six"\\nversion = "1"``)."""
    return head + "".join(f"[[packages]]\n{package}\n" for package in packages)


def uv_lock(*packages: str, head: str = 'version = 1\nrevision = 2\nrequires-python = ">=3.9"\n') -> str:
    """Return a ``uv.lock`` of the project ``demo`` that needs six, from further package rows."""
    own = (
        'name = "demo"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "six" }]\n'
        '[package.metadata]\nrequires-dist = [{ name = "six" }]'
    )
    return head + "".join(f"[[package]]\n{package}\n" for package in (own, *packages))
