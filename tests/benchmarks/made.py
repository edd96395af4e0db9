"""Environments of hundreds and thousands of real packages: tiny wheels, built here, installed by uv."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import uv

__all__ = ["MODULES", "Made", "make_project", "make_wheels", "name_of"]

MODULES = 4
"""Modules of each of the first 300 packages, beside its ``__init__``: 1,500 modules together, some 2,000 with a kernel."""
_MANY = 300
_WHEEL = "Wheel-Version: 1.0\nGenerator: mlenv-bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Made:
    """A project with so many packages, locked and installed."""

    root: Path
    """pyproject.toml, pylock.toml and .venv: what mlenv checks."""
    beside: Path
    """The same packages as uv keeps a project: pyproject.toml, uv.lock and .venv."""

    @property
    def python(self) -> str:
        return str(self.root / ".venv" / "bin" / "python")

    @property
    def lock(self) -> Path:
        return self.root / "pylock.toml"


def name_of(number: int) -> str:
    return f"bench-package-{number:04}"


def make_wheels(folder: Path, number: int) -> None:
    """Build wheels where they are not there yet. Cost: 1 ms each."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in range(number):
        _wheel(folder, each)


def _wheel(folder: Path, number: int) -> None:
    snake = name_of(number).replace("-", "_")
    path = folder / f"{snake}-1.{number}.0-py3-none-any.whl"
    if path.exists():
        return
    info = f"{snake}-1.{number}.0.dist-info"
    needs = f"Requires-Dist: {name_of(number // 2)}\n" if number else ""
    files = {f"{snake}/__init__.py": f'"""Package {number}."""\n__version__ = "1.{number}.0"\n'}
    for module in range(MODULES if number < _MANY else 0):
        files[f"{snake}/part_{module}.py"] = f"NUMBER = {number * 10 + module}\n"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name_of(number)}\nVersion: 1.{number}.0\n{needs}"
    files[f"{info}/WHEEL"] = _WHEEL
    record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def make_project(folder: Path, wheels: Path, number: int, env: Mapping[str, str]) -> Made:
    """Lock the first so many packages with uv, as pylock.toml and as uv.lock, and install both."""
    made = Made(root=folder / "project", beside=folder / "beside")
    rows = "".join(f'  "{name_of(each)}",\n' for each in range(number))
    text = f'[project]\nname = "bench"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = [\n{rows}]\n'
    settings = f'[tool.uv]\npackage = false\nno-index = true\nfind-links = ["{wheels}"]\n'
    made.root.mkdir(parents=True)
    made.beside.mkdir()
    (made.root / "pyproject.toml").write_text(text)
    (made.beside / "pyproject.toml").write_text(text + settings)
    source = ("--no-index", "--find-links", str(wheels))
    compile_ = ("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--format", "pylock.toml")
    _uv(made.root, env, *compile_, *source, "pyproject.toml", "-o", "pylock.toml")
    _uv(made.root, env, "venv", "--python", sys.executable, ".venv")
    _uv(made.root, env, "pip", "install", "pip")
    _uv(made.root, env, "pip", "install", "--no-deps", *source, *(name_of(each) for each in range(number)))
    _uv(made.beside, env, "lock", "--python", sys.executable)
    _uv(made.beside, env, "sync", "--python", sys.executable)
    return made


def _uv(cwd: Path, env: Mapping[str, str], *words: str) -> None:
    done = subprocess.run([uv(), "--quiet", *words], cwd=cwd, env=dict(env), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(words[:6])}: {done.stderr[-2000:]}")
