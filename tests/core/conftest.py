"""The seal: while the body of a core test runs, nothing may touch a file, a process or a socket.

The import rules cannot see a bare ``open()``; an audit hook can. What a test needs from disk lies in ``tests/data``
(reading there is allowed) or is loaded by a fixture, before the seal closes. An import inside a core function opens
files too, and is caught: core imports stand at the top. Only the readers of ``mlenv.locks`` are loaded when they are
needed, which spares every check the others; here all of them are loaded before.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from mlenv import locks

DATA = str(Path(__file__).resolve().parent.parent / "data") + os.sep
FORBIDDEN = (
    "open", "os.", "subprocess.", "socket.", "shutil.", "tempfile.", "glob.", "pathlib.", "import", "ctypes.dlopen",
)  # fmt: skip
HARMLESS = frozenset({"os.chdir", "os.putenv", "os.unsetenv"})


class Sealed(RuntimeError):
    """A core test touched the world."""


class Seal:
    """Closed while the body of a test runs."""

    def __init__(self) -> None:
        self.closed = False
        self.may_list = False
        """Whether the test may list folders: one with a ``tmp_path`` proves that nothing was written there."""

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.closed or not event.startswith(FORBIDDEN) or event in HARMLESS:
            return
        if event in {"os.listdir", "os.scandir"} and self.may_list:
            return
        if event == "open" and _reads_data(arguments):
            return
        if event == "import" and arguments and str(arguments[0]) in sys.modules:
            return
        raise Sealed(f"a core test must not touch the world: {event} {arguments[:1]}")


def _reads_data(arguments: tuple[object, ...]) -> bool:
    path, mode = arguments[0], arguments[1]
    if not isinstance(path, (str, os.PathLike)) or not (mode is None or set(str(mode)) <= set("rbt")):
        return False
    return os.path.normpath(os.path.abspath(path)).startswith(DATA)


for _module in pkgutil.iter_modules(locks.__path__, "mlenv.locks."):
    importlib.import_module(_module.name)

SEAL = Seal()
sys.addaudithook(SEAL)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    SEAL.closed, SEAL.may_list = True, "tmp_path" in pyfuncitem.fixturenames
    try:
        return (yield)
    finally:
        SEAL.closed = False
