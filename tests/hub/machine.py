"""A machine with an administrator and two users: one environment for the hub, one project that all can read.

The users are numbers that no account has; programs are started as them, so this needs root and leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uv import find_uv_bin

__all__ = ["USERS", "Machine", "new_python", "opened", "reachable"]

USERS = (41001, 41002)
CHECKOUT = Path(__file__).parents[2]
_AS_USER = Path(__file__).with_name("as_user.py")
_NOT_NEEDED = ("test", "tests", "site-packages", "idlelib", "tkinter", "turtledemo", "__pycache__", "config-*", "*.a")


@dataclass(frozen=True)
class Machine:
    """The folders of the machine; all below one that every user can enter."""

    folder: Path
    hub: Path
    """The environment that JupyterHub and the users' servers run from; mlenv is in it, no package of a project."""
    env: Mapping[str, str]
    """The administrator's environment variables."""

    @property
    def spec_folder(self) -> Path:
        return self.hub / "share" / "jupyter" / "kernels"

    @property
    def share(self) -> Path:
        return self.hub / "share" / "mlenv"

    def admin(self, cwd: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the hub's mlenv as the administrator."""
        done = subprocess.run(
            [str(self.hub / "bin" / "mlenv"), *words],
            cwd=cwd, env=self.env, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
        return done

    def home(self, user: int) -> Path:
        """A home that only its user can enter, made anew where it is not there."""
        home = self.folder / "home" / str(user)
        if not home.is_dir():
            home.mkdir(parents=True)
            home.chmod(0o700)
            os.chown(home, user, user)
        return home

    def user_env(self, user: int) -> dict[str, str]:
        """What a program of a user gets: nothing of the administrator's."""
        names = ("PATH", "LANG", "SSL_CERT_FILE")
        return {**{name: os.environ[name] for name in names if name in os.environ}, "HOME": str(self.home(user))}

    def user(self, user: int, cwd: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the hub's mlenv as a user."""
        return self.as_user(user, [str(self.hub / "bin" / "mlenv"), *words], cwd, code)

    def as_user(self, user: int, argv: Sequence[str], cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            argv, cwd=cwd, env=self.user_env(user), user=user, group=user, extra_groups=[],
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done

    def cells(self, user: int, kernel: str, *cells: str) -> list[dict[str, Any]]:
        """Run cells in a kernel that this user starts; ``status`` and ``text`` of each."""
        script = self.folder / _AS_USER.name
        if not script.is_file():
            shutil.copy(_AS_USER, script)
            script.chmod(0o644)
        argv = [str(self.hub / "bin" / "python"), str(script), kernel, *cells]
        found: list[dict[str, Any]] = json.loads(self.as_user(user, argv, self.home(user)).stdout)
        return found


def opened(folder: Path) -> Path:
    """Make a folder that every user can enter, whatever the umask says."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    return folder


def reachable(path: Path) -> bool:
    """Whether every user can come to a file, links followed."""
    from mlenv.kernel import owners, sharing

    return path.exists() and not any(sharing.unreadable(one) for one in owners.above(str(path)))


def new_python(pythons: Mapping[str, str], folder: Path) -> Path:
    """Return a Python that every user can start and that can run mlenv: one of this machine, else a copy of our own."""
    known = [*(path for minor, path in sorted(pythons.items()) if int(minor[2:]) >= 11), shutil.which("python3") or ""]
    known += [f"/usr/bin/python3.{minor}" for minor in range(11, 15)]
    for path in known:
        if path and reachable(Path(path)) and _is_new(path):
            return Path(path)
    target = folder / "python"
    shutil.copytree(sys.base_prefix, target, symlinks=True, ignore=shutil.ignore_patterns(*_NOT_NEEDED))
    subprocess.run(["chmod", "-R", "a+rX,go-w", str(target)], check=True)
    return target / "bin" / f"python3.{sys.version_info.minor}"


def _is_new(path: str) -> bool:
    code = "import sys, venv; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([path, "-I", "-c", code], capture_output=True).returncode == 0


def uv(*words: str, env: Mapping[str, str]) -> None:
    """Run uv."""
    done = subprocess.run([find_uv_bin(), *words], env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
