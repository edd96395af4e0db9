"""Set the scene of a row, type its words into the real command line, and return what came out."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hostile.faulty import address
from hostile.row import Environment, Files, Folder, Link
from mlenv.faces.cli import main
from scenarios.traces import snapshot

__all__ = ["Answer", "fill", "in_process", "lay", "plant", "site_of", "through_a_process", "tree"]


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def wire(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


def in_process(folder: Path, words: tuple[str, ...]) -> Answer:
    """Run the command line in this process: the same code as a real one, without the start of a Python."""
    out, err = io.StringIO(), io.StringIO()
    began = time.monotonic()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*words, "--json"])
    return Answer(code, out.getvalue(), err.getvalue(), time.monotonic() - began)


def through_a_process(folder: Path, words: tuple[str, ...]) -> Answer:
    """Run the command line as a user does."""
    began = time.monotonic()
    argv = [sys.executable, "-m", "mlenv", *words, "--json"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    return Answer(done.returncode, done.stdout, done.stderr, time.monotonic() - began)


def tree(folder: Path) -> Mapping[str, str]:
    """Return all that lies below a folder, but for caches of mlenv and uv: losing or making one changes nothing."""
    found = snapshot(folder)
    return {
        name: found[name] for name in found if not any(name == own or name.startswith(f"{own}/") for own in _CACHES)
    }


_CACHES = ("home/mlenv-cache", "home/.cache", "home/.local", "home/.rustup")
"""The last two are what uv locks its credentials with, and what pip's question for Rust's version leaves."""


def lay(root: Path, files: Files) -> None:
    """Put the files of a row where they belong."""
    for name, content in files.items():
        path = root.parent / "home" / name[2:] if name.startswith("~/") else root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Folder):
            path.mkdir(exist_ok=True)
        elif isinstance(content, Link):
            path.symlink_to(content.target)
        elif isinstance(content, Environment):
            _environment(path, content)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def _environment(prefix: Path, wanted: Environment) -> None:
    venv.EnvBuilder(symlinks=True).create(prefix)
    for name, version in wanted.packages.items():
        plant(prefix, name, version)
    if wanted.damage:
        wanted.damage(prefix)


def site_of(prefix: Path) -> Path:
    """Return where an environment keeps its packages."""
    return next(prefix.glob("lib/python3*/site-packages"))


def plant(prefix: Path, name: str, version: str) -> Path:
    """Put a whole package of one module into an environment; its metadata folder comes back."""
    site = site_of(prefix)
    (site / f"{name}.py").write_text(f'__version__ = "{version}"\n')
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (info / "INSTALLER").write_text("uv")
    rows = [
        f"{path.relative_to(site)},,{path.stat().st_size}" for path in (site / f"{name}.py", *sorted(info.iterdir()))
    ]
    (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,"]) + "\n")
    return info


def fill(text: str, root: Path) -> str:
    """Fill in the folders, and the address of the faulty index, of a row."""
    if "{index}" in text or "{https}" in text:
        text = text.replace("{index}", address()).replace("{https}", address().replace("http:", "https:"))
    return text.replace("{root}", str(root)).replace("{home}", str(root.parent / "home"))
