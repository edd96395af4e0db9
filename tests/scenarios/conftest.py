"""Shared by the scenarios."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.real_project import mlenv
from torture.handmade import make_wheel


@pytest.fixture
def root(tmp_path: Path, mlenv_home: Path) -> Path:
    """An empty project folder beside the test's own home."""
    folder = tmp_path / "demo"
    folder.mkdir()
    return folder


@pytest.fixture
def runtime_there(mlenv_home: Path, shared_data: Path, tmp_path: Path) -> None:
    """The kernel's own packages, from the usual index, once: those of a test have none of them."""
    if not any((shared_data / "runtimes").glob(f"{sys.implementation.cache_tag}-*")):
        folder = tmp_path / "before"
        folder.mkdir()
        mlenv(folder, "create")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for an index: packages made by hand, and pip, with which environments are seeded."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("steady", "second", "third"):
        make_wheel(folder, name, "1.0", {f"{name}.py": "VALUE = 1\n"})
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]
    subprocess.run([*argv, str(folder), "pip"], check=True, timeout=300)
    return folder
