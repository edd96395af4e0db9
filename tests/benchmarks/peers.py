"""Other tools, each in an environment of its own, from the package index that this machine uses."""

from __future__ import annotations

import subprocess
from pathlib import Path

from uv import find_uv_bin

__all__ = ["peer", "uv", "versions"]

_NEEDS = {
    "pyproject-local-kernel": ("pyproject-local-kernel>=0.12", "ipykernel>=6"),
    "juv": ("juv>=0.5", "ipykernel>=6"),
}


def uv() -> str:
    """The uv that mlenv itself uses."""
    return str(find_uv_bin())


def peer(folder: Path, name: str) -> Path:
    """Return the ``bin`` folder of a tool's environment, made where it is not there yet."""
    prefix = folder / name
    if not (prefix / "complete").exists():
        subprocess.run([uv(), "venv", "--quiet", "--clear", str(prefix)], check=True)
        python = str(prefix / "bin" / "python")
        subprocess.run(
            [uv(), "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *_NEEDS[name]], check=True
        )
        (prefix / "complete").touch()
    return prefix / "bin"


def versions(folder: Path) -> dict[str, str]:
    """Return the version of every tool that is here."""
    sites = {name: f"lib/python*/site-packages/{name.replace('-', '_')}-*.dist-info" for name in _NEEDS}
    folders = {name: next((folder / name).glob(pattern), None) for name, pattern in sites.items()}
    return {name: path.name.removesuffix(".dist-info").rpartition("-")[2] for name, path in folders.items() if path}
