"""How the check of a cluster grows: real workers as many as a machine carries, then their answers many times over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from mlenv.clusters.answers import Process
from mlenv.render import survey_outcome
from mlenv.services.clusters.asking import ask_cluster
from mlenv.services.clusters.check import judge_cluster
from mlenv.services.context import Context, silent
from mlenv.services.project import open_project

__all__ = ["ask_seconds", "judge_seconds"]


def ask_seconds(address: str, *, timeout_s: float = 60.0) -> tuple[float, tuple[Process, ...]]:
    """Connect to a real scheduler and ask all its workers; return the seconds and what they said."""
    begin = time.perf_counter()
    processes = ask_cluster(address, timeout_s)
    return time.perf_counter() - begin, processes


def judge_seconds(
    project: Path, processes: Sequence[Process], numbers: Sequence[int], clock: Callable[[], float] = time.perf_counter
) -> list[tuple[int, float]]:
    """Return, for each number of workers, the seconds that reading, judging and the table take.

    Args:
        project: whose lock counts.
        processes: from :func:`ask_seconds`: real answers, given again under other names until there are enough.
        numbers: of workers.
        clock: in seconds.
    """
    context = Context(cwd=project, report=silent)
    scheduler = [one for one in processes if one.is_scheduler]
    workers = [one for one in processes if not one.is_scheduler]
    rows = []
    for number in numbers:
        every = [
            replace(workers[n % len(workers)], name=f"w{n}", address=f"tcp://10.0.{n // 250}.{n % 250}:4000")
            for n in range(number)
        ]
        begin = clock()
        survey = judge_cluster(context, open_project(context), [*scheduler, *every])
        assert len(survey_outcome(survey).lines) < 20 < number or number <= 20
        rows.append((number, clock() - begin))
    return rows
