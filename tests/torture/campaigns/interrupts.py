"""Interrupts of running verbs in a real kernel, at random moments; restarts, shutdowns and kills of the kernel, too."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler

from live_kernel import CellResult, LiveKernel
from torture.campaign import Campaign, Row, Run, Tally
from torture.index import Fault
from torture.kernels import living_in, lock_is_free, packages_of, start_kernel, state_of, verdict_in
from torture.stage import World

BASE = ("idna==3.6", "six==1.16.0", "networkx==3.3")
LIMIT_S = 2.0
"""How soon control must be back: the promise."""
SLOW_S = 0.7
"""How late the slow index answers each request."""
STUCK_S = 8.0
"""How late it answers where the kernel ends: nothing of the verb may wait for it."""


def _unlock_idna(world: World) -> None:
    """Let idna be upgraded: declared without a pin, locked at the old version."""
    manifest = world.root / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("idna==3.6", "idna>=3"))
    done = world.mlenv("lock")
    assert done.code == 0, done.text


def _lose_six(world: World) -> None:
    site = next(world.link.glob("lib/python3*/site-packages"))
    (site / "six.py").unlink()
    shutil.rmtree(site / "six-1.16.0.dist-info")


def _by_hand(world: World) -> None:
    from uv import find_uv_bin

    done = world.run([str(find_uv_bin()), "pip", "install", "-q", "-p", str(world.link), "humanize==4.9.0"])
    assert done.code == 0, done.text


def _declare(world: World) -> None:
    manifest = world.root / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"six==1.16.0"', '"six==1.16.0",\n    "attrs==24.2.0"'))


def _add_outside(world: World) -> None:
    done = world.mlenv("add", "humanize==4.9.0")
    assert done.code == 0, done.text


@dataclass(frozen=True)
class Verb:
    """One line that is interrupted, and what makes it work to do."""

    line: str
    prepare: Callable[[World], object] = lambda world: None
    again: bool = True
    """Whether the same line typed again means the same."""


VERBS = {
    "add": Verb("add humanize==4.9.0"),
    "sync": Verb("sync", _lose_six),
    "create": Verb("create", lambda world: world.link.unlink()),
    "upgrade": Verb("upgrade"),
    "freeze": Verb("freeze", _by_hand),
    "lock": Verb("lock", _declare),
    "check": Verb("check --deep"),
    "remove": Verb("remove six"),
    "undo": Verb("undo", _add_outside, again=False),
}
DOWNLOADING = ("add", "create", "upgrade", "lock")
"""Verbs that ask the index, where the cache does not know."""
SLOW = ("slow index", "kernel restarted", "kernel shut down", "kernel killed")
"""Kinds that meet an engine at work for sure: the index answers late."""
KINDS = ("once",) * 9 + ("slow index",) * 4 + ("twice",) * 3 + ("kernel restarted", "kernel shut down", "kernel killed")


@dataclass
class Place:
    """One project with its kernel, used for many trials."""

    world: World
    base: dict[str, str]
    kernel: LiveKernel
    longest_s: dict[str, float] = field(default_factory=dict)

    def reset(self) -> str:
        """Make the project what it was; what went wrong, where that cannot be."""
        for name, text in self.base.items():
            (self.world.root / name).write_text(text)
        done = self.world.mlenv("sync")
        return "" if done.code == 0 else f"the project could not be brought back: {done.text[-300:]}"


@contextlib.contextmanager
def _place(run: Run) -> Iterator[Place]:
    world = run.stage.world(run.folder / "project")
    world = replace(world, extra={"UV_CACHE_DIR": str(world.folder / "uv-cache")})
    shutil.copytree(run.stage.uv_cache, world.folder / "uv-cache", symlinks=True)
    done = world.mlenv("create", *BASE)
    assert done.code == 0, done.text
    _unlock_idna(world)
    place = Place(world, dict(state_of(world)[0]), start_kernel(world))
    place.kernel.run("import idna")
    try:
        yield place
    finally:
        place.kernel.stop()


def _slow(delay_s: float) -> Fault:
    def late(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
        time.sleep(delay_s)
        return False

    return late


@contextlib.contextmanager
def _index(run: Run, world: World, kind: str) -> Iterator[None]:
    """Let the index answer late, and uv know nothing of it, where the kind of trial asks for it."""
    if kind in SLOW:
        run.stage.index.faults["/"] = _slow(SLOW_S if kind == "slow index" else STUCK_S)
        shutil.rmtree(world.folder / "uv-cache", ignore_errors=True)
    try:
        yield
    finally:
        run.stage.index.faults.pop("/", None)


def campaign(run: Run) -> Iterator[Row]:
    dice = run.random("interrupts")
    tallies: dict[str, Tally] = {}
    slowest = 0.0
    with _place(run) as place:
        plan = _plan(run, dice)
        for number, (kind, name) in enumerate(plan):
            tally = tallies.setdefault(kind, Tally(_TEXTS[kind]))
            seconds = _trial(run, place, dice, f"trial {number} ({kind}, {name})", kind, VERBS[name], tally)
            slowest = max(slowest, seconds)
    for tally in tallies.values():
        yield tally.row(f"slowest return {slowest:.1f} s" if tally is next(iter(tallies.values())) else "")


_TEXTS = {
    "once": "one interrupt of a verb",
    "slow index": "one interrupt while the index answers slowly",
    "twice": "two interrupts within a second",
    "kernel restarted": "kernel restarted during a verb",
    "kernel shut down": "kernel shut down during a verb",
    "kernel killed": "kernel killed during a verb",
}


def _plan(run: Run, dice: random.Random) -> list[tuple[str, str]]:
    """Return kind and verb of each trial; each kind gets its turn even in a short run."""
    kinds = list(dict.fromkeys(KINDS)) + [dice.choice(KINDS) for _ in range(run.trials)]
    names = sorted(VERBS)
    dice.shuffle(names)
    rows = []
    for number, kind in enumerate(kinds[: run.trials]):
        known = [name for name in names if name in DOWNLOADING] if kind in SLOW else names
        rows.append((kind, known[number % len(known)]))
    return rows


def _trial(run: Run, place: Place, dice: random.Random, label: str, kind: str, verb: Verb, tally: Tally) -> float:
    """Interrupt one verb, look at everything, type it again; how long control took to come back, in seconds."""
    world = place.world
    problem = place.reset()
    verb.prepare(world)
    old = state_of(world)
    with _index(run, world, kind):
        longest = 4.0 if kind in SLOW else place.longest_s.get(verb.line, 1.5)
        met, seconds, said = _attack(place, kind, verb.line, dice.uniform(0.02, longest), dice.uniform(0.0, 0.9))
        faults = [problem, said] + ([f"control came back after {seconds:.1f} s"] if seconds > LIMIT_S else [])
        faults += _left_running(world, at_once=kind in {"once", "twice", "slow index"})
    between = state_of(world)
    if not world.link.exists() and kind.startswith("kernel"):  # no kernel could start: the command line must heal
        done = world.mlenv(*verb.line.split())
        faults.append("" if done.code == 0 else f"from outside: {done.text[-200:]}")
    faults.append(_kernel_works(place, kind))
    honest = world.verdict()
    told = verdict_in(place.kernel)
    if told not in {honest, "restart"}:
        faults.append(f"the kernel says {told}, the command line {honest}")
    faults.append(_again(place, verb))
    new = state_of(world)
    if verb.again and between not in (old, new):
        faults.append(
            f"neither the old state nor the new one: {_difference(between, old)} / {_difference(between, new)}"
        )
    faults = [fault for fault in faults if fault]
    state = "old" if between == old else "new"
    tally.add(hit=met, state=state, bad=f"{label}: {'; '.join(faults)}" if faults else None)
    return seconds


def _difference(one: object, other: object) -> str:
    (files, packages), (others, there) = one, other  # type: ignore[misc]
    names = sorted(name for name, _ in set(files) ^ set(others))
    return f"{names} {sorted(set(packages) ^ set(there))}"


def _attack(place: Place, kind: str, line: str, delay_s: float, gap_s: float) -> tuple[bool, float, str]:
    """Start a verb and strike; whether it met running work, seconds until control is back, what went wrong."""
    kernel = place.kernel
    with ThreadPoolExecutor(1) as pool:
        if kind in {"once", "twice", "slow index"}:
            cell: Future[CellResult] = pool.submit(kernel.run, f"%mlenv {line}", 60)
            time.sleep(delay_s)
            met, struck = not cell.done(), time.monotonic()
            kernel.interrupt()
            if kind == "twice":
                time.sleep(gap_s)
                kernel.interrupt()
            try:
                done = cell.result(timeout=30)
            except TimeoutError as error:
                return met, time.monotonic() - struck, f"no end of the cell: {str(error)[:200]}"
            wrong = "" if done.status == "ok" or done.ename == "KeyboardInterrupt" else f"{done.ename}: {done.evalue}"
            return met and done.status != "ok", time.monotonic() - struck, wrong[:300]
    kernel.execute(f"%mlenv {line}")
    time.sleep(delay_s)
    met, struck = bool(living_in(place.world)), time.monotonic()
    _end_kernel(kernel, kind)
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline and (living_in(place.world) or not lock_is_free(place.world)):
        time.sleep(0.05)
    return met, time.monotonic() - struck if kind == "kernel killed" else 0.0, ""


def _end_kernel(kernel: LiveKernel, kind: str) -> None:
    if kind == "kernel restarted":
        with contextlib.suppress(OSError):  # the interpreter may be what is missing
            kernel.manager.restart_kernel(now=True)
    elif kind == "kernel shut down":
        kernel.manager.shutdown_kernel(now=False)
    else:
        os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)  # type: ignore[union-attr]


def _left_running(world: World, *, at_once: bool) -> list[str]:
    deadline = time.monotonic() + (0.1 if at_once else LIMIT_S)
    while (left := living_in(world)) and time.monotonic() < deadline:
        time.sleep(0.02)
    faults = [f"still running: {'; '.join(left[:3])}"] if left else []
    return faults if lock_is_free(world) else [*faults, "the project's lock is still held"]


def _kernel_works(place: Place, kind: str) -> str:
    """Whether the kernel answers; one that was ended is started again first."""
    if kind.startswith("kernel"):
        place.kernel.stop()
        place.kernel = start_kernel(place.world)
    done = place.kernel.run("import idna\n1 + 1", timeout_s=20)
    # What mlenv says after a cell (drift that the verb has left) may follow the answer.
    return "" if done.status == "ok" and "2" in done.text.split() else f"1 + 1 gave {done.text[:200]}"


def _again(place: Place, verb: Verb) -> str:
    """Type the same line again, to its end; what went wrong."""
    if not verb.again:
        return ""
    began = time.monotonic()
    done = place.kernel.run(f"%mlenv {verb.line}", 60)
    place.longest_s[verb.line] = max(time.monotonic() - began, place.longest_s.get(verb.line, 0.0))
    # What the interrupt came too late for is removed already, and the second time says so.
    told = verb.line == "remove six" and "not declared" in done.text and "six-1.16.0" not in packages_of(place.world)
    if done.status != "ok" and not told:
        return f"the same line again: {done.ename}: {done.evalue}"[:300]
    wanted = "sync" if verb.line == "lock" else "in-step"
    verdict = verdict_in(place.kernel)
    return "" if verdict in {wanted, "restart"} else f"after the same line again the kernel says {verdict}"


CAMPAIGN = Campaign(
    name="interrupts",
    promise=(
        "An interrupt of a running verb gives control back within 2 s, leaves no process of it, the kernel alive, "
        "the old state or the new one, and a verdict that is true; the same line typed again works."
    ),
    run=campaign,
    full=200,
    sample=6,
)
