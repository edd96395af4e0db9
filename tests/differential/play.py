"""Play cases: make a project once, break it, ask the tool and mlenv, put it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from differential.breaks import BREAKS, Break
from differential.intended import intended
from differential.judge import differences
from differential.said import NOTHING_SAID, Said, from_mlenv
from differential.setup import Setup
from differential.spec import split
from differential.stage import NotRun, Stage, World

__all__ = ["Case", "breaks_for", "play"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What came of one break of one setup."""

    setup: str
    name: str
    tool: Said = NOTHING_SAID
    mlenv: Said = NOTHING_SAID
    found: frozenset[str] = frozenset()
    """How they differ."""
    meant: frozenset[str] = frozenset()
    """How they are meant to differ."""
    not_run: str = ""

    @property
    def good(self) -> bool:
        return self.found == self.meant and not self.not_run


def breaks_for(setup: Setup, *, sample: bool = False) -> tuple[Break, ...]:
    """Return the breaks that mean something for a setup."""
    there = {*setup.spec.extras, *setup.spec.groups, *(split(text)[0] for text in setup.spec.dependencies)}
    return tuple(
        one
        for one in BREAKS
        if set(one.needs) <= there
        and one.name not in setup.skips
        and (one.name in setup.only or not setup.only)
        and (setup.tells_of_manifest or not one.edit)
        and (one.sample or not sample)
    )


def play(setup: Setup, stage: Stage, *, sample: bool = False, only: str = "") -> Iterator[Case]:
    """Play all cases of a setup.

    Raises:
        NotRun: where the tool is not to be had.
        RuntimeError: where the project cannot be made with the tool.
    """
    world = setup.world(stage)
    setup.write(world, setup.spec)
    setup.make(world)
    world.keep()
    for one in breaks_for(setup, sample=sample):
        if only in one.name:
            yield _case(setup, one, world)
            world.restore()


def _case(setup: Setup, one: Break, world: World) -> Case:
    try:
        if one.environment:
            one.environment(world)
    except NotRun as why:
        return Case(setup=setup.name, name=one.name, not_run=str(why))
    if one.edit:
        setup.write(world, one.edit(setup.spec))
    if one.files:
        one.files(world.root)
    if one.lock:
        one.lock(world.root / setup.lock)
    # mlenv first: a tool may heal what it looks at.
    ours = from_mlenv(world.mlenv("check", "--json", *setup.mlenv, *_words(one)).out)
    theirs = setup.ask(world, one.asked)
    meant = frozenset(line for row in intended(setup.name, one.name) for line in row.lines)
    return Case(
        setup=setup.name,
        name=one.name,
        tool=theirs,
        mlenv=ours,
        found=differences(theirs, ours, setup.untold),
        meant=meant,
    )


def _words(one: Break) -> list[str]:
    extras = [word for extra in one.asked.extras for word in ("--extra", extra)]
    return extras + [word for group in one.asked.groups for word in ("--group", group)]
