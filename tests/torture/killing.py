"""Kill a verb at a random moment, judge what is left, run the same verb again, judge what that made of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torture import wholeness
from torture.campaign import Row, Run, Tally
from torture.stage import Done, World

__all__ = [
    "MODES",
    "Rehearsed",
    "Scene",
    "Shape",
    "attack",
    "kill",
    "kill_scene",
    "rehearse",
    "shape_of",
    "spread",
    "stragglers",
]

MODES = ("group", "parent", "engine", "group", "term", "parent", "engine", "group", "int", "engine")
"""How the trials of a row are killed, in turn: all processes of the verb; mlenv alone, so that the engine lives on;
the engine alone; SIGTERM; Ctrl-C."""
ENDS_WITHIN_S = 10.0
"""How long mlenv may take to end itself after SIGTERM or Ctrl-C, on a machine that does other things, too."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One verb, and the project that it is run in."""

    verb: str
    words: tuple[str, ...]
    """``{engine}`` stands for the engine."""
    prepare: Callable[[World, str], None]
    """Makes the project in an empty world, with an engine."""
    ends: str = "in-step"
    """What check says after it."""
    repeats: str = ""
    """What the verb may say, as an error, when it is run again after it had done everything before the kill."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What counts of a project: its environment, its files, its kernels, and what check says of it."""

    packages: dict[str, str] | None
    listing: dict[str, str]
    files: dict[str, bytes]
    kernels: dict[str, bytes]
    """Folder of a kernelspec -> its ``kernel.json``."""
    private: frozenset[str]
    generations: int
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """A scene that was played once to its end: how it is before, how it is after, how long it takes."""

    scene: Scene
    engine: str
    world: World
    snapshot: Path
    old: Shape
    new: Shape
    seconds: float

    def restore(self) -> None:
        """Put everything back to before the verb, at the same place."""
        for process in stragglers(self.world):
            _signal(process, signal.SIGKILL)
        shutil.rmtree(self.world.folder)
        _copy(self.snapshot, self.world.folder)

    def words(self) -> list[str]:
        return self.world.mlenv_argv(*(word.replace("{engine}", self.engine) for word in self.scene.words))


def shape_of(world: World) -> Shape:
    """Look at a project as it lies there."""
    there = os.path.lexists(world.link)
    private = world.root / ".mlenv"
    return Shape(
        packages=wholeness.packages(world.link) if there else None,
        listing=wholeness.listing(world.link) if there else {},
        files=_files(world.root),
        kernels=_kernels(world),
        private=frozenset(os.listdir(private)) if private.is_dir() else frozenset(),
        generations=len(_generations(world)),
        verdict=world.verdict(),
    )


def rehearse(scene: Scene, world: World, engine: str) -> Rehearsed:
    """Set the scene, keep a copy, and play it twice: the second time, warm, gives the duration.

    Raises:
        AssertionError: the verb does not work here even when nobody disturbs it.
    """
    scene.prepare(world, engine)
    old = shape_of(world)
    snapshot = world.folder.with_name(f"{world.folder.name}-snapshot")
    _copy(world.folder, snapshot)
    rehearsed = Rehearsed(scene=scene, engine=engine, world=world, snapshot=snapshot, old=old, new=old, seconds=0.0)
    first = world.run(rehearsed.words())
    new = shape_of(world)
    assert first.code == 0, f"{scene.verb}: {first.text}"
    assert new.verdict == scene.ends, f"{scene.verb}: {new.verdict} after it"
    rehearsed.restore()
    second = world.run(rehearsed.words())
    return replace(rehearsed, new=new, seconds=second.seconds)


def kill_scene(run: Run, scene: Scene, engine: str, trials: int) -> Row:
    """Return the row of one verb: kills at moments spread evenly over its warm duration."""
    stage = rehearse(scene, run.stage.world(run.folder / scene.verb), engine)
    tally = Tally(f"{scene.verb} ({engine})")
    dice = run.random(f"{engine} {scene.verb}")
    slowest, per_mode = 0.0, dict.fromkeys(sorted(set(MODES)), 0)
    for number in range(trials):
        mode, moment = MODES[number % len(MODES)], dice.uniform(0, stage.seconds)
        hit, state, faults, seconds = attack(stage, mode, moment)
        slowest = max(slowest, seconds)
        per_mode[mode] += hit
        story = f"trial {number}, {mode} at {moment:.3f} s, {state}: {'; '.join(faults[:4])}" if faults else None
        tally.add(hit=hit, state=state, bad=story)
    shutil.rmtree(stage.snapshot, ignore_errors=True)
    hits = ", ".join(f"{mode} {count}" for mode, count in per_mode.items())
    return tally.row(f"met: {hits}; T {stage.seconds:.2f} s, slowest mend {slowest:.1f} s")


def attack(stage: Rehearsed, mode: str, moment: float) -> tuple[bool, str, list[str], float]:
    """Play one trial.

    Returns:
        Whether the kill met running work, the state that it left (``old``, ``new``, ``absent``, ``damaged``, with
        ``files new`` where only these were written), what was wrong, and how long the mending run took, in seconds.
    """
    stage.restore()
    hit, faults = kill(stage, mode, moment)
    state, left = judge_left(stage)
    faults += left
    again = stage.world.run(stage.words())
    faults += judge_mended(stage, again)
    return hit, state, faults, again.seconds


def kill(stage: Rehearsed, mode: str, moment: float) -> tuple[bool, list[str]]:
    """Start the verb and kill it; return whether it was still running, and what was wrong with how it ended."""
    process = stage.world.start(stage.words())
    deadline = time.monotonic() + moment
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(max(0.0, min(0.01, deadline - time.monotonic())))
    hit = _strike(process, mode, stage.seconds)
    patience_s = ENDS_WITHIN_S if mode in {"term", "int"} else 120.0
    try:
        process.communicate(timeout=patience_s)
    except subprocess.TimeoutExpired:
        _kill_all(process.pid)
        process.communicate()
        return hit, [f"still running {patience_s:.0f} s after the signal"]
    if hit and mode in {"term", "int"}:
        left = stragglers(stage.world)
        return hit, [f"left {len(left)} processes running"] if left else []
    return hit, []


def _strike(process: subprocess.Popen[str], mode: str, longest_s: float) -> bool:
    if process.poll() is not None:
        return False
    if mode == "engine":
        # The first moment from now on in which a program of mlenv's is running.
        deadline = time.monotonic() + longest_s
        while not (children := _descendants(process.pid)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        for child in children:
            _signal(child, signal.SIGKILL)
        return bool(children)
    if mode == "group":
        _kill_all(process.pid)
    else:
        _signal(process.pid, {"parent": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}[mode])
    return True


_BESIDE = ".gitignore"


def judge_left(stage: Rehearsed) -> tuple[str, list[str]]:
    """Judge what a kill left: the old environment whole, or the new one; every file old or new; kernels that load."""
    world, old, new = stage.world, stage.old, stage.new
    sets = {name: shape.packages for name, shape in (("old", old), ("new", new)) if shape.packages is not None}
    verdict = wholeness.judge(world.link, sets, {"old": old.listing, "new": new.listing})
    faults = []
    if verdict.state == "damaged" or (verdict.state == "absent" and old.packages is not None):
        faults.append(str(verdict))
    files = _files(world.root)
    stray = {name for name in files if name.startswith(".") and name.endswith(".tmp")}
    kinds = set()
    for name in sorted({*old.files, *new.files, *files} - stray):
        known = {"old": old.files.get(name), "new": new.files.get(name)}
        kind = {word for word, content in known.items() if files.get(name) == content}
        # What git ignores is completed last and is no part of a verdict; the mend must complete it.
        kinds |= kind if len(kind) == 1 and name != _BESIDE else set()
        if not kind:
            faults.append(f"{name} is neither the old nor the new")
    faults += wholeness.kernel_faults(world.home / "jupyter" / "kernels")
    kernels = _kernels(world)
    for name in sorted({*old.kernels, *new.kernels, *kernels}):
        if kernels.get(name) not in (old.kernels.get(name), new.kernels.get(name)):
            faults.append(f"kernel {name} is neither the old nor the new")
    looks = world.verdict()
    which = verdict.which or verdict.state
    same = old.packages == new.packages
    fits = len(kinds) < 2 and (same or not kinds or which in kinds)
    if looks == "in-step" and not (verdict.state == "whole" and fits):
        faults.append(f"check says in-step, but the environment is {verdict} and its files are {sorted(kinds)}")
    if same:
        return f"files {' and '.join(sorted(kinds)) or 'same'}", faults
    mixed = "" if fits else f", files {' and '.join(sorted(kinds))}"
    return f"{which}{mixed}", faults


def judge_mended(stage: Rehearsed, again: Done) -> list[str]:
    """Judge what the same command made of it: exactly what an undisturbed run makes, and nothing left over."""
    world, new, scene = stage.world, stage.new, stage.scene
    done_before = bool(scene.repeats) and again.code == 2 and scene.repeats in again.text
    if again.code != 0 and not done_before:
        return [f"the same command ends with {again.code}: {again.text.strip()[-300:]}"]
    verdict = wholeness.judge(world.link, {"new": new.packages or {}}, {"new": new.listing})
    faults = [] if verdict.state == "whole" else [f"after the mend: {verdict}"]
    files = _files(world.root)
    faults += [f"after the mend: {name} is another" for name in new.files if files.get(name) != new.files[name]]
    faults += [f"after the mend: {name} was left over" for name in files if name not in new.files]
    faults += [f"after the mend: {fault}" for fault in wholeness.project_faults(world.root)]
    faults += [f"after the mend: {fault}" for fault in wholeness.kernel_faults(world.home / "jupyter" / "kernels")]
    if _kernels(world) != new.kernels:
        faults.append("after the mend: other kernels")
    if (looks := world.verdict()) != new.verdict:
        faults.append(f"after the mend: check says {looks}")
    return faults + _left_over(world, new)


def _left_over(world: World, new: Shape) -> list[str]:
    private = world.root / ".mlenv"
    faults = [f"after the mend: .mlenv/{name} was left over" for name in set(os.listdir(private)) - new.private]
    unfinished = [path.name for path in _generations(world) if not (path / "pyvenv.cfg").is_file()]
    faults += [f"after the mend: .mlenv/envs/{name} was left over" for name in unfinished]
    if len(_generations(world)) > max(new.generations, 1) + 1:
        faults.append(f"after the mend: {len(_generations(world))} environments are kept, not {new.generations}")
    return faults


def stragglers(world: World) -> list[int]:
    """Return the processes that still run in a world: its home is in their environment."""
    mark = f"HOME={world.home}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0") and _state(entry) != "Z":
                    found.append(int(entry.name))
    return found


def _state(entry: Path) -> str:
    return (entry / "stat").read_text().rpartition(") ")[2][:1]


def _descendants(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _kill_all(pid: int) -> None:
    """Kill a program and all that it started, sessions of their own too; none gets to start another meanwhile."""
    _signal(pid, signal.SIGSTOP)
    doomed = _descendants(pid)
    for process in (pid, *doomed):
        _signal(process, signal.SIGKILL)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in root.iterdir() if path.is_file() and not path.is_symlink()}


def _kernels(world: World) -> dict[str, bytes]:
    folder = world.home / "jupyter" / "kernels"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return {path.name: (path / "kernel.json").read_bytes() for path in found if (path / "kernel.json").is_file()}


def _generations(world: World) -> list[Path]:
    envs = world.root / ".mlenv" / "envs"
    return list(envs.iterdir()) if envs.is_dir() else []


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def spread(trials: int, scenes: Sequence[Scene]) -> Iterable[tuple[Scene, int]]:
    """Share trials out among scenes; where there are fewer than four for each, only to the first few of them."""
    chosen = scenes[: max(1, min(len(scenes), trials // 4))]
    for number, scene in enumerate(chosen):
        yield scene, trials // len(chosen) + (number < trials % len(chosen))
