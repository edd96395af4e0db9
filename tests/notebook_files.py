"""Notebooks as files, for tests of what is read in them."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["write_notebook"]


def write_notebook(path: Path, *cells: str, kernel: str = "") -> Path:
    """Write a notebook of code cells, which names a kernel where one is given."""
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}} if kernel else {}
    rows = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": rows, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))
    return path
