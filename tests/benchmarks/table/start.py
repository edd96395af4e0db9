"""How long a kernel takes to its first cell, and what mlenv adds."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kernels import FrontEnd, front_end
from benchmarks.measure import Cost, Timing, interleaved, program
from benchmarks.peers import uv
from benchmarks.rows import Bench, Benchmark, Row, beside
from torture.stage import PACKAGES, World

PLAIN, BARE = "plain ipykernel, byte-compiled", "plain ipykernel, not compiled"
PORTABLE = "mlenv's portable kernel"

_LOAD = """
import json, sys, time
shell = get_ipython()
there = set(sys.modules)
began = time.perf_counter(); shell.run_line_magic("load_ext", "mlenv"); loaded = time.perf_counter() - began
answer = json.dumps({"load": loaded, "modules": sorted(set(sys.modules) - there)})
"""


def run(bench: Bench) -> Sequence[Row]:
    world = bench.stage.world(bench.folder / "one")
    with front_end(world.env) as face:
        program([sys.executable, "-m", "mlenv", "create", *PACKAGES], cwd=world.root, env=world.env)
        (spec,) = (world.home / "jupyter" / "kernels").glob("*/kernel.json")
        own = spec.parent.name
        compiled = _plain(world, "compiled", "--compile-bytecode")
        bare = _plain(world, "bare")
        timings = interleaved(
            {
                "mlenv": (bench.times(15), lambda: face.first_cell(own, world.root)),
                PLAIN: (bench.times(15), lambda: face.first_cell(compiled, world.root)),
                BARE: (bench.times(5), lambda: face.first_cell(bare, world.root)),
                PORTABLE: (bench.times(15), lambda: face.first_cell("mlenv", world.root)),
            }
        )
        load = Timing(tuple(_load(world, face) for _ in range(bench.times(7))))
    portable = timings.pop(PORTABLE)
    # "Not slower": a start differs by some hundredths from one to the next.
    rows = beside("a project kernel to its first cell", timings, at_least={PLAIN: 0.95, BARE: 1.5})
    rows += beside("the portable kernel to its first cell", {"mlenv": portable, PLAIN: timings[PLAIN]})
    return [*rows, *beside("%load_ext mlenv in a plain kernel", {"mlenv": load}, at_most_s=0.015)]


def _plain(world: World, name: str, *options: str) -> str:
    """Make an environment with ipykernel in it, as people do, and register it."""
    prefix = world.folder / name
    python = str(prefix / "bin" / "python")
    program([uv(), "venv", "--python", world.stage.python, str(prefix)], cwd=world.root, env=world.env)
    argv = [uv(), "pip", "install", "--python", python, *options, *PACKAGES, "ipykernel"]
    program(argv, cwd=world.root, env=world.env)
    env = {**world.env, "PYTHONDONTWRITEBYTECODE": "1"}
    program([python, "-m", "ipykernel", "install", "--user", "--name", name], cwd=world.root, env=env)
    if not options:  # what uv leaves is never compiled: every start of this kernel is a first one
        for cache in prefix.rglob("__pycache__"):
            shutil.rmtree(cache)
        spec = world.home / "jupyter" / "kernels" / name / "kernel.json"
        content = json.loads(spec.read_text())
        spec.write_text(json.dumps({**content, "env": {"PYTHONDONTWRITEBYTECODE": "1"}}))
    return name


def _load(world: World, face: FrontEnd) -> Cost:
    """Load the extension in a kernel of the Python that mlenv is installed in."""
    folder = world.home / "jupyter" / "kernels" / "host"
    folder.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "host", "language": "python"}))
    scratch = Path(world.folder)
    answer = face.measured("host", scratch, _LOAD)
    return Cost(answer["load"], answer["load"])


BENCHMARK = Benchmark(
    name="start",
    title="Kernel start",
    text="From the order to start until the first cell's answer, by a front end that waits; kernels take turns. "
    "Not compiled is what `uv pip install` leaves: the first start compiles it.",
    run=run,
)
