"""What engines write into a new environment beside packages, made to fit the project that it is for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.services.project import Project

__all__ = ["aim_activation", "mark_seeded", "python_links", "refuse_another_python"]


def python_links(generation: Path) -> dict[str, tuple[int, int, int]]:
    """Return what the interpreter's names in a new environment are, as an engine made them: device, inode, change."""
    folder = generation / ("Scripts" if os.name == "nt" else "bin")
    return {path.name: _identity(path) for path in sorted(folder.glob("python*"))}


def refuse_another_python(generation: Path, made: dict[str, tuple[int, int, int]]) -> None:
    """Stop where a package put a program of its own in the interpreter's place: nobody may start it.

    Raises:
        MlenvError: ``interpreter-replaced`` naming the file.
    """
    now = python_links(generation)
    replaced = [name for name, identity in made.items() if now.get(name) != identity]
    if replaced:
        raise MlenvError(
            "interpreter-replaced",
            f"a package put a program of its own in the place of the environment's {replaced[0]}; it was not started",
            where=replaced[0],
            hint="leave out the package that was added last",
        )


def _identity(path: Path) -> tuple[int, int, int]:
    seen = path.lstat()
    return seen.st_dev, seen.st_ino, seen.st_mtime_ns


def mark_seeded(generation: Path, prompt: str) -> None:
    """Say in ``pyvenv.cfg`` that pip belongs here (``uv sync`` then keeps it), and whose environment this is."""
    path = generation / "pyvenv.cfg"
    own = {"prompt", "seed"}
    lines = [line for line in store.read_text(path).splitlines() if line.split("=")[0].strip() not in own]
    store.write_atomic(path, "\n".join((*lines, f"prompt = {prompt}", "seed = true")) + "\n")


def aim_activation(generation: Path, project: Project, prompt: str) -> None:
    """Let the activation scripts name ``.venv``, so that a shell that has activated it follows the next switch.

    Only the part below the project is replaced: what is before it is quoted in each script's own way.
    """
    folder = generation / ("Scripts" if os.name == "nt" else "bin")
    real, shown = generation.relative_to(project.root), project.link.relative_to(project.root)
    for script in folder.glob("[aA]ctivate*"):
        with contextlib.suppress(MlenvError):
            text = store.read_text(script)
            aimed = text.replace(str(real), str(shown)).replace(generation.name, prompt)
            if aimed != text:
                store.write_atomic(script, aimed)
