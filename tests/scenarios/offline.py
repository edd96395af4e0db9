"""A machine without a network and without anything kept: what a bundle must do without."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scenarios.real_project import Answer

__all__ = ["UNSHARE", "cut_off", "fresh_machine"]

_LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP
os.execvp(sys.argv[1], sys.argv[1:])
"""
UNSHARE = ("unshare", "-n", sys.executable, "-c", _LOOPBACK_UP)


def fresh_machine(home: Path) -> dict[str, str]:
    """Return the variables of a user who has nothing: no cache, no runtime, no kernel, no configuration."""
    home.mkdir(parents=True, exist_ok=True)
    names = ("UV_CACHE_DIR", "PIP_CACHE_DIR", "MLENV_DATA_DIR", "MLENV_CACHE_DIR", "JUPYTER_DATA_DIR")
    folders = {name: str(home / name.lower()) for name in names}
    return {**folders, "HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "UV_NO_CONFIG": "1"}


def cut_off(folder: Path, *words: str, env: dict[str, str], code: int | None = 0, timeout_s: float = 300) -> Answer:
    """Run ``mlenv ...`` where there is no network but the loopback that kernels need."""
    able = shutil.which("unshare") and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
    if not able:
        pytest.skip("not run: this machine does not let a program be cut from the network")
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "mlenv", *words], cwd=folder, env={**os.environ, **env},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s,
    )  # fmt: skip
    assert code is None or done.returncode == code, f"{words} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Answer(done.returncode, done.stdout, done.stderr)
