"""Real kernels in a world, and what runs and lies there."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from live_kernel import CellResult, LiveKernel
from torture.stage import World

__all__ = [
    "kernel_of",
    "living_in",
    "lock_is_free",
    "packages_of",
    "spec_ids",
    "start_kernel",
    "state_of",
    "verdict_in",
]

State = tuple[tuple[tuple[str, str], ...], tuple[str, ...]]

_VERDICT = "_r = %mlenv check\nprint(_r.verdict)"


@contextlib.contextmanager
def kernel_of(world: World, kernel_id: str = "", cwd: Path | None = None) -> Iterator[LiveKernel]:
    """Start the kernel of a world's project, see :func:`start_kernel`; it is ended after the block."""
    live = start_kernel(world, kernel_id, cwd)
    try:
        yield live
    finally:
        live.stop()


def start_kernel(world: World, kernel_id: str = "", cwd: Path | None = None) -> LiveKernel:
    """Start a kernel (the only one there, if none is named) and wait until it answers; the caller ends it.

    Raises:
        RuntimeError: it died, with what it said.
        OSError: its program could not be started.
    """
    name = kernel_id or next(iter(spec_ids(world)))
    log = world.folder / f"kernel-{time.monotonic_ns()}.log"
    live = LiveKernel(name, cwd or world.root, world.env, log, alone=True)
    try:
        live.wait()
    except BaseException:
        live.stop()
        raise
    return live


def verdict_in(kernel: LiveKernel) -> str:
    """Return the verdict that ``%mlenv check`` gives in a kernel, or what it said instead."""
    done = kernel.run(_VERDICT)
    return done.stdout.strip() if done.status == "ok" else _short(done)


def _short(done: CellResult) -> str:
    return f"{done.ename}: {done.evalue}"[:200]


def living_in(world: World) -> list[str]:
    """Return the command lines of what runs in this world, kernels and what a kernel asks aside left out."""
    mark = f"HOME={world.home}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
            if line and "launcher.py" not in line and " -m mlenv select " not in line:
                found.append(f"{folder.name} {line[:160]}")
    return found


def lock_is_free(world: World) -> bool:
    """Whether nobody holds the project's lock now."""
    try:
        descriptor = os.open(world.root / ".mlenv" / "lock", os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def packages_of(world: World) -> tuple[str, ...]:
    """Return what is installed in the project's environment: ``six-1.16.0``, sorted, pip left out."""
    names = (path.name.removesuffix(".dist-info") for path in world.link.glob("lib/python3*/site-packages/*.dist-info"))
    return tuple(sorted(name for name in names if not name.startswith("pip-")))


def state_of(world: World) -> State:
    """Return the project's own files with their texts, and what is installed."""
    files = tuple((path.name, path.read_text()) for path in sorted(world.root.glob("*.*")) if path.is_file())
    return files, packages_of(world)


def spec_ids(world: World) -> dict[str, dict[str, Any]]:
    """Return the kernelspecs of a world's user by id."""
    kernels = Path(world.env["JUPYTER_DATA_DIR"], "kernels")
    return {file.parent.name: json.loads(file.read_text()) for file in sorted(kernels.glob("*/kernel.json"))}
