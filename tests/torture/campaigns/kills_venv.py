"""P1, P3: kills at random moments of every verb that writes, with venv and pip as the engine."""

from __future__ import annotations

from collections.abc import Iterator

from torture.bare import PIP, kill_bare
from torture.campaign import Campaign, Row, Run
from torture.killing import kill_scene, spread
from torture.scenes import SCENES

COMPARED_FROM = 40
"""A sample of fewer trials leaves the bare tools out."""


def _run(run: Run) -> Iterator[Row]:
    for scene, trials in spread(run.trials, SCENES):
        yield kill_scene(run, scene, "venv", trials)
    if run.trials >= COMPARED_FROM:
        for bare in PIP:
            yield kill_bare(run, bare, run.trials // 10)


CAMPAIGN = Campaign(
    name="kills_venv",
    promise="Whatever is killed at whatever moment, the environment is the old one or the new one, whole, and the same "
    "command again makes exactly what an undisturbed run makes (engine venv and pip).",
    run=_run,
    full=200,
    sample=1,
)
