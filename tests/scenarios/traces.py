"""What a command left behind: folders compared before and after, and machines without network or rights."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["as_weak_user", "snapshot", "uv", "without_network"]


def snapshot(folder: Path) -> dict[str, str]:
    """Return every file, link and folder below, with what it holds; compiled files and locks of live kernels left out."""
    found: dict[str, str] = {}
    for base, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in [*folders, *files]:
            path = Path(base, name)
            found[str(path.relative_to(folder))] = _content(path)
    return found


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"-> {os.readlink(path)}"
    if path.is_dir():
        return "folder"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def uv(*words: str) -> None:
    """Run the uv that mlenv uses, as somebody who works by hand."""
    from uv import find_uv_bin

    done = subprocess.run([str(find_uv_bin()), *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@functools.cache
def without_network() -> tuple[str, ...]:
    """Return what to put before a command so that it has no network, not even this machine's own."""
    for words in (("unshare", "-rn"), ("unshare", "-n")):
        if shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
            return words
    pytest.skip("not run: this machine does not let a program be cut from the network")


@functools.cache
def as_weak_user() -> tuple[str, ...]:
    """Return what to put before a command so that the permissions of files count (they do not for root)."""
    if os.geteuid() != 0:
        return ()
    words = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    if shutil.which("setpriv") and subprocess.run([*words, "true"], capture_output=True).returncode == 0:
        return words
    pytest.skip("not run: root here, and its rights cannot be taken away")
