"""The set-up cell of a hosted notebook, as text and as a notebook."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

__all__ = ["cells", "notebook_text"]


def cells(version: str, *, lock: str, source: str = "", told: Sequence[str] = ()) -> tuple[str, str]:
    """Return the cell that sets up, and the line with which the next one begins.

    Args:
        version: of mlenv, ``0.1.0``; the cell asks for this series.
        lock: relative to the source, or to the notebook where there is none.
        source: address of the project's repository, or a folder of the host; empty where it has none.
        told: further words, which choose extras and groups.
    """
    series = ".".join(version.split(".")[:2])
    words = [*(("--from", source) if source else ()), "--lock", lock, *told]
    setup = " ".join(["%mlenv setup", *map(shlex.quote, words)])
    rows = ["# Colab, Kaggle and other hosted notebooks: the packages that the project locked"]
    if not source:
        rows.append(f"# {lock} lies beside this notebook; or name a bundle (mlenv bundle): --from FILE")
    return "\n".join([*rows, f'%pip install -q "mlenv=={series}.*"', "%load_ext mlenv", setup]), "%mlenv check --strict"


def notebook_text(sources: tuple[str, ...]) -> str:
    """Return a notebook (format 4.4, which every front end opens) with these code cells."""
    rows: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source.splitlines(keepends=True),
        }
        for source in sources
    ]
    spec = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    content = {"cells": rows, "metadata": spec, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
