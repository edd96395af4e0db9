"""From nothing to the first executed cell."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

from benchmarks.kernels import front_end
from benchmarks.measure import Cost, Timing, interleaved, program
from benchmarks.peers import peer, uv
from benchmarks.rows import Bench, Benchmark, Row, beside
from torture.stage import PACKAGES, World

PIP, UV = "venv, pip install, ipykernel install", "uv venv, uv pip install, ipykernel install"
LOCAL, JUV = "pyproject-local-kernel (uv add, then its kernel)", "juv (init, add, venv, ipykernel install)"


def run(bench: Bench) -> Sequence[Row]:
    worlds = (_world(bench, number) for number in count())
    contenders: dict[str, tuple[int, Callable[[], Cost]]] = {
        "mlenv": (bench.times(7), lambda: _mlenv(next(worlds))),
        PIP: (bench.times(3), lambda: _pip(next(worlds))),
        UV: (bench.times(5), lambda: _uv(next(worlds))),
        LOCAL: (bench.times(5), lambda: _local(next(worlds), peer(bench.peers, "pyproject-local-kernel"))),
        JUV: (bench.times(3), lambda: _juv(next(worlds), peer(bench.peers, "juv"))),
    }
    for _, action in contenders.values():  # every cache is warm before anything counts
        action()
    timings = interleaved(contenders)
    least = {PIP: 20.0, UV: 4.0, LOCAL: 1.0}
    rows = beside("create, start the kernel, run one cell", timings, at_least=least)
    first = Timing(tuple(_first(bench, next(worlds)) for _ in range(bench.times(3))))
    return [
        *rows,
        *beside("the same where no runtime is there yet (once for each Python of a machine)", {"mlenv": first}),
    ]


def _world(bench: Bench, number: int) -> World:
    folder = bench.folder / str(number)
    return bench.stage.world(folder)


def _mlenv(world: World, data: Path | None = None) -> Cost:
    env = {**world.env, **({"MLENV_DATA_DIR": str(data)} if data else {})}
    with front_end(env) as face:
        made = program([sys.executable, "-m", "mlenv", "create", *PACKAGES], cwd=world.root, env=env)
        (spec,) = (world.home / "jupyter" / "kernels").glob("*/kernel.json")
        assert json.loads(spec.read_text())["metadata"]["mlenv"]["project"] == str(world.root)
        return _ended(world, made + face.first_cell(spec.parent.name, world.root))


def _first(bench: Bench, world: World) -> Cost:
    return _mlenv(world, world.folder / "data")


def _pip(world: World) -> Cost:
    python = str(world.root / ".venv" / "bin" / "python")
    # A home per world, but pip's cache is warm, as its user's is.
    env = {**world.env, "PIP_CACHE_DIR": str(world.folder.parent / "pip-cache")}
    with front_end(env) as face:
        cost = program([sys.executable, "-m", "venv", ".venv"], cwd=world.root, env=env)
        cost += program([python, "-m", "pip", "install", *PACKAGES, "ipykernel"], cwd=world.root, env=env)
        return _ended(world, cost + _register(world, python) + face.first_cell("demo", world.root))


def _uv(world: World) -> Cost:
    python = str(world.root / ".venv" / "bin" / "python")
    with front_end(world.env) as face:
        cost = program([uv(), "venv", "--python", world.stage.python], cwd=world.root, env=world.env)
        cost += program([uv(), "pip", "install", *PACKAGES, "ipykernel"], cwd=world.root, env=world.env)
        return _ended(world, cost + _register(world, python) + face.first_cell("demo", world.root))


def _register(world: World, python: str) -> Cost:
    argv = [python, "-m", "ipykernel", "install", "--user", "--name", "demo", "--display-name", "Demo"]
    return program(argv, cwd=world.root, env=world.env)


def _local(world: World, tools: Path) -> Cost:
    env = {**world.env, "PATH": f"{tools}:{Path(uv()).parent}:{world.env['PATH']}"}
    (world.root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = []\n[tool.uv]\n'
    )
    with front_end(env, str(tools / "python")) as face:
        cost = program([uv(), "add", "--python", world.stage.python, *PACKAGES], cwd=world.root, env=env)
        return _ended(world, cost + face.first_cell("pyproject_local_kernel", world.root))


def _juv(world: World, tools: Path) -> Cost:
    env = {**world.env, "PATH": f"{tools}:{Path(uv()).parent}:{world.env['PATH']}"}
    juv, python = str(tools / "juv"), str(world.root / ".venv" / "bin" / "python")
    with front_end(env) as face:
        cost = program([juv, "init", "work.ipynb"], cwd=world.root, env=env)
        cost += program([juv, "add", "work.ipynb", *PACKAGES], cwd=world.root, env=env)
        cost += program(
            [juv, "venv", "--python", world.stage.python, "--from", "work.ipynb", ".venv"], cwd=world.root, env=env
        )
        return _ended(world, cost + _register(world, python) + face.first_cell("demo", world.root))


def _ended(world: World, cost: Cost) -> Cost:
    shutil.rmtree(world.folder, ignore_errors=True)  # an ended kernel may still be writing its history
    return cost


BENCHMARK = Benchmark(
    name="create",
    title="From nothing to the first executed cell",
    text="Six packages (attrs, humanize, idna, jinja2, networkx, six), their wheels in each tool's cache, an index on "
    "the loopback. The commands that a person would type, then a kernel that a waiting front end starts, then one "
    "cell. mlenv writes manifest and lock on the way and has started the kernel once before to prove it.",
    run=run,
)
