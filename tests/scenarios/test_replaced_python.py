"""A package that brings a program named ``python``: refused by either engine, and never started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.real_project import mlenv
from torture.handmade import make_wheel

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


@pytest.mark.parametrize("engine", ["uv", "venv"])
def test_a_program_in_the_interpreters_place_is_refused_and_never_started(
    engine: str, root: Path, tmp_path: Path
) -> None:
    """T15: pip installs a script named python3 over the environment's own; the old environment stays."""
    ran, links = tmp_path / "ran", tmp_path / "links"
    script = f"#!/bin/sh\necho x >> {ran}\n"
    make_wheel(links, "oddly_made_here", "1.0", {"odd.py": "", "oddly_made_here-1.0.data/scripts/python3": script})
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(links), "pip", "six"]
    subprocess.run(argv, check=True, timeout=300)
    found = {"UV_FIND_LINKS": str(links), "PIP_FIND_LINKS": str(links)} | ({"MLENV_UV": ""} if engine == "venv" else {})
    mlenv(root, "create", "six", env=found)
    before = (root / ".venv").readlink()
    refused = mlenv(root, "add", "oddly-made-here", env=found, code=2)
    assert len(refused.stderr.strip().splitlines()) <= 5
    assert (root / ".venv").readlink() == before
    assert mlenv(root, "check").code == 0
    assert not ran.exists()
    assert engine == "uv" or "in the place of the environment's python3" in refused.stderr
