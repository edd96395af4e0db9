"""A live kernel that imports something new every 100 ms while its environment is changed, changed back and torn at."""

from __future__ import annotations

import ast
import itertools
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from live_kernel import LiveKernel
from torture.campaign import Campaign, Row, Run, Tally
from torture.kernels import kernel_of, packages_of, verdict_in
from torture.stage import World, kill_group
from torture.twins import MODULES, write_twins

TICK_S = 0.1
BASE = ("many==1.0", "idna==3.6", "networkx==3.3")
CHANGES = (
    ("add", "many==2.0"), ("add", "many==1.0"), ("add", "humanize==4.9.0"), ("remove", "humanize"),
    ("upgrade", "idna"), ("add", "networkx==3.4.2"), ("sync",), ("undo",), ("undo",),
)  # fmt: skip
_FILES = (
    "import sys\n"
    "print([(name, module.__file__) for name, module in list(sys.modules.items())"
    " if name.split('.')[0] in ('many', 'twin', 'idna', 'humanize') and getattr(module, '__file__', None)])"
)


class Ticker:
    """Cells of one kernel, each with an import that this process has not done yet."""

    def __init__(self, kernel: LiveKernel) -> None:
        self.kernel = kernel
        self.cells = 0
        self.failed: list[str] = []
        self._numbers = itertools.cycle(range(MODULES))

    def tick(self) -> None:
        """Run one cell: a new module of both packages, every fifth time in a fresh program, too."""
        began = time.monotonic()
        number = next(self._numbers)
        if number == MODULES - 1:  # all are known: a restart forgets them
            self.kernel.restart()
        self.run(f"import idna, many.m{number:03}, twin.m{MODULES - 1 - number:03}")
        if number % 5 == 0:
            self.run("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import idna'], check=True)")
        time.sleep(max(0.0, TICK_S - (time.monotonic() - began)))

    def run(self, code: str) -> str:
        self.cells += 1
        done = self.kernel.run(code, timeout_s=60)
        if done.status != "ok":
            self.failed.append(f"{code}: {done.ename}: {done.evalue}"[:300])
        return done.stdout


def campaign(run: Run) -> Iterator[Row]:
    write_twins(run.stage.wheels)
    dice = run.random("changes")
    world = _project(run)
    whole, torn = Tally("environment changed outside, kernel importing"), Tally("the same, the change killed")
    with kernel_of(world) as kernel:
        ticker = Ticker(kernel)
        ticker.tick()
        for number in range(run.trials):
            tally = torn if dice.random() < 0.35 else whole
            label = f"trial {number}"
            _trial(world, ticker, dice, label, tally, kill=tally is torn)
    cells = f"{ticker.cells:,} cells"
    yield whole.row(cells)
    if torn.trials:
        yield torn.row()
    yield from _rollback(run, max(1, run.trials // 10))


def _project(run: Run) -> World:
    world = run.stage.world(run.folder / "changed")
    done = world.mlenv("create", *BASE)
    assert done.code == 0, done.text
    manifest = world.root / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("idna==3.6", "idna>=3"))
    done = world.mlenv("lock")
    assert done.code == 0, done.text
    return world


def _trial(world: World, ticker: Ticker, dice: random.Random, label: str, tally: Tally, *, kill: bool) -> None:
    """Change the environment while the kernel works, then ask it what is true."""
    words = dice.choice(CHANGES)
    before = len(ticker.failed)
    process = world.start(world.mlenv_argv(*words))
    killed = _work_beside(ticker, process, dice.uniform(0.1, 1.4) if kill else None)
    said = "".join(process.communicate())
    faults = []
    if not kill and process.returncode != 0 and not _may_refuse(words, said):
        faults.append(f"the change ended with {process.returncode}: {said[-200:]}")
    ticker.tick()
    ticker.tick()
    faults += ticker.failed[before:]
    faults += _truth(world, ticker)
    shown = f"{label} ({' '.join(words)}{', killed' if killed else ''})"
    tally.add(hit=not kill or killed, state=words[0], bad=f"{shown}: {'; '.join(faults)}" if faults else None)
    if killed:
        done = world.mlenv("sync")
        if done.code != 0:
            tally.bad.append(f"{shown}: sync does not heal it: {done.text[-200:]}")


def _may_refuse(words: tuple[str, ...], said: str) -> bool:
    return (words[0] == "undo" and "no earlier state" in said) or (words[0] == "remove" and "humanize" in said)


def _work_beside(ticker: Ticker, process: subprocess.Popen[str], kill_after_s: float | None) -> bool:
    """Let the kernel work until a program ends; whether it was killed."""
    began = time.monotonic()
    while process.poll() is None:
        if kill_after_s is not None and time.monotonic() - began > kill_after_s:
            kill_group(process)
            process.wait()
            return True
        ticker.tick()
    return False


def _truth(world: World, ticker: Ticker) -> list[str]:
    """Return what is wrong with what the kernel holds and with what it says of it."""
    files: list[tuple[str, str]] = ast.literal_eval(ticker.run(_FILES) or "[]")
    homes: dict[str, set[Path]] = {}
    for name, file in files:
        homes.setdefault(name.split(".")[0], set()).add(_site_of(Path(file)))
    faults = [
        f"{name} comes from {len(sites)} places: {sorted(sites)}" for name, sites in homes.items() if len(sites) > 1
    ]
    faults += [
        f"{name} was imported from {site}, which is gone"
        for name, sites in homes.items()
        for site in sites
        if not site.is_dir()
    ]
    held = {f"{name}-{_version(next(iter(sites)), name)}" for name, sites in homes.items()}
    outside = world.verdict()
    moved = held - set(packages_of(world))
    expected = outside if outside != "in-step" else "restart" if moved else "in-step"
    told = verdict_in(ticker.kernel)
    if told != expected:
        faults.append(f"the kernel says {told}, true is {expected} (in memory: {sorted(held)}, outside: {outside})")
    if "humanize-4.9.0" in packages_of(world) and told == "in-step":
        ticker.run("import humanize")
    return faults


def _site_of(file: Path) -> Path:
    return next(folder for folder in file.parents if folder.name == "site-packages")


def _version(site: Path, name: str) -> str:
    return next(
        (path.name.removesuffix(".dist-info").split("-")[1] for path in site.glob(f"{name}-*.dist-info")), "gone"
    )


def _rollback(run: Run, rounds: int) -> Iterator[Row]:
    """P25: kernels in each of the last three generations, then back, back and forth again."""
    tally, slowest = Tally("back to the generation before, kernels in each of the last three"), 0.0
    for number in range(rounds):
        seconds, faults = _one_rollback(run.stage.world(run.folder / f"rollback-{number}"))
        slowest = max(slowest, seconds)
        tally.add(hit=True, state="kept", bad=f"rollback {number}: {'; '.join(faults)}" if faults else None)
    yield tally.row(f"slowest undo {slowest:.2f} s, the program's start included")


def _one_rollback(world: World) -> tuple[float, list[str]]:
    faults, slowest, kernels = [], 0.0, []
    try:
        for words in (("create", *BASE), ("add", "many==2.0"), ("add", "idna==3.7")):
            done = world.mlenv(*words)
            assert done.code == 0, done.text
            live = kernel_of(world)
            kernels.append((live, Ticker(live.__enter__())))
            kernels[-1][1].tick()
        for words in (("undo",), ("undo",), ("add", "humanize==4.9.0"), ("add", "many==2.0"), ("undo",)):
            done = world.mlenv(*words)
            if done.code != 0:
                faults.append(f"{words}: {done.text[-200:]}")
            slowest = max(slowest, done.seconds) if words == ("undo",) else slowest
            for _, ticker in kernels:
                ticker.tick()
        for _, ticker in kernels:
            faults += [*ticker.failed, *_truth(world, ticker)]
    finally:
        for live, _ in kernels:
            live.__exit__(None, None, None)
    return slowest, faults


CAMPAIGN = Campaign(
    name="live_kernel",
    promise=(
        "A kernel that works while its environment is changed, changed back or a change is killed never fails a cell, "
        "never mixes two generations, keeps the one it uses, and knows when it must be restarted."
    ),
    run=campaign,
    full=300,
    sample=8,
)
