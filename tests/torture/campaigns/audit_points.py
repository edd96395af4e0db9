"""P1, P4, P5 where there is no strace: killed before each change of a file that Python's audit hooks tell."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.killing import Rehearsed, judge_left, judge_mended, rehearse
from torture.scenes import REPAIR, SCENES

__all__ = ["CAMPAIGN"]

VERBS = ("undo", "remove", "kernels repair", "freeze", "create", "add", "lock")
_SCRIPT = Path(__file__).parent.parent / "audited.py"
_HEX = re.compile(r"[0-9a-f]{6,}")


def _run(run: Run) -> Iterator[Row]:
    scenes = {scene.verb: scene for scene in (REPAIR, *SCENES)}
    verbs = VERBS[: max(1, min(len(VERBS), run.trials // 4))]
    for verb in verbs:
        stage = rehearse(scenes[verb], run.stage.world(run.folder / re.sub(r"\W", "-", verb)), "uv")
        yield _row(run, stage, run.trials // len(verbs))


def _row(run: Run, stage: Rehearsed, trials: int) -> Row:
    points = _play(run, stage, 0)[1]
    chosen = sorted(run.random(stage.scene.verb).sample(range(1, len(points) + 1), min(trials, len(points))))
    tally = Tally(f"{stage.scene.verb}: killed before each of the {len(points)} changes that it makes itself")
    for number in chosen:
        died, seen = _play(run, stage, number)
        reached = died and len(seen) == number and _plain(seen[-1]) == _plain(points[number - 1])
        state, faults = judge_left(stage)
        faults += judge_mended(stage, stage.world.run(stage.words()))
        story = f"change {number} ({_plain(points[number - 1])}), {state}: {'; '.join(faults[:4])}" if faults else None
        tally.add(hit=reached, state=state, bad=story)
    return tally.row()


def _play(run: Run, stage: Rehearsed, number: int) -> tuple[bool, list[str]]:
    """Play the scene, die at one change; return whether it died, and the changes up to there."""
    stage.restore()
    log = run.folder / "changes"
    log.unlink(missing_ok=True)
    roots = os.pathsep.join((str(stage.world.folder), str(stage.world.stage.data)))
    words = stage.words()[3:]  # without ``python -m mlenv``
    done = stage.world.run([sys.executable, str(_SCRIPT), str(number), str(log), roots, *words])
    return done.code == -signal.SIGKILL, log.read_text().splitlines()


def _plain(line: str) -> str:
    """Return a change without its number and without what is another name in every run."""
    return _HEX.sub("#", line.partition(" ")[2])


CAMPAIGN = Campaign(
    name="audit_points",
    promise="The same by Python's own audit hooks, which tell every change of a file on machines without strace.",
    run=_run,
    full=400,
    sample=4,
)
