"""S57: a limit on file sizes, a disk that is too small, a lock that says so before anything is fetched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import mlenv

pytestmark = pytest.mark.real

_MLENV = f"{sys.executable} -m mlenv"


def _shell(script: str, *before: str) -> tuple[dict[str, Any], list[str]]:
    """Run ``mlenv ... --json`` and then ``ls -A`` in one shell; return the error and what was left."""
    done = subprocess.run([*before, "sh", "-c", script], capture_output=True, text=True, timeout=300)
    answer, *left = done.stdout.splitlines()
    assert "Traceback" not in done.stderr
    return dict(json.loads(answer)["error"]), left


@pytest.mark.parametrize(("blocks", "engine"), [(1, "uv"), (2, "venv"), (40, "venv")])
def test_a_limit_on_file_sizes_is_one_clear_error(root: Path, blocks: int, engine: str) -> None:
    """`ulimit -f` (blocks of 512 bytes or 1 kB): too small for the lock, or for a package; nothing is left."""
    create = f"{_MLENV} create networkx --engine {engine} --json"
    error, left = _shell(f"cd {root}; (ulimit -f {blocks}; {create}); ls -A")
    assert (error["code"], left) == ("no-space", [])
    assert "limit on file sizes" in error["message"]
    assert error["where"]


def test_a_disk_that_is_too_small_is_one_clear_error_with_place_and_size(root: Path) -> None:
    """A RAM disk of 3 MB: what is free there is told, and nothing is left on it."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("not run: no RAM disk can be mounted here")
    script = f"mount -t tmpfs -o size=3m tmpfs {root} && cd {root} && {_MLENV} create networkx --json; ls -A {root}"
    error, left = _shell(script, "unshare", "-rm")
    assert (error["code"], left) == ("no-space", [])
    assert f"needs more than the 3.1 MB that are free in {root}" in error["message"]


def test_what_the_lock_says_is_told_before_anything_is_fetched(root: Path) -> None:
    """The lock's wheel has a thousand terabytes; its address, which nobody answers, is never asked."""
    wheel = "six-1.17.0-py2.py3-none-any.whl"
    row = f'{{ url = "https://index.example.org/{wheel}", size = {10**15}, hashes = {{ sha256 = "{"0" * 64}" }} }}'
    (root / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "by hand"\n\n[[packages]]\nname = "six"\nversion = "1.17.0"\n'
        f"wheels = [{row}]\n"
    )
    done = mlenv(root, "create", "--engine", "venv", "--json", code=2)
    error = done.json()["error"]
    assert error["code"] == "no-space"
    assert "need 1000000.0 GB" in error["message"]
    assert "nothing was fetched or changed" in error["message"]
    assert sorted(os.listdir(root)) == ["pylock.toml"]
