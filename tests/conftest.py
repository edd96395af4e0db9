"""What the tests share: interpreters that are really there, a home of their own, real kernels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from live_kernel import CellResult, LiveKernel
from own_home import own_environment
from pythons_here import discover

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell starts in its background ignores interrupts, and so would every kernel and program of these tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def pythons() -> Mapping[str, str]:
    """Interpreters that are here: ``{"3.9": path, ...}``."""
    return discover()


@pytest.fixture
def python(pythons: Mapping[str, str]) -> Callable[[str], str]:
    """Return the interpreter of a minor version, or skip the test saying that it was not run."""

    def find(minor: str) -> str:
        if minor not in pythons:
            pytest.skip(f"not run: no Python {minor} here")
        return pythons[minor]

    return find


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mlenv's data folder, one for the whole run: runtimes are made once (``MLENV_TEST_DATA_DIR`` keeps them longer)."""
    kept = os.environ.get("MLENV_TEST_DATA_DIR")
    return Path(kept) if kept else tmp_path_factory.mktemp("mlenv-data")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mlenv's wheel, without the front end."""
    folder = tmp_path_factory.mktemp("dist")
    env = {**os.environ, "SKIP_JUPYTER_BUILDER": "1"}
    argv = [find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", str(folder)]
    subprocess.run([*argv, str(Path(__file__).resolve().parents[1])], check=True, env=env)
    return next(folder.glob("*.whl"))


@pytest.fixture
def mlenv_home(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for this test; only uv's and pip's caches and mlenv's runtimes are shared."""
    home = tmp_path / "home"
    own = own_environment(home, shared_data)
    for name in set(os.environ) - set(own):
        monkeypatch.delenv(name)
    for name, text in own.items():
        monkeypatch.setenv(name, text)
    return home


@pytest.fixture
def uv() -> str:
    """The uv that mlenv itself uses."""
    from uv import find_uv_bin

    return str(find_uv_bin())


@pytest.fixture
def make_venv(uv: str, python: Callable[[str], str]) -> Callable[..., Path]:
    """Make a real environment: ``make_venv(prefix, "3.9", "six==1.16.0", ...)``; the prefix comes back."""

    def make(prefix: Path, minor: str | None = None, *packages: str, pip: bool = False) -> Path:
        interpreter = python(minor) if minor else sys.executable
        prefix.parent.mkdir(parents=True, exist_ok=True)
        seed = ["--seed"] if pip else []
        _succeed([uv, "venv", "--quiet", *seed, "--python", interpreter, str(prefix)])
        if packages:
            _succeed([uv, "pip", "install", "--quiet", "--python", str(interpreter_of(prefix)), *packages])
        return prefix

    return make


def interpreter_of(prefix: Path) -> Path:
    """The interpreter of an environment, never resolved through links."""
    return prefix / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _succeed(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{argv}\n{done.stderr}"


@pytest.fixture
def start_kernel(mlenv_home: Path, tmp_path: Path) -> Iterator[Callable[..., LiveKernel]]:
    """Start a real kernel by kernelspec name or argv; all are ended after the test.

    ``start_kernel(["/p/.venv/bin/python", launcher, "-f", "{connection_file}"], cwd=..., env=..., spec_env=...)``
    """
    kernels: list[LiveKernel] = []

    def start(
        kernel: str | Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        spec_env: Mapping[str, str] | None = None,
    ) -> LiveKernel:
        number = len(kernels)
        name = kernel if isinstance(kernel, str) else f"test-kernel-{number}"
        if not isinstance(kernel, str):
            folder = mlenv_home / "jupyter" / "kernels" / name
            folder.mkdir(parents=True, exist_ok=True)
            spec = {"argv": [str(part) for part in kernel], "display_name": name, "language": "python"}
            (folder / "kernel.json").write_text(json.dumps({**spec, "env": dict(spec_env or {})}))
        live = LiveKernel(name, cwd or tmp_path, env or {}, tmp_path / f"kernel-{number}.log")
        kernels.append(live)
        live.wait()
        return live

    yield start
    for live in kernels:
        live.stop()


@pytest.fixture
def run_cells(start_kernel: Callable[..., LiveKernel]) -> Callable[..., list[CellResult]]:
    """Run cells in one fresh kernel: ``run_cells(name_or_argv, ["1 + 1", ...], cwd=..., env=..., spec_env=...)``."""

    def run(kernel: str | Sequence[str], cells: Sequence[str], **options: Any) -> list[CellResult]:
        live = start_kernel(kernel, **options)
        results = [live.run(cell) for cell in cells]
        live.stop()
        return results

    return run
