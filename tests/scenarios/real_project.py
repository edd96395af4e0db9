"""Projects made by mlenv's own command line, and their kernels, for the scenarios."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Answer", "Project", "child_processes", "mlenv", "specs"]


@dataclass(frozen=True)
class Answer:
    """How a run of the command line ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.stdout))


def mlenv(
    folder: Path, *words: str, code: int | None = 0, env: Mapping[str, str] | None = None, timeout_s: float = 300
) -> Answer:
    """Run ``mlenv ...`` in a folder as a user does; ``code`` is the exit status that must come (``None``: any)."""
    done = subprocess.run(
        [sys.executable, "-m", "mlenv", *words],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )
    assert code is None or done.returncode == code, f"{words} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Answer(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Project:
    """One project on disk."""

    root: Path
    kernel: str = ""
    """Id of its kernel."""

    @property
    def link(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.link / "bin" / "python"

    @property
    def site(self) -> Path:
        return next(self.link.glob("lib/python3*/site-packages"))

    @property
    def packages(self) -> dict[str, str]:
        """What is installed on disk, name -> version, pip left out."""
        rows = (path.name.removesuffix(".dist-info").split("-") for path in self.site.glob("*.dist-info"))
        return {name.lower().replace("_", "-"): version for name, version, *_ in rows if name != "pip"}

    @property
    def files(self) -> dict[str, str]:
        """Content of the project's own files (manifest, lock), to see that nothing was written."""
        return {path.name: path.read_text() for path in sorted(self.root.glob("*.*")) if path.is_file()}

    def mlenv(self, *words: str, **options: Any) -> Answer:
        return mlenv(self.root, *words, **options)

    def check(self) -> dict[str, Any]:
        """The wire of ``mlenv check``."""
        return self.mlenv("check", "--json", code=None).json()


def create(root: Path, *words: str, **options: Any) -> Project:
    """Make a project with ``mlenv create``."""
    root.mkdir(parents=True, exist_ok=True)
    made = mlenv(root, "create", *words, "--json", **options).json()
    return Project(root, str(made["kernel"]))


def specs(home: Path) -> dict[str, dict[str, Any]]:
    """The kernelspecs of this user, by id."""
    files = sorted((home / "jupyter" / "kernels").glob("*/kernel.json"))
    return {file.parent.name: json.loads(file.read_text()) for file in files}


def child_processes(needle: str) -> list[str]:
    """Command lines of all running processes that name something."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if needle in text:
            found.append(text)
    return found
