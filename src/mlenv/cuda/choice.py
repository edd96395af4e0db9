"""Which builds of PyTorch to take: what ``--cuda`` and the setting ``cuda`` may say, and what ``auto`` comes to."""

from __future__ import annotations

import re
from dataclasses import replace

from mlenv.cuda.drivers import least_driver
from mlenv.cuda.hardware import Hardware, numbers
from mlenv.model import value

__all__ = ["BACKENDS", "Choice", "backend_fitting", "backend_in", "choose_backend"]

BACKENDS = ("cu132", "cu130", "cu129", "cu128", "cu126", "cu125", "cu124", "cu123", "cu122", "cu121", "cu120", "cu118")
"""Those of uv that PyTorch may still be had for, newest first (``uv pip compile --help``, ``--torch-backend``)."""

_BUILD = r"(cpu|xpu|cu\d{2,3}|rocm[\d.]+)"
_IN_LOCK = re.compile(rf"/whl/{_BUILD}/torch|(?m:^|[/\"])torch(?:-|==)[\w.]+(?:\+|%2B){_BUILD}[-\s]")

# Lowest and highest compute capability of PyTorch's builds from 2.8 on, by CUDA:
# https://github.com/pytorch/pytorch/blob/main/RELEASE.md, "PyTorch CUDA Support Matrix".
_CAPABILITIES = (((13, 0), "7.5", "12.9"), ((12, 8), "7.0", "12.9"), ((0, 0), "5.0", "9.0"))


@value
class Choice:
    backend: str
    """``cpu``, ``cu128``: what uv is told; ``auto`` where uv chooses for this driver."""
    why: str
    """The reason, for a person."""
    driver: str = ""
    """The driver to choose for, where the choice is left to uv."""


def choose_backend(asked: str, hardware: Hardware | None) -> Choice:
    """Say what to take: what was asked for, or, for ``auto``, what fits this machine.

    uv looks for a driver by itself, and waits for ``nvidia-smi`` without a limit; so it is told the driver, and tries
    the newest build that it runs first, then older ones, for a version of torch may not be there for each.
    """
    if asked != "auto":
        return Choice(backend=asked, why="as asked")
    if hardware is None or hardware.seen is None:
        return Choice(backend="cpu", why=hardware.problem if hardware else "nothing is known here")
    if not hardware.seen:
        return Choice(backend="cpu", why="no GPU is seen here")
    best = backend_fitting(hardware)
    said = f"driver {hardware.driver} ({hardware.source})" if hardware.driver else f"CUDA {hardware.cuda}"
    if not best:
        return Choice(backend="cpu", why=f"{said} is too old for every build of PyTorch")
    if limited_by_gpu(hardware) or not hardware.driver:
        return Choice(backend=best, why=f"{said}, {_gpus(hardware)}")
    return Choice(backend="auto", driver=hardware.driver, why=f"{said} runs up to {best}")


def backend_fitting(hardware: Hardware, *, windows: bool = False) -> str:
    """Return the newest build that driver and GPUs run; empty where there is none."""
    for backend in BACKENDS:
        cuda = f"{backend[2:-1]}.{backend[-1]}"
        if _driver_runs(hardware, cuda, windows) and not any(outside(gpu.capability, cuda) for gpu in hardware.gpus):
            return backend
    return ""


def outside(capability: str, cuda: str) -> str:
    """Return ``too old`` or ``too new`` where PyTorch's builds for this CUDA have no code for a GPU; else nothing."""
    if not capability:
        return ""
    _, least, most = next(row for row in _CAPABILITIES if numbers(cuda)[:2] >= row[0])
    if numbers(capability) < numbers(least):
        return "too old"
    return "too new" if numbers(capability) > numbers(most) else ""


def limited_by_gpu(hardware: Hardware) -> bool:
    """Whether the GPUs, not the driver, decide which build is the newest."""
    return backend_fitting(hardware) != backend_fitting(replace(hardware, gpus=()))


def backend_in(lock: str) -> str:
    """Return the build of torch that the text of a lock names (``cu128``), empty where it names none."""
    found = _IN_LOCK.search(lock)
    return (found[1] or found[2]) if found else ""


def _driver_runs(hardware: Hardware, cuda: str, windows: bool) -> bool:
    if hardware.driver:
        return numbers(hardware.driver) >= numbers(least_driver(cuda, windows=windows) or "9999")
    # Without a driver's number: the highest CUDA that it says, and any minor of the same major.
    return numbers(hardware.cuda)[:1] >= numbers(cuda)[:1]


def _gpus(hardware: Hardware) -> str:
    told = [f"{gpu.name} (compute capability {gpu.capability})" for gpu in hardware.gpus if gpu.capability]
    return told[0] if told else "its GPU"
