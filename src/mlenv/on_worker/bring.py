"""Install what the lock says into the environment that this worker runs in, with the uv of this machine.

Standard library only, Python 3.9+: this file is sent to workers. It starts uv, and nothing else.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager
from typing import IO, Iterator, List, Sequence

from mlenv.model import Finding
from mlenv.on_worker.look import environment_sites, installed_now
from mlenv.on_worker.wanted import Wanted, differences
from mlenv.render.private import hide_places, mask_secrets

__all__ = ["bring", "told", "uv_here"]

_TIMEOUT_S = 1800.0
_WAIT_S = 1800.0
_POLL_S = 0.2
_BUSY = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
_LOCK = ".mlenv-cluster.lock"
_SHOWN = 5
_KEPT = 600
_DROPPED = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT")


def bring(wanted: Wanted) -> bool:
    """Make this environment what the lock says; other packages stay.

    Workers of one environment come one after the other; who comes second finds the work done.

    Returns:
        Whether anything was installed.

    Raises:
        RuntimeError: it must not be changed, there is no uv, uv could not, or something is not as locked after it.
    """
    sites = environment_sites()
    if not differences(wanted, installed_now(sites))[0]:
        return False
    _refuse(wanted)
    uv = uv_here(wanted.uv)
    try:
        with _one_at_a_time():
            found = differences(wanted, installed_now(sites))[0]
            if not found:
                return False
            _refuse_python(found)
            _install(uv, wanted, found)
            left = differences(wanted, installed_now(sites))[0]
    except OSError as error:
        raise RuntimeError(f"this environment cannot be changed: {error.strerror or type(error).__name__}") from None
    if left:
        raise RuntimeError(f"uv has installed, and not all is as locked: {told(left)}")
    return True


def uv_here(named: str) -> str:
    """Return the path of this machine's uv: the one that the plugin names, this environment's, that of ``PATH``.

    Raises:
        RuntimeError: there is none.
    """
    name = "uv.exe" if os.name == "nt" else "uv"
    beside = os.path.join(sysconfig.get_path("scripts"), name)
    home = os.path.expanduser("~")
    places = [beside, shutil.which("uv") or "", os.path.join(home, ".local", "bin", name)]
    for place in [named] if named else [*places, os.path.join(home, ".cargo", "bin", name)]:
        if place and os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    where = "where LockedEnvironment(uv=...) says" if named else "in this environment or on PATH"
    raise RuntimeError(f"there is no uv {where}: install it there, or name it: LockedEnvironment(uv='/path/of/uv')")


def _refuse(wanted: Wanted) -> None:
    """Refuse an environment that is nobody's to change.

    Raises:
        RuntimeError: which one, and why.
    """
    own = sys.prefix != sys.base_prefix
    standard = sysconfig.get_path("stdlib")
    if not own and os.path.exists(os.path.join(standard, "EXTERNALLY-MANAGED")):
        raise RuntimeError("this Python is managed by the operating system (PEP 668): start workers in an environment")
    if not own and not wanted.system:
        raise RuntimeError(
            "this worker runs in no virtual environment: LockedEnvironment(system=True) installs into the Python itself"
        )
    if os.path.exists(os.path.join(sys.prefix, "mlenv-ready.json")):
        raise RuntimeError("this environment is one that mlenv made for a project: mlenv sync changes it, and can undo")
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sys.prefix}:
        if not os.access(folder, os.W_OK):
            raise RuntimeError("this environment cannot be written: it has to be as the lock says from the start")


def _refuse_python(found: Sequence[Finding]) -> None:
    for finding in found:
        if finding.kind == "python":
            raise RuntimeError(f"no installation mends this: {finding.reason}")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold the environment for this process; a holder that is killed leaves nothing behind.

    Raises:
        RuntimeError: somebody holds it for longer than an installation may take.
    """
    with open(os.path.join(sys.prefix, _LOCK), "a+b") as file:
        end = time.monotonic() + _WAIT_S
        while not _held(file):
            if time.monotonic() > end:
                raise RuntimeError("another worker of this environment has been installing for half an hour")
            time.sleep(_POLL_S)
        yield


def _held(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _BUSY  # a file system that knows no locks: uv has its own, of the machine
    return True


def _install(uv: str, wanted: Wanted, found: Sequence[Finding]) -> None:
    with tempfile.TemporaryDirectory(prefix="mlenv-") as scratch:
        file = os.path.join(scratch, "locked.txt")
        with open(file, "w", encoding="utf-8") as stream:
            stream.write("".join(f"{line}\n" for line in wanted.lines))
        try:
            done = subprocess.run(
                _arguments(uv, wanted, found, file),
                cwd=scratch,
                env={name: text for name, text in os.environ.items() if name not in _DROPPED},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RuntimeError(f"uv cannot be run: {_told(str(error))}") from None
    if done.returncode != 0:
        raise RuntimeError(f"uv could not install: {_told(done.stderr.decode('utf-8', 'replace'))}")


def _arguments(uv: str, wanted: Wanted, found: Sequence[Finding], file: str) -> List[str]:
    argv = [uv, "pip", "install", "--quiet", "--color", "never", "--python", sys.executable, "--requirement", file]
    argv += ["--no-deps"] if wanted.selection.exact else []
    argv += ["--require-hashes", "--index-strategy", "unsafe-best-match"] if wanted.hashed else []
    argv += [] if wanted.allow_build else ["--only-binary", ":all:"]
    for finding in found:
        if finding.kind in ("damaged", "duplicate", "source") and finding.package:
            argv += ["--reinstall-package", finding.package]
    return argv


def told(found: Sequence[Finding]) -> str:
    """Return findings in a sentence: the first few."""
    rows = [f"{row.package or ''}: {row.reason}" if row.package else row.reason for row in found[:_SHOWN]]
    return "; ".join(rows) + (f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")


def _told(text: str) -> str:
    plain = hide_places(mask_secrets(" ".join(text.split())))
    return plain if len(plain) <= _KEPT else f"{plain[: _KEPT // 2]} ... {plain[-_KEPT // 2 :]}"
