"""What the project's own sources need to be built: without it an editable install would ask the network."""

from __future__ import annotations

import tomllib
from pathlib import Path

from mlenv import store
from mlenv.locks import Selected
from mlenv.services.project import Project

__all__ = ["build_needs", "own_sources"]

_USUAL = ("setuptools>=64", "wheel")
"""Where a project says nothing (PEP 518); setuptools builds editable installs from 64 on."""
_BESIDE = {"hatchling.build": ("editables>=0.3",)}
"""Build backend -> what it asks for only when it is run to make an editable install (PEP 660)."""


def own_sources(selected: Selected) -> tuple[str, ...]:
    """Return the folders, relative to the root, of what is installed from the project's own files."""
    pins = selected.selection.pins
    named = [pin.source.url or "." for pin in pins if pin.source.kind in {"editable", "path"}]
    packaged = selected.choice.manifest == "pyproject.toml" and selected.manifest and selected.manifest.packaged
    return tuple(dict.fromkeys((*named, *(["."] if packaged else []))))


def build_needs(project: Project, selected: Selected) -> tuple[str, ...]:
    """Return the requirements of their build systems, sorted; those of what is no folder are none."""
    found: set[str] = set()
    for name in own_sources(selected):
        folder = project.root / name
        if folder.is_dir():
            found.update(_needs(folder / "pyproject.toml"))
    return tuple(sorted(found))


def _needs(manifest: Path) -> tuple[str, ...]:
    table = tomllib.loads(store.read_text(manifest)) if manifest.is_file() else {}
    system = table.get("build-system")
    if not isinstance(system, dict) or not isinstance(system.get("requires"), list):
        return _USUAL
    rows = tuple(row for row in system["requires"] if isinstance(row, str))
    return (*rows, *_BESIDE.get(str(system.get("build-backend")), ()))
