"""Time things side by side: interleaved repetitions, wall clock and processor time, minimum and median."""

from __future__ import annotations

import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "Timing", "interleaved", "program", "spent"]


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
