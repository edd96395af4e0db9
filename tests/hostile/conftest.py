"""A project folder beside its own home, and an index address at which nobody answers."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder: the real index is never asked."""
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    folder = tmp_path / "demo"
    folder.mkdir()
    return folder
