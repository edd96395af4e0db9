"""P1, P4, P5: killed at every single file-changing system call of its own, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from torture.campaign import Campaign, Row, Run, Tally
from torture.killing import Rehearsed, judge_left, judge_mended, rehearse
from torture.scenes import REPAIR, SCENES
from torture.tracing import Call, changing, missing, stopped_at, trace

VERBS = ("kernels repair", "undo", "remove", "freeze", "create", "add", "lock")
"""In this order: those whose every point matters to the user's own files come first in a sample."""

TRIES = 3


def _run(run: Run) -> Iterator[Row]:
    scenes = {scene.verb: scene for scene in (REPAIR, *SCENES)}
    verbs = VERBS[: max(1, min(len(VERBS), run.trials // 4))]
    for number, verb in enumerate(verbs):
        world = run.stage.world(run.folder / re.sub(r"\W", "-", verb))
        stage = rehearse(scenes[verb], world, "uv")
        points = _points(stage)
        share = run.trials // len(verbs) + (number < run.trials % len(verbs))
        yield _row(stage, points, _spread(points, share))


def _points(stage: Rehearsed) -> list[Call]:
    stage.restore()
    done, calls = trace(stage.world, stage.words())
    assert done.code == 0, done.text
    return changing(calls, (stage.world.folder, stage.world.stage.data))


def _spread(points: Sequence[Call], number: int) -> list[Call]:
    """Return so many points, evenly spread; all of them where there are not more."""
    if number >= len(points):
        return list(points)
    return [points[round((index + 0.5) * len(points) / number - 0.5)] for index in range(number)]


def _die_at(stage: Rehearsed, call: Call) -> tuple[Call | None, bool]:
    """Kill at one call; return the call that mlenv died at, and whether it was this one.

    Lines of progress move ordinals, so there are three tries; a kill that came elsewhere is a kill as well.
    """
    died_at, reached = None, False
    for _ in range(TRIES):
        stage.restore()
        _, died_at = stopped_at(stage.world, stage.words(), call)
        if reached := died_at is not None and died_at.text == call.text:
            break
    return died_at, reached


def _row(stage: Rehearsed, points: Sequence[Call], chosen: Sequence[Call]) -> Row:
    tally, moved = Tally(f"{stage.scene.verb}: killed before each of its {len(points)} calls"), 0
    for call in chosen:
        died_at, reached = _die_at(stage, call)
        moved += not reached
        state, faults = judge_left(stage)
        faults += judge_mended(stage, stage.world.run(stage.words()))
        place = (died_at or call).text
        if reached or faults:
            story = f"{place} ({call.name} {call.number}), {state}: {'; '.join(faults[:4])}" if faults else None
            tally.add(hit=reached, state=state, bad=story)
    return tally.row(f"{len(chosen) - moved} of {len(chosen)} points reached" + (f", {moved} not" if moved else ""))


CAMPAIGN = Campaign(
    name="crash_points",
    promise="Killed before any one of the system calls with which mlenv itself changes files, environment, lock, manifest "
    "and kernelspec are each the old one or the new one, and the same command again puts everything right.",
    run=_run,
    full=1200,
    sample=8,
    missing=missing,
)
