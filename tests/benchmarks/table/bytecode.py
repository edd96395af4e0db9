"""The first import after a change of the environment."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Cost, interleaved, program
from benchmarks.rows import Bench, Benchmark, Row, beside
from torture.stage import PACKAGES, World

LATER = next(row for row in PACKAGES if row.startswith("humanize"))
AFRESH = "an environment made anew (nothing compiled yet)"


def run(bench: Bench) -> Sequence[Row]:
    turns = iter(range(1000))
    timings = interleaved(
        {
            "mlenv": (bench.times(5), lambda: _after_add(bench, next(turns), carried=True)),
            AFRESH: (bench.times(5), lambda: _after_add(bench, next(turns), carried=False)),
            "before the change": (bench.times(5), lambda: _before(bench, next(turns))),
        }
    )
    return beside("import networkx after mlenv add humanize", timings)


def _made(bench: Bench, turn: int) -> World:
    world = bench.stage.world(bench.folder / str(turn))
    less = [row for row in PACKAGES if row != LATER]
    program([sys.executable, "-m", "mlenv", "create", *less], cwd=world.root, env=world.env)
    return world


def _import(world: World) -> Cost:
    python = str(world.link / "bin" / "python")
    return program([python, "-c", "import networkx"], cwd=world.folder, env=world.env)


def _after_add(bench: Bench, turn: int, *, carried: bool) -> Cost:
    world = _made(bench, turn)
    _import(world)
    if not carried:
        for cache in Path(world.link / "lib").glob("python*/site-packages/**/__pycache__"):
            shutil.rmtree(cache)
    program([sys.executable, "-m", "mlenv", "add", LATER], cwd=world.root, env=world.env)
    return _ended(world, _import(world))


def _before(bench: Bench, turn: int) -> Cost:
    world = _made(bench, turn)
    _import(world)
    return _ended(world, _import(world))


def _ended(world: World, cost: Cost) -> Cost:
    shutil.rmtree(world.folder, ignore_errors=True)  # an ended kernel may still be writing its history
    return cost


BENCHMARK = Benchmark(
    name="bytecode",
    title="The first import after a change",
    text="`import networkx` in the environment's Python, right after `mlenv add` of another package.",
    run=run,
)
