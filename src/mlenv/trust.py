"""Which projects' environments this user made or accepted, recorded outside the projects.

The portable kernel enters an environment only then: a project that somebody sends must not be able to start programs
of its own because a notebook was opened.
"""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import store

__all__ = ["trust", "trusted"]

_KEPT = 1000


def trust(root: Path, prefix: Path) -> None:
    """Record that this user made or accepted the environment at ``prefix`` for the project at ``root``.

    Raises:
        MlenvError: ``not-writable``, ``no-space``.
    """
    row = {"root": os.path.realpath(root), "prefix": os.path.abspath(prefix)}
    others = [known for known in _rows() if known["root"] != row["root"]]
    store.write_json(_path(), {"schema": 1, "trusted": [*others, row][-_KEPT:]})


def trusted(root: Path) -> Path | None:
    """Return the environment that this user made or accepted for a project, not resolved through links."""
    wanted = os.path.realpath(root)
    return next((Path(row["prefix"]) for row in _rows() if row["root"] == wanted), None)


def _path() -> Path:
    return store.data_dir() / "trust.json"


def _rows() -> list[dict[str, str]]:
    rows = (store.read_json(_path()) or {}).get("trusted")
    good = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [row for row in good if all(isinstance(row.get(name), str) for name in ("root", "prefix"))]
