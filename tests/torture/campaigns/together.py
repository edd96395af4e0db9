"""Several processes on one project, at once, by every face; the one that holds the lock stopped or killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from torture import cell
from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import PACKAGES, UPGRADES, Done, World, kill_group

__all__ = ["CAMPAIGN"]

_LONG_S = 300.0
_CROWDS = (2, 4, 8, 16)
_FACES: tuple[tuple[str, ...], ...] = (
    (str(Path(sys.executable).with_name("mlenv")),),
    (sys.executable, "-m", "mlenv"),
    (str(Path(sys.executable).with_name("jupyter-mlenv")),),
)
_WAITED = "waiting for mlenv"


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What all processes of one trial did."""

    ends: tuple[Done, ...]

    @property
    def waited(self) -> int:
        return sum(_WAITED in done.text for done in self.ends)

    def failures(self, allowed: Sequence[str] = ()) -> list[str]:
        bad = [done for done in self.ends if done.code != 0 and not any(text in done.text for text in allowed)]
        return [f"status {done.code}: {done.text.strip()[-200:]}" for done in bad]


def _face(chance: Random, *words: str) -> list[str]:
    return [*chance.choice(_FACES), *words]


def _all_at_once(world: World, argvs: Sequence[Sequence[str]], *, kernel: str = "", code: str = "") -> Crowd:
    """Start all, and a notebook's cell where one is told, at the same moment; wait for the end of each."""
    go, started = world.folder / "go", []
    if code:
        started.append(world.start([sys.executable, cell.__file__, kernel, str(go), code]))
        _until(lambda: bool(list(world.folder.glob("go.*"))), 60)
    started += [world.start(argv) for argv in argvs]
    go.touch()
    ends = tuple(_end(one) for one in started)
    for left in world.folder.glob("go*"):
        left.unlink()
    return Crowd(ends=ends)


def _end(process: subprocess.Popen[str]) -> Done:
    began = time.monotonic()
    try:
        out, err = process.communicate(timeout=_LONG_S)
    except subprocess.TimeoutExpired:
        kill_group(process)
        out, err = process.communicate()
        err += f"\nkilled after {_LONG_S} s"
    return Done(process.returncode, out, err, time.monotonic() - began)


def _until(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _builds(world: World) -> int:
    envs = world.root / ".mlenv" / "envs"
    return len(list(envs.iterdir())) if envs.is_dir() else 0


def _fault(world: World, crowd: Crowd, *, builds: int | None, allowed: Sequence[str] = ()) -> str:
    """Return what is wrong after a trial, or nothing."""
    found = crowd.failures(allowed)
    if builds is not None and _builds(world) != builds:
        found.append(f"{_builds(world)} environments were built, not {builds}")
    found += world.faults()
    verdict = world.verdict()
    if verdict != "in-step":
        found.append(f"verdict {verdict}")
    return "; ".join(found)


def _creates(run: Run, trials: int) -> Iterator[Row]:
    for size in _crowds(trials):
        what = f"{size} `create` at once, mixed command lines"
        tally, chance = Tally(what), run.random(what)
        for number in range(_share(trials, size)):
            world = run.stage.world(run.folder / f"create-{size}-{number}")
            crowd = _all_at_once(world, [_face(chance, "create", *PACKAGES) for _ in range(size)])
            fault = _fault(world, crowd, builds=1)
            tally.add(
                hit=crowd.waited > 0, state=f"{size} ended well" if not fault else "bad", bad=_story(world, fault)
            )
        yield tally.row()


def _crowds(trials: int) -> tuple[int, ...]:
    """A sample plays one small crowd."""
    return _CROWDS if trials >= 4 else _CROWDS[1:2]


def _share(trials: int, size: int) -> int:
    """Bigger crowds get fewer trials: each costs as much as its size."""
    return max(trials * 2 // size, 1)


def _story(world: World, fault: str) -> str | None:
    return f"{world.folder.name}: {fault}" if fault else None


def _made(run: Run, name: str) -> tuple[World, str]:
    """Return a world with a project at the older versions, and its kernel's id."""
    world = run.stage.world(run.folder / name)
    done = world.mlenv("create", *PACKAGES, "--json")
    if done.code:
        raise RuntimeError(done.text)
    return world, str(json.loads(done.out)["kernel"])


def _raise_versions(world: World) -> None:
    manifest = world.root / "pyproject.toml"
    text = manifest.read_text()
    for old, new in zip(PACKAGES, UPGRADES, strict=True):
        text = text.replace(old, new)
    manifest.write_text(text)


def _syncs(run: Run, trials: int) -> Iterator[Row]:
    for size in _crowds(trials):
        what = f"{size} `sync` at once, one of them a cell of a real kernel"
        tally, chance = Tally(what), run.random(what)
        for number in range(_share(trials, size)):
            world, kernel = _made(run, f"sync-{size}-{number}")
            _raise_versions(world)
            argvs = [_face(chance, "sync") for _ in range(size - 1)]
            crowd = _all_at_once(world, argvs, kernel=kernel, code="%mlenv sync")
            fault = _fault(world, crowd, builds=2)
            tally.add(
                hit=crowd.waited > 0, state=f"{size} ended well" if not fault else "bad", bad=_story(world, fault)
            )
        yield tally.row()


def _adds(run: Run, trials: int) -> Iterator[Row]:
    """Each adds another package: none may lose what another wrote."""
    what = f"{len(PACKAGES) - 1} `add` at once, each of another package"
    tally, chance = Tally(what), run.random(what)
    for number in range(max(trials // 2, 1)):
        world = run.stage.world(run.folder / f"add-{number}")
        world.mlenv("create", PACKAGES[0])
        crowd = _all_at_once(world, [_face(chance, "add", text) for text in PACKAGES[1:]])
        fault = _fault(world, crowd, builds=None)
        manifest = (world.root / "pyproject.toml").read_text()
        lost = [text for text in PACKAGES if text not in manifest]
        if lost:
            fault += f"; lost: {', '.join(lost)}"
        tally.add(hit=crowd.waited > 0, state="all are in" if not fault else "bad", bad=_story(world, fault))
    yield tally.row()


_VERBS = (
    ("add", "six==1.17.0"),
    ("remove", "humanize"),
    ("sync",),
    ("lock", "--upgrade"),
    ("upgrade",),
    ("freeze",),
    ("undo",),
    ("create",),
    ("check",),
)
_MOVED_ON = ("nothing-to-undo", "there is no earlier state")


def _pairs(run: Run, trials: int) -> Iterator[Row]:
    """Two verbs, chosen by chance; then one `sync` must find the project whole."""
    what = "two different verbs at once"
    tally, chance = Tally(what), run.random(what)
    for number in range(trials):
        world, _ = _made(run, f"pair-{number}")
        world.mlenv("add", "markupsafe")
        verbs = chance.sample(_VERBS, 2)
        crowd = _all_at_once(world, [_face(chance, *verb) for verb in verbs])
        found = [f"{' | '.join(' '.join(verb) for verb in verbs)}: {text}" for text in _unwell(verbs, crowd)]
        found += world.faults()
        healed = world.mlenv("sync")
        if healed.code or world.verdict() != "in-step":
            found.append(f"sync afterwards: {healed.text[-200:]}; verdict {world.verdict()}")
        tally.add(hit=crowd.waited > 0, state="bad" if found else "whole", bad=_story(world, "; ".join(found)))
    yield tally.row()


def _unwell(verbs: Sequence[Sequence[str]], crowd: Crowd) -> list[str]:
    """A check beside a change may see another verdict (status 1), never an error; nothing to undo is an answer."""
    found = []
    for verb, done in zip(verbs, crowd.ends, strict=True):
        well = done.code in ((0, 1) if verb[0] == "check" else (0,))
        if not well and not any(text in done.text for text in _MOVED_ON):
            found.append(f"status {done.code}: {done.text.strip()[-200:]}")
    return found


def _holder_of(world: World) -> int:
    """Return the process that the lock names, 0 where nobody holds it."""
    with contextlib.suppress(OSError, ValueError):
        return int(json.loads((world.root / ".mlenv" / "lock").read_text())["pid"])
    return 0


def _stopped(run: Run, trials: int) -> Iterator[Row]:
    what = "the holder stopped (SIGSTOP) while 3 wait, then continued"
    tally, chance = Tally(what), run.random(what)
    for number in range(max(trials // 2, 1)):
        world = run.stage.world(run.folder / f"stop-{number}")
        first = world.start(_face(chance, "create", *PACKAGES))
        held = _until(lambda first=first, world=world: _holder_of(world) == first.pid, 20)  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.4))
        os.killpg(first.pid, signal.SIGSTOP)
        others = [world.start(_face(chance, "create", *PACKAGES)) for _ in range(3)]
        time.sleep(3)
        early = [one.returncode for one in others if one.poll() is not None]
        os.killpg(first.pid, signal.SIGCONT)
        crowd = Crowd(ends=tuple(_end(one) for one in (first, *others)))
        fault = _fault(world, crowd, builds=1)
        named = sum(f"{_WAITED} create (process {first.pid})" in done.text for done in crowd.ends[1:])
        if held and not early and named != 3:
            fault += f"; {3 - named} did not say who holds the project"
        tally.add(hit=held and not early, state="bad" if fault else "waited by name", bad=_story(world, fault))
    yield tally.row()


def _killed(run: Run, trials: int) -> Iterator[Row]:
    """The holder dies, alone or with its engine, while others wait: these go on, one builds."""
    for what, whole_group in (
        ("the holder's group killed while 3 wait", True),
        ("only the holder killed, its engine lives", False),
    ):
        tally, chance = Tally(what), run.random(what)
        for number in range(max(trials // 2, 1)):
            world = run.stage.world(run.folder / f"kill-{whole_group}-{number}")
            first = world.start(_face(chance, "create", *PACKAGES))
            held = _until(lambda first=first, world=world: _holder_of(world) == first.pid, 20)  # type: ignore[misc]
            others = [world.start(_face(chance, "create", *PACKAGES)) for _ in range(3)]
            time.sleep(chance.uniform(0, 0.7))
            hit = held and first.poll() is None
            if whole_group:
                kill_group(first)
            else:
                os.kill(first.pid, signal.SIGKILL)
            first.communicate()
            crowd = Crowd(ends=tuple(_end(one) for one in others))
            fault = _fault(world, crowd, builds=None)
            tally.add(hit=hit, state="bad" if fault else "others went on", bad=_story(world, fault))
        yield tally.row()


def _fresh_data(run: Run, trials: int) -> Iterator[Row]:
    """Nothing is there yet: launcher, kernel side and runtime are made by whoever comes first."""
    what = "4 projects at once, one data folder, its runtime not made yet"
    tally = Tally(what)
    for number in range(max(trials // 8, 1)):
        data = run.folder / f"data-{number}"
        worlds = [
            replace(run.stage.world(run.folder / f"fresh-{number}-{letter}"), extra={"MLENV_DATA_DIR": str(data)})
            for letter in "abcd"
        ]
        started = [world.start(world.mlenv_argv("create", "six==1.16.0")) for world in worlds]
        crowd = Crowd(ends=tuple(_end(one) for one in started))
        made = [path.name for path in (data / "runtimes").iterdir() if not path.name.startswith(".")]
        fault = "; ".join([*crowd.failures(), *(text for world in worlds for text in world.faults())])
        if len(made) != 1:
            fault += f"; runtimes: {made}"
        waited = sum("another mlenv prepares" in done.text for done in crowd.ends)
        tally.add(hit=waited > 0, state="bad" if fault else "1 runtime", bad=_story(worlds[0], fault))
    yield tally.row()


def _peers(run: Run, trials: int) -> Iterator[Row]:
    """The same loop over other tools: failed processes of all."""
    from uv import find_uv_bin

    for what, argv in (("4 `uv venv` at once", [str(find_uv_bin()), "venv", "--python", run.stage.python, "env"]),):
        tally = Tally(what, peer=True)
        for number in range(max(trials // 2, 1)):
            world = run.stage.world(run.folder / f"peer-{number}")
            crowd = _all_at_once(world, [argv] * 4)
            failed = len(crowd.failures())
            tally.add(
                hit=True, state=f"{failed} of 4 failed", bad=f"{failed} of 4 processes failed" if failed else None
            )
        yield tally.row()


def _run(run: Run) -> Iterator[Row]:
    for part in (_creates, _syncs, _adds, _pairs, _stopped, _killed):
        yield from part(run, run.trials)
    if run.trials >= 4:
        yield from _fresh_data(run, run.trials)
        yield from _peers(run, run.trials)


CAMPAIGN = Campaign(
    name="together",
    promise="However many processes work on one project at once, by whatever face: one builds, the others wait and say"
    " so, all end well; a holder that is stopped is named, one that is killed holds nobody up.",
    run=_run,
    full=50,
    sample=1,
)
