"""Time things side by side: interleaved repetitions, wall clock and processor time, minimum and median."""

from __future__ import annotations

import math
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "Spent", "Timing", "growth", "interleaved", "program", "spent", "watched"]


@dataclass(frozen=True)
class Cost:
    """What one repetition took, in seconds."""

    wall: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


@dataclass(frozen=True)
class Timing:
    """What several repetitions took."""

    costs: tuple[Cost, ...]

    @property
    def median(self) -> float:
        return statistics.median(cost.wall for cost in self.costs)

    @property
    def least(self) -> float:
        return min(cost.wall for cost in self.costs)

    @property
    def cpu(self) -> float:
        """The least processor time, of all processes together."""
        return min(cost.cpu for cost in self.costs)

    def as_dict(self) -> dict[str, float]:
        return {"median_s": self.median, "min_s": self.least, "min_cpu_s": self.cpu, "n": len(self.costs)}


def spent() -> float:
    """Return the processor time of this process and of all its children that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(kind) for kind in kinds]
    return sum(each.ru_utime + each.ru_stime for each in used)


def interleaved(contenders: Mapping[str, tuple[int, Callable[[], Cost]]]) -> dict[str, Timing]:
    """Let contenders take turns, so that a slow minute of the machine meets all of them.

    Args:
        contenders: name -> how often, and what to do; who has fewer turns sits out the last rounds.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for turn in range(max(times for times, _ in contenders.values())):
        for name, (times, action) in contenders.items():
            if turn < times:
                costs[name].append(action())
    return {name: Timing(tuple(each)) for name, each in costs.items()}


def program(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], allowed: Sequence[int] = (0,)) -> Cost:
    """Run a program to its end and return what it took, its children included.

    Raises:
        RuntimeError: with what it printed, where it ended with another status than those allowed.
    """
    cpu, began = spent(), time.perf_counter()
    done = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)
    cost = Cost(time.perf_counter() - began, spent() - cpu)
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(argv)} -> {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-3000:]}")
    return cost


@dataclass(frozen=True)
class Spent:
    """What one program took, and what it said."""

    wall: float
    cpu: float
    """Seconds of processor time, its children's included."""
    peak_bytes: int
    """The most memory that it held at a time, without its children; 0 where the system does not tell."""
    out: str


def watched(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], allowed: Sequence[int] = (0,)) -> Spent:
    """As :func:`program`, with its memory and what it printed.

    Raises:
        RuntimeError: as :func:`program`.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.perf_counter()
        process = subprocess.Popen(argv, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        peak, ended = 0, 0
        while not ended:
            peak = max(peak, _peak_bytes(process.pid))
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            time.sleep(0 if ended else 0.005)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        text = out.read()
        if process.returncode not in allowed:
            raise RuntimeError(f"{' '.join(argv)} -> {process.returncode}\n{text[-1500:]}\n{err.read()[-3000:]}")
    return Spent(wall=wall, cpu=used.ru_utime + used.ru_stime, peak_bytes=peak, out=text)


def _peak_bytes(pid: int) -> int:
    # Not `ru_maxrss`: that counts what this process held when it started the other.
    try:
        status = Path("/proc", str(pid), "status").read_text()
    except OSError:
        return 0
    rows = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(row[1]) * 1024 for row in rows), 0)


def growth(costs: Mapping[int, float]) -> float:
    """Return the power of the size with which costs grow: 1 where twice the size costs twice as much.

    The slope, in logarithms, of what each size costs beyond the smallest one: starting a program is no growth. What
    lies within a tenth of that start counts as a tenth: two runs of the same differ by as much.

    Args:
        costs: size -> cost, three sizes or more.
    """
    (least, start), *rest = sorted(costs.items())
    points = [(math.log(size - least), math.log(max(cost - start, start / 10))) for size, cost in rest]
    mean_x, mean_y = (statistics.fmean(axis) for axis in zip(*points, strict=True))
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return over / sum((x - mean_x) ** 2 for x, _ in points)
