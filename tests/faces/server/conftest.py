"""Shared by the tests of the server face: pytest-jupyter's server in this process, real ones beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403  # its fixtures and hooks, for this folder only

from faces.server.live_server import LiveServer, start_server
from kernel.locked import write_project
from mlenv.faces.server.schemas import SCHEMAS
from torture.handmade import make_wheel


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"mlenv": True}, "allow_unauthenticated_access": False}}


@pytest.fixture
def valid() -> Callable[[str, Any], Any]:
    """Hold an answer to its schema; the answer comes back."""

    def check(name: str, content: Any) -> Any:
        schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
        jsonschema.Draft202012Validator(schema).validate(content)
        return content

    return check


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages made by hand: no test here needs the package index for its own sake."""
    folder = tmp_path_factory.mktemp("wheels")
    for name, version in (("steady", "1.0"), ("second", "1.0"), ("second", "2.0")):
        make_wheel(folder, name, version, {f"{name}.py": f"VERSION = {version!r}\n"})
    return folder


@pytest.fixture
def make_project(make_venv: Callable[..., Path], wheels: Path) -> Callable[..., Path]:
    """Make a locked project with an environment: ``make_project(folder, {"steady": "1.0"}, installed=[...])``."""

    def make(root: Path, pins: dict[str, str], installed: dict[str, str] | None = None) -> Path:
        root.mkdir(parents=True, exist_ok=True)
        there = pins if installed is None else installed
        # From a folder that stands in for an index: no direct_url.json, as with the pins' own source.
        words = ["--no-index", "--find-links", str(wheels), *(f"{name}=={version}" for name, version in there.items())]
        make_venv(root / ".venv", None, *(words if there else ()))
        write_project(root, pins)
        return root

    return make


@pytest.fixture
def add_spec(mlenv_home: Path) -> Callable[..., str]:
    """Write a kernelspec into this user's folder: ``add_spec("name", argv=[...], mlenv={...})``."""

    def add(name: str, argv: list[str], mlenv: dict[str, Any] | None = None) -> str:
        import os

        folder = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / name
        folder.mkdir(parents=True)
        metadata = {"mlenv": mlenv} if mlenv else {}
        spec = {"argv": argv, "display_name": name, "language": "python", "metadata": metadata}
        (folder / "kernel.json").write_text(json.dumps(spec))
        return name

    return add


@pytest.fixture
def host_kernel() -> list[str]:
    """How a kernel of this Python is started."""
    return [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]


@pytest.fixture
def live(mlenv_home: Path, tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Start real servers; all are ended after the test."""
    servers: list[LiveServer] = []

    def start(*options: str, root: Path | None = None, **more: Any) -> LiveServer:
        (mlenv_home / "jupyter-runtime").mkdir(exist_ok=True)
        log = tmp_path / f"server-{len(servers)}.log"
        servers.append(start_server(root or tmp_path / "root", log, *options, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
