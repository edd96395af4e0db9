"""Where mlenv keeps its own files, outside every project."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["cache_dir", "data_dir"]


def data_dir() -> Path:
    """Return mlenv's own data folder: launcher, runtimes, trust (``MLENV_DATA_DIR`` overrides)."""
    return Path(os.environ.get("MLENV_DATA_DIR") or platformdirs.user_data_dir("mlenv"))


def cache_dir() -> Path:
    """Return mlenv's cache folder; losing it costs only time (``MLENV_CACHE_DIR`` overrides)."""
    return Path(os.environ.get("MLENV_CACHE_DIR") or platformdirs.user_cache_dir("mlenv"))
