"""A file system that refuses locks, as some network mounts do: two verbs at once, and a holder that is killed."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import PACKAGES, World, kill_group

__all__ = ["CAMPAIGN"]

_ERRORS = ("ENOLCK", "EOPNOTSUPP", "EINVAL", "EBADF")
_VERBS = ("create", "add", "sync")
_WAITING, _SAID = "waiting for mlenv", "refuses locks"


def _prepared(world: World, verb: str) -> tuple[list[str], list[str]]:
    """Make the project that a verb is run in; return the words of the first run and of the second."""
    if verb == "create":
        return ["create", *PACKAGES], ["create", *PACKAGES]
    done = world.mlenv("create", *(PACKAGES if verb == "sync" else ("six==1.16.0",)))
    if done.code:
        raise RuntimeError(done.text)
    if verb == "add":
        return ["add", "idna==3.6"], ["add", "humanize==4.9.0"]
    world.link.unlink()
    shutil.rmtree(world.root / ".mlenv")
    return ["sync"], ["sync"]


def _start(world: World, words: list[str], error: str) -> subprocess.Popen[str]:
    """Start a verb to which every lock of its own is refused; the engine's are its own affair (uv's cache is local)."""
    before = ("strace", "-qq", "-o", os.devnull, "-e", "trace=flock", "-e", f"inject=flock:error={error}")
    return world.start([sys.executable, "-m", "mlenv", *words], before=before)


def _end(process: subprocess.Popen[str]) -> tuple[int, str]:
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        kill_group(process)
        out, err = process.communicate()
        err += "\nno end within 120 s"
    return process.returncode, out + err


def _claimant(world: World) -> int:
    try:
        return int(json.loads((world.root / ".mlenv" / "lock.held").read_text())["pid"])
    except (OSError, ValueError):
        return 0


def _at_once(world: World, verb: str, error: str) -> tuple[bool, str, list[str]]:
    words = _prepared(world, verb)
    ends = [_end(process) for process in [_start(world, each, error) for each in words]]
    faults = [f"status {code}: {text.strip()[-200:]}" for code, text in ends if code]
    waited = sum(_WAITING in text for _, text in ends)
    silent = sum(text.count(_SAID) != 1 for _, text in ends)
    if silent:
        faults.append(f"{silent} did not say once that locks are refused")
    if verb != "add" and _generations(world) != 1:
        faults.append(f"{_generations(world)} environments were made")
    return waited > 0, "one waited" if waited else "one after the other", faults


def _killed(world: World, verb: str, error: str, chance: random.Random) -> tuple[bool, str, list[str]]:
    first_words, second_words = _prepared(world, verb)
    whole_group = chance.random() < 0.5
    pause_s = chance.uniform(0, 0.6)
    first = _start(world, first_words, error)
    while not (holder := _claimant(world)) and first.poll() is None:
        time.sleep(0.005)
    time.sleep(pause_s)
    hit = holder != 0 and first.poll() is None
    if hit and whole_group:
        kill_group(first)
    elif hit:
        os.kill(holder, signal.SIGKILL)
    _end(first)
    left = (world.root / ".mlenv" / "lock.held").exists()
    code, text = _end(_start(world, second_words, error))
    faults = [f"killed after {pause_s:.2f} s, then status {code}: {text.strip()[-200:]}"] if code else []
    if verb == "add" and not faults:  # what the killed one was to do is asked for again
        code, text = _end(_start(world, first_words, error))
        faults = [f"again: status {code}: {text.strip()[-200:]}"] if code else []
    return hit and left, "taken over" if left else "ended before", faults


def _generations(world: World) -> int:
    return len(os.listdir(world.root / ".mlenv" / "envs"))


def _left(world: World) -> list[str]:
    """Return what must not be there at the end: a claim, a damaged file, a verdict that is not in step."""
    claims = [path.name for path in (world.root / ".mlenv").glob("lock.*")]
    verdict = world.verdict()
    faults = [*world.faults(), *(f"{name} was left" for name in claims)]
    return faults if verdict == "in-step" else [*faults, f"verdict {verdict}"]


def _run(run: Run) -> Iterator[Row]:
    cells = list(itertools.product(_ERRORS, _VERBS))
    run.random("cells").shuffle(cells)
    for what, attack in (("two at once", False), ("the holder killed, then another", True)):
        tally = Tally(f"every lock refused ({', '.join(_ERRORS)}), {' / '.join(_VERBS)}: {what}")
        chance = run.random(what)
        trials = run.trials // 2 if attack else run.trials - run.trials // 2
        for number, (error, verb) in enumerate(itertools.islice(itertools.cycle(cells), trials)):
            world = run.stage.world(run.folder / f"{'killed' if attack else 'pair'}-{number}")
            hit, state, faults = _killed(world, verb, error, chance) if attack else _at_once(world, verb, error)
            faults += _left(world)
            story = f"{Path(world.folder).name} {verb} {error}: {'; '.join(faults)}"
            tally.add(hit=hit, state="bad" if faults else state, bad=story if faults else None)
        yield tally.row()


CAMPAIGN = Campaign(
    name="locks_refused",
    promise="Where the file system refuses locks, mlenv says so once, two verbs at once still make one whole environment,"
    " and the work of a killed one is taken over.",
    run=_run,
    full=40,
    sample=4,
    missing=lambda: "" if shutil.which("strace") else "strace is not here",
)
