"""Shared by the scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path, mlenv_home: Path) -> Path:
    """An empty project folder beside the test's own home."""
    folder = tmp_path / "demo"
    folder.mkdir()
    return folder
