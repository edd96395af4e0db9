"""Which driver runs which CUDA.

Sources: NVIDIA, "CUDA Compatibility", minor version compatibility, tables 1 and 2
(https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html) for the lowest drivers; the branch
that each toolkit was released with is in the CUDA release notes, "CUDA Toolkit and Corresponding Driver Versions"
(https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/). uv's choice for a given driver uses the same lowest ones.
"""

from __future__ import annotations

from mlenv.cuda.hardware import numbers

__all__ = ["branch_of", "least_driver", "runs"]

Version = tuple[int, ...]

_LEAST = {13: "580.65.06", 12: "525.60.13", 11: "450.80.02"}
"""Major of CUDA -> the lowest Linux driver that runs any of its minors (with limits, below the minor's own branch)."""

_LEAST_WINDOWS = {13: "580", 12: "528.33", 11: "452.39"}

_LEAST_TEN = {(10, 2): ("440.33", "441.22"), (10, 1): ("418.39", "418.96"), (10, 0): ("410.48", "411.31")}
"""CUDA 10 knows no minor version compatibility: (Linux, Windows)."""

_BRANCH = {
    (13, 2): 595, (13, 1): 590, (13, 0): 580,
    (12, 9): 575, (12, 8): 570, (12, 6): 560, (12, 5): 555, (12, 4): 550, (12, 3): 545, (12, 2): 535, (12, 1): 530,
    (12, 0): 525,
    (11, 8): 520, (11, 7): 515, (11, 6): 510, (11, 5): 495, (11, 4): 470, (11, 3): 465, (11, 2): 460, (11, 1): 455,
    (11, 0): 450,
}  # fmt: skip
"""Minor of CUDA -> the driver branch that it was released with: from there on nothing of it is limited."""


def least_driver(cuda: str, *, windows: bool = False) -> str:
    """Return the lowest driver that starts programs built for this CUDA; empty where the table has no row."""
    major, minor = (*numbers(cuda), 0, 0)[:2]
    if major == 10:
        pair = _LEAST_TEN.get((major, minor), ("", ""))
        return pair[1] if windows else pair[0]
    return (_LEAST_WINDOWS if windows else _LEAST).get(major, "")


def branch_of(cuda: str) -> int | None:
    """Return the driver branch that this CUDA was released with; ``None`` where only a major is known, or no row."""
    parts = numbers(cuda)
    return _BRANCH.get((parts[0], parts[1])) if len(parts) > 1 else None


def runs(driver: str, cuda: str, *, windows: bool = False) -> bool | None:
    """Whether this driver starts programs built for this CUDA; ``None`` where the table does not say."""
    least = least_driver(cuda, windows=windows)
    return numbers(driver) >= numbers(least) if least and driver else None
