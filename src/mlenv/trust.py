"""Which projects' environments this user made or accepted, recorded outside the projects.

The portable kernel enters an environment only then: a project that somebody sends must not be able to start programs
of its own because a notebook was opened.
"""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import store

__all__ = ["prefixes", "trust", "trusted"]

_KEPT = 1000


def trust(root: Path, prefix: Path) -> None:
    """Record that this user made or accepted the environment at ``prefix`` for the project at ``root``.

    Raises:
        MlenvError: ``not-writable``, ``no-space``.
    """
    row = _row(root, prefix)
    if row not in _rows():
        others = [known for known in _rows() if known["root"] != row["root"]]
        store.write_json(_path(), {"schema": 1, "trusted": [*others, row][-_KEPT:]})


def trusted(root: Path) -> Path | None:
    """Return the environment that this user made or accepted for a project, spelled below ``root`` as that is spelled.

    Cost: one small file.
    """
    real = Path(os.path.realpath(root))
    for row in _rows():
        if row["root"] == str(real):
            prefix = Path(row["prefix"])
            return root / prefix.relative_to(real) if prefix.is_relative_to(real) else prefix
    return None


def prefixes() -> tuple[str, ...]:
    """Return all environments that this user made or accepted."""
    return tuple(row["prefix"] for row in _rows())


def _row(root: Path, prefix: Path) -> dict[str, str]:
    # The prefix itself is not resolved: `.venv` is a link that moves from generation to generation.
    return {"root": os.path.realpath(root), "prefix": os.path.join(os.path.realpath(prefix.parent), prefix.name)}


def _path() -> Path:
    return store.data_dir() / "trust.json"


def _rows() -> list[dict[str, str]]:
    rows = (store.read_json(_path()) or {}).get("trusted")
    good = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [row for row in good if all(isinstance(row.get(name), str) for name in ("root", "prefix"))]
