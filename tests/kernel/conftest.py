"""Projects whose kernels the tests start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.projects import ProjectKernel, make_project


@pytest.fixture
def project(mlenv_home: Path, tmp_path: Path, make_venv: Callable[..., Path]) -> Callable[..., ProjectKernel]:
    """Make a real project: ``project("3.9", "traitlets==5.0.5", pip=True, ensured=False, name="demo")``."""

    def make(minor: str, *packages: str, name: str = "demo", pip: bool = False, ensured: bool = True) -> ProjectKernel:
        return make_project(tmp_path / name, make_venv, minor, *packages, pip=pip, ensured=ensured)

    return make
