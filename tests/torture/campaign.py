"""What a campaign is: a promise, an attack that is repeated with a seed, and the rows that say how often it held."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from torture.stage import Stage

__all__ = ["Campaign", "Row", "Run", "Tally"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the results: an attack, how often it met running work, and how often the promise held."""

    what: str
    """The attack, in a few words: ``create with uv, whole group killed``."""
    trials: int
    hit: int
    """Trials in which the fault met running work (a kill after the end hits nothing)."""
    good: int
    """Trials, of all, after which the promise held."""
    bad: tuple[str, ...] = ()
    """One line for each trial in which it did not: seed, state found, reason."""
    note: str = ""
    """Measured extras: ``82 old, 18 new; slowest 1.2 s``."""
    peer: bool = False
    """Whether the row measures another tool in the same loop: shown for comparison, never counted as ours."""


class Tally:
    """Counts the trials of one row while they run."""

    def __init__(self, what: str, *, peer: bool = False) -> None:
        self.what, self.peer = what, peer
        self.trials = self.hit = 0
        self.bad: list[str] = []
        self.states: dict[str, int] = {}

    def add(self, *, hit: bool, state: str, bad: str | None = None) -> None:
        """Count one trial: the state that it left (``old``, ``new``, ...) and, if the promise broke, its story."""
        self.trials += 1
        self.hit += hit
        self.states[state] = self.states.get(state, 0) + 1
        if bad:
            self.bad.append(bad)

    def row(self, note: str = "") -> Row:
        """Return what was counted."""
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return Row(
            what=self.what,
            trials=self.trials,
            hit=self.hit,
            good=self.trials - len(self.bad),
            bad=tuple(self.bad),
            note="; ".join(part for part in (states, note) if part),
            peer=self.peer,
        )


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a campaign gets: how often, with which seed, and where."""

    stage: Stage
    folder: Path
    """Empty, for this campaign alone; removed after it unless a trial went bad."""
    trials: int
    """How many trials in all (a campaign spreads them over its rows; an exhaustive one takes a sample if it has more)."""
    seed: int

    def random(self, label: str) -> random.Random:
        """Return the dice of one row: the same seed and label give the same throws."""
        return random.Random(f"{self.seed}:{label}")


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One attack on one promise."""

    name: str
    promise: str
    """The promise in one plain sentence, as README and results show it."""
    run: Callable[[Run], Iterable[Row]]
    full: int
    """Trials of ``make torture``."""
    sample: int
    """Trials inside ``make test`` (a few seconds, up to about a minute)."""
    missing: Callable[[], str] = lambda: ""
    """Why it cannot be run on this machine (``strace is not here``), or nothing: then it is reported as not run."""
