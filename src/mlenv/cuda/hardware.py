"""What a machine has of NVIDIA, as a value, and the readers of the files and programs that tell it."""

from __future__ import annotations

import re

from mlenv.model import value

__all__ = ["Gpu", "Hardware", "numbers", "parse_nvidia_smi", "parse_proc_version"]

_VERSION = re.compile(r"\d+(?:\.\d+)+")
_PROC = re.compile(r"^NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s", re.MULTILINE)
_BANNER = re.compile(r"Driver Version:\s*(\d+(?:\.\d+)+).*?CUDA (?:UMD )?Version:\s*(\d+\.\d+)", re.DOTALL)
_NAME_LENGTH = 80


@value
class Gpu:
    name: str
    capability: str = ""
    """Compute capability (``9.0``); empty where it was not told."""


@value
class Hardware:
    """What is known of this machine's NVIDIA GPUs; all empty where there is nothing."""

    driver: str = ""
    """``535.104.05``."""
    cuda: str = ""
    """The highest CUDA that the driver runs (``12.2``), as the driver itself says."""
    gpus: tuple[Gpu, ...] = ()
    count: int | None = None
    """How many GPUs the driver shows to this process; ``None`` where nobody told."""
    source: str = ""
    """Who told: ``NVML``, ``nvidia-smi``, a file, a variable."""
    problem: str = ""
    """What kept the driver from answering, one sentence."""
    overrides: tuple[str, ...] = ()
    """Variables that counted instead of what is really there."""
    wsl: bool = False

    @property
    def seen(self) -> bool | None:
        """Whether programs have an NVIDIA GPU here; ``None`` where that could not be measured."""
        if self.count is not None:
            return self.count > 0
        if self.driver or self.cuda:
            return True
        return None if self.problem else False


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version: ``535.104.05`` -> (535, 104, 5)."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def parse_proc_version(text: str) -> str:
    """Read the driver's version from ``/proc/driver/nvidia/version``; empty where it does not say."""
    found = _PROC.search(text)
    return found[1] if found else ""


def parse_nvidia_smi(text: str) -> Hardware:
    """Read rows of ``--query-gpu=driver_version,compute_cap,name --format=csv,noheader``, or the usual table.

    Columns are known by what they hold, for older programs do not know ``compute_cap``.
    """
    banner = _BANNER.search(text)
    if banner:
        return Hardware(driver=banner[1], cuda=banner[2])
    driver, gpus = "", []
    for line in text.splitlines():
        first, *rest = [cell.strip() for cell in line.split(",")]
        if not _VERSION.fullmatch(first):
            continue
        driver = driver or first
        capability = next((cell for cell in rest if re.fullmatch(r"\d{1,2}\.\d", cell)), "")
        name = next((cell for cell in rest if cell != capability and not cell.startswith("[")), "")
        gpus.append(Gpu(name=name[:_NAME_LENGTH] or "GPU", capability=capability))
    return Hardware(driver=driver, gpus=tuple(gpus), count=len(gpus) or None)
