"""What a benchmark answers: rows of mlenv beside a peer, and whether the budget is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import Timing
from torture.stage import Stage

__all__ = ["Bench", "Benchmark", "Row", "beside"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison."""

    what: str
    ours: float
    """Seconds, bytes or a share, as ``unit`` says: of several repetitions the median."""
    peer: str = ""
    theirs: float | None = None
    unit: str = "s"
    budget: str = ""
    met: bool | None = None
    """``None`` where there is no budget."""
    size: int | None = None
    """Packages, kernels, ...: what the plot's x axis shows."""
    series: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """How many times the peer takes what mlenv takes."""
        return self.theirs / self.ours if self.theirs is not None and self.ours else None


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every benchmark gets."""

    stage: Stage
    folder: Path
    """Its own, empty."""
    peers: Path
    """Where other tools have an environment each."""
    quick: bool
    """Fewer repetitions and smaller sizes: to see that it runs, not what it says."""

    def times(self, number: int) -> int:
        return min(number, 2) if self.quick else number


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """One benchmark."""

    name: str
    title: str
    text: str
    """What is done, so that a reader could do it by hand."""
    run: Callable[[Bench], Sequence[Row]]


def beside(
    what: str,
    timings: dict[str, Timing],
    *,
    ours: str = "mlenv",
    at_most_s: float | None = None,
    at_least: dict[str, float] | None = None,
    size: int | None = None,
) -> list[Row]:
    """Make one row per peer of timings that were taken in turns; one row alone where there is no peer.

    Args:
        at_most_s: the budget of mlenv's median.
        at_least: peer -> how many times faster mlenv's median has to be.
    """
    own = timings[ours]
    details = {name: timing.as_dict() for name, timing in timings.items()}
    rows = []
    for name in [each for each in timings if each != ours] or [""]:
        peer = timings.get(name)
        times = (at_least or {}).get(name)
        budget, met = "", None
        if times is not None and peer is not None:
            budget, met = f"at least {times:g} times faster", peer.median / own.median >= times
        elif at_most_s is not None and not rows:  # one budget, counted once
            budget, met = f"less than {seconds(at_most_s)}", own.median < at_most_s
        rows.append(
            Row(
                what=what, ours=own.median, peer=name, theirs=peer.median if peer else None,
                budget=budget, met=met, size=size, details={key: details[key] for key in (ours, name) if key},
            )
        )  # fmt: skip
    return rows


def seconds(value: float) -> str:
    """Return a time as people say it."""
    if value < 1e-3:
        return f"{value * 1e6:.3g} us"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
