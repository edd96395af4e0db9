"""What engines write into a new environment beside packages, made to fit the project that it is for."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.services.project import Project

__all__ = ["aim_activation", "mark_seeded"]


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
