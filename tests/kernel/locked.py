"""Lock a test project: a real pylock.toml and pyproject.toml, and the selection that host code would cache for it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from mlenv.model import Declared, Pin, Selection
from mlenv.probe import site


def write_project(root: Path, pins: Mapping[str, str]) -> None:
    """Write manifest and lock."""
    names = ", ".join(f'"{name}"' for name in pins)
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = [{names}]\n'
    )
    rows = "".join(_row(name, version) for name, version in pins.items())
    (root / "pylock.toml").write_text(f'lock-version = "1.0"\ncreated-by = "test"\n{rows}')


def _row(name: str, version: str) -> str:
    wheel = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    source = f'{{name = "{wheel}", url = "https://example.org/{wheel}", hashes = {{sha256 = "{"0" * 64}"}}}}'
    return f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\nwheels = [{source}]\n'


def lock(root: Path, pins: Mapping[str, str], cache_tag: str) -> Selection:
    """Write manifest, lock and the cached selection of one Python."""
    write_project(root, pins)
    selection = Selection(
        root=str(root),
        name="demo",
        manifest="pyproject.toml",
        lock="pylock.toml",
        kind="pylock",
        pins=tuple(Pin(name=name, version=version) for name, version in pins.items()),
        declared=tuple(Declared(name=name, text=name, origin="pyproject.toml") for name in pins),
        inputs=site.stamps([str(root / name) for name in ("pyproject.toml", "pylock.toml", "uv.lock")]),
    )
    key = hashlib.sha256(f"{os.path.realpath(root)}\n{cache_tag}".encode()).hexdigest()[:24]
    path = Path(os.environ["MLENV_CACHE_DIR"]) / "selections" / f"{key}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"schema": 1, "selection": asdict(selection)}))
    return selection
