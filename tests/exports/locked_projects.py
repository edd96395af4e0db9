"""Real projects with a lock, and mlenv's command line in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["CHECKOUT", "EXAMPLES", "LOCKS", "mlenv_in"]

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = (
    "classroom",
    "two-projects/newer",
    "two-projects/older",
    "three-projects/phase6_ml",
    "three-projects/phase7_dl",
    "three-projects/phase8_nlp",
)
LOCKS = ("conda-lock-1", "poetry-2.1", "uv-git", "uv-workspace", "pdm-4.5", "requirements-uv")
"""Of ``tests/data/locks``: real files of other tools, for what is only exported, not installed."""


def mlenv_in(
    folder: Path, env: Mapping[str, str], *words: str, ok: bool | None = True
) -> subprocess.CompletedProcess[str]:
    """Run mlenv's command line of this checkout; ``ok=None``: whatever comes."""
    argv = [sys.executable, "-m", "mlenv", *words]
    done = subprocess.run(argv, cwd=folder, env=dict(env), capture_output=True, text=True, timeout=300)
    if ok is not None:
        assert (done.returncode == 0) is ok, f"{words}\n{done.stdout}\n{done.stderr}"
    return done
