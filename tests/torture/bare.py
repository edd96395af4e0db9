"""The same kills over the bare tools, for comparison: none of them promises to survive SIGKILL."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from torture import wholeness
from torture.campaign import Row, Run, Tally
from torture.stage import PACKAGES, UPGRADES, Done, World, kill_group

__all__ = ["PIP", "UV", "Bare", "kill_bare"]

_UV = f"{shlex.quote(sys.executable)} -m uv"
_UV_INSTALL = f"{_UV} pip install --quiet --python env/bin/python"
_PIP_INSTALL = "env/bin/python -m pip install --quiet --no-compile"


@dataclass(frozen=True, kw_only=True)
class Bare:
    """Commands that make or change an environment ``env`` in the project folder."""

    what: str
    command: str
    before: str = ""
    check: str
    """What tells a user whether the packages fit together."""


def _words(packages: tuple[str, ...]) -> str:
    return shlex.join(packages)


UV = (
    Bare(
        what="uv venv + uv pip install",
        command=f"{_UV} venv --quiet --allow-existing --python {{python}} env && {_UV_INSTALL} {_words(PACKAGES)}",
        check=f"{_UV} pip check --python env/bin/python",
    ),
    Bare(
        what="uv pip install --upgrade over a good environment",
        before=f"{_UV} venv --quiet --python {{python}} env && {_UV_INSTALL} {_words(PACKAGES)}",
        command=f"{_UV_INSTALL} --upgrade {_words(UPGRADES)}",
        check=f"{_UV} pip check --python env/bin/python",
    ),
)
PIP = (
    Bare(
        what="python -m venv + pip install",
        command=f"{{python}} -m venv env && {_PIP_INSTALL} {_words(PACKAGES)}",
        check="env/bin/python -m pip check",
    ),
    Bare(
        what="pip install --upgrade over a good environment",
        before=f"{{python}} -m venv env && {_PIP_INSTALL} {_words(PACKAGES)}",
        command=f"{_PIP_INSTALL} --upgrade {_words(UPGRADES)}",
        check="env/bin/python -m pip check",
    ),
)


@dataclass(kw_only=True)
class _Counts:
    looks_well: int = 0
    checks_well: int = 0
    says_mended: int = 0
    not_mended: int = 0
    bad: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _Stage:
    bare: Bare
    world: World
    snapshot: Path
    expected: dict[str, dict[str, str]]
    references: dict[str, dict[str, str]]
    seconds: float

    @property
    def prefix(self) -> Path:
        return self.world.root / "env"

    def restore(self) -> None:
        shutil.rmtree(self.world.folder)
        subprocess.run(["cp", "-a", str(self.snapshot), str(self.world.folder)], check=True)

    def argv(self, command: str) -> list[str]:
        return ["sh", "-c", command.replace("{python}", self.world.stage.python)]

    def run(self, command: str) -> Done:
        return self.world.run(self.argv(command))

    def judge(self, *names: str) -> wholeness.Verdict:
        expected = {name: self.expected[name] for name in names if name in self.expected}
        return wholeness.judge(self.prefix, expected, self.references)


def kill_bare(run: Run, bare: Bare, trials: int) -> Row:
    """Return the row of one tool: kills of all its processes at moments spread evenly over its warm duration."""
    world = run.stage.world(run.folder / bare.what.replace(" ", "-"))
    stage = _rehearsed(bare, world)
    tally, counts, dice = Tally(bare.what, peer=True), _Counts(), run.random(bare.what)
    for number in range(trials):
        stage.restore()
        process = world.start(stage.argv(bare.command))
        time.sleep(dice.uniform(0, stage.seconds))
        hit = process.poll() is None
        kill_group(process)
        process.communicate()
        verdict = stage.judge("old", "new")
        _count(stage, verdict, counts, f"trial {number}, {verdict}")
        tally.add(hit=hit, state=_state(verdict))
    tally.bad.extend(counts.bad)
    note = f"of the incomplete and damaged {counts.looks_well} look like a working environment, {counts.checks_well} pass its check"
    again = f"run again, {counts.says_mended} say that all is well, and {counts.not_mended} of these are not"
    return tally.row(f"{note}; {again}; T {stage.seconds:.2f} s")


def _state(verdict: wholeness.Verdict) -> str:
    if verdict.state == "damaged" and len(verdict.why) == 1 and "packages are none of the sets" in verdict.why[0]:
        return "incomplete"  # each package that is there is whole, and some are not there
    return f"{verdict.state} {verdict.which}".strip()


def _count(stage: _Stage, verdict: wholeness.Verdict, counts: _Counts, story: str) -> None:
    if verdict.state != "damaged":
        return
    counts.bad.append(story)
    runs = os.access(stage.prefix / "bin" / "python", os.X_OK) and stage.run("env/bin/python -I -S -c pass").code == 0
    counts.looks_well += runs and (stage.prefix / "pyvenv.cfg").is_file()
    counts.checks_well += runs and stage.run(stage.bare.check).code == 0
    if stage.run(stage.bare.command).code == 0:
        counts.says_mended += 1
        counts.not_mended += stage.judge("new").state != "whole"


def _rehearsed(bare: Bare, world: World) -> _Stage:
    snapshot = world.folder.with_name(f"{world.folder.name}-snapshot")
    stage = _Stage(bare=bare, world=world, snapshot=snapshot, expected={}, references={}, seconds=0.0)
    for name, command in (("old", bare.before), ("new", bare.command)):
        if name == "new":
            subprocess.run(["cp", "-a", str(world.folder), str(snapshot)], check=True)
        if command:
            done = stage.run(command)
            assert done.code == 0, done.text
            stage.expected[name] = wholeness.packages(stage.prefix)
            stage.references[name] = wholeness.listing(stage.prefix)
    stage.restore()
    return replace(stage, seconds=stage.run(bare.command).seconds)
