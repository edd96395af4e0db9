"""What a check costs: as a command, and around every cell."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.kernels import front_end
from benchmarks.made import MODULES, Made, make_project, make_wheels
from benchmarks.measure import Cost, Timing, interleaved, program
from benchmarks.peers import uv
from benchmarks.rows import Bench, Benchmark, Row, beside
from torture.stage import World

SIZES = (20, 300, 500, 1000, 5000)
SHOWN = {
    "command": "mlenv check",
    "quiet": "in a kernel, nothing changed",
    "changed": "in a kernel, after an installation",
}
_CELL = Path(__file__).with_name("check_cell.py")


def run(bench: Bench) -> Sequence[Row]:
    sizes = SIZES[:2] if bench.quick else SIZES
    wheels = bench.peers.parent / f"tiny-wheels-{MODULES}"
    make_wheels(wheels, sizes[-1])
    rows: list[Row] = []
    for size in sizes:
        world = bench.stage.world(bench.folder / str(size))
        made = make_project(world.folder / "made", wheels, size, world.env)
        rows += [] if size == 500 else _commands(bench, world, made, size)
        rows += _kernel(world, made, size, rows)
        shutil.rmtree(world.folder, ignore_errors=True)  # an ended kernel may still be writing its history
    return rows


def _commands(bench: Bench, world: World, made: Made, size: int) -> list[Row]:
    mlenv = [sys.executable, "-m", "mlenv", "check", "--json"]
    program(mlenv, cwd=made.root, env=world.env)  # in step, or this ends here
    commands: Mapping[str, tuple[list[str], Path]] = {
        "mlenv": (mlenv, made.root),
        "uv sync --check": ([uv(), "sync", "--check", "--frozen"], made.beside),
        "uv pip sync --dry-run": (
            [uv(), "pip", "sync", "--dry-run", "--python", made.python, "pylock.toml", "--preview-features", "pylock"],
            made.root,
        ),
        "uv pip freeze": ([uv(), "pip", "freeze", "--python", made.python], made.root),
        "pip freeze": ([made.python, "-m", "pip", "freeze"], made.root),
    }
    times = bench.times(5 if size > 1000 else 11)

    def contender(argv: list[str], cwd: Path) -> tuple[int, object]:
        return times, lambda: program(argv, cwd=cwd, env=world.env)

    timings = interleaved({name: contender(*each) for name, each in commands.items()})  # type: ignore[arg-type]
    return beside(SHOWN["command"], timings, at_most_s=0.15 if size <= 300 else None, size=size)


def _kernel(world: World, made: Made, size: int, rows: Sequence[Row]) -> list[Row]:
    """Measure inside a real project kernel; beside it the quickest program of the same run."""
    env = world.env
    program([sys.executable, "-m", "mlenv", "create"], cwd=made.root, env=env)
    (spec,) = (world.home / "jupyter" / "kernels").glob("*/kernel.json")
    cell = f"SIZE, MODULES = {size}, {MODULES}\n" + _CELL.read_text()
    with front_end(env) as face:
        seen = face.measured(spec.parent.name, made.root, cell)
    least = min((row for row in rows if row.size == size and row.theirs), key=lambda row: row.theirs or 0, default=None)
    found: list[Row] = []
    if size == 500:
        found += beside(
            "in a kernel, lock changed: the cell is held up", _timing(seen["held"]), at_most_s=0.01, size=500
        )
        found += beside("in a kernel, lock changed: read aside", _timing(seen["aside"]), at_most_s=0.15, size=500)
        return found
    for key, limit in (("quiet", 50e-6), ("changed", 2e-3)):
        timings = _timing(seen[key])
        if least is not None and least.theirs:
            timings[least.peer] = Timing((Cost(least.theirs, 0.0),))
        found += beside(SHOWN[key], timings, at_most_s=limit if size <= 300 else None, size=size)
    if size == 300:
        found += beside(
            f"loaded against installed, {seen['modules']:,} modules", _timing(seen["loaded"]), at_most_s=0.01
        )
    return found


def _timing(values: Sequence[float]) -> dict[str, Timing]:
    return {"mlenv": Timing(tuple(Cost(each, each) for each in values))}


BENCHMARK = Benchmark(
    name="check",
    title="The check",
    text="Environments of tiny wheels, built for this and installed by uv, all in step with their lock (pylock.toml; "
    "for `uv sync` a uv.lock of the same). In a kernel: both hooks of a cell together, in a real project kernel; "
    "*after an installation*: one more package on disk, its line in the output included. The peer there is the quickest "
    "program of the same run.",
    run=run,
)
