"""Listing kernels and their projects."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import interleaved, program
from benchmarks.rows import Bench, Benchmark, Row, beside
from torture.stage import World

NUMBERS = (10, 100, 1000)


def run(bench: Bench) -> Sequence[Row]:
    rows = []
    for number in NUMBERS:
        world = bench.stage.world(bench.folder / str(number))
        for each in range(number):
            _kernel(world, each)
        argv = {
            "mlenv": [sys.executable, "-m", "mlenv", "kernels", "list", "--json"],
            "jupyter kernelspec list": [sys.executable, "-m", "jupyter_client.kernelspecapp", "list", "--json"],
        }
        turns = {name: (bench.times(7), _turn(words, world)) for name, words in argv.items()}
        limit = 1.0 if number == NUMBERS[-1] else None
        rows += beside("list kernels and the state of their projects", interleaved(turns), at_most_s=limit, size=number)
    return rows


def _turn(argv: list[str], world: World):  # type: ignore[no-untyped-def]
    return lambda: program(argv, cwd=world.root, env=world.env)


def _kernel(world: World, number: int) -> None:
    """Lay out a project with an environment, as far as a listing looks, and its kernelspec."""
    root = world.folder / "projects" / f"p{number:04}"
    generation = root / ".mlenv" / "envs" / "one"
    (generation / "bin").mkdir(parents=True)
    (generation / "bin" / "python").symlink_to(sys.executable)
    (generation / "mlenv-ready.json").write_text('{"schema": 1, "packages": {}, "count": 0}')
    (root / ".venv").symlink_to(Path(".mlenv", "envs", "one"))
    folder = world.home / "jupyter" / "kernels" / f"p{number:04}-12345678"
    folder.mkdir(parents=True)
    block = {
        "schema": 1,
        "project": str(root),
        "prefix": str(root / ".venv"),
        "ipykernel": "runtime",
        "name": root.name,
    }
    spec = {
        "argv": [str(root / ".venv" / "bin" / "python"), "launcher.py", "-f", "{connection_file}"],
        "display_name": f"Python ({root.name})",
        "language": "python",
        "metadata": {"mlenv": block},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))


BENCHMARK = Benchmark(
    name="listing",
    title="Listing kernels and projects",
    text="`mlenv kernels list` reads every kernelspec and looks whether its project, environment and interpreter are "
    "there; `jupyter kernelspec list` reads the specs.",
    run=run,
)
