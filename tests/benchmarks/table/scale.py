"""How the cost grows: a thousand projects with a thousand kernels, environments of thousands of packages."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from packaging.markers import default_environment

from benchmarks.crowd import PACKAGES, Crowd, environment_of, make_crowd
from benchmarks.formats import FORMATS, packages_of
from benchmarks.made import MODULES, make_wheels
from benchmarks.measure import Spent, growth, watched
from benchmarks.peers import uv
from benchmarks.pure_costs import least_ms
from benchmarks.rows import Bench, Benchmark, Row
from mlenv import drift
from mlenv.locks import SelectRequest, Target, select
from mlenv.model import EnvironmentFacts
from mlenv.probe import site
from torture.stage import World

PROJECTS = (10, 100, 1000)
WIDE = (500, 1000, 2500, 5000)
_MOST_POWER = 1.1
_MLENV = (sys.executable, "-m", "mlenv")
_FREEZE = "uv pip freeze"
_DESCRIBE = """
from pathlib import Path
from mlenv.services.context import Context, silent
from mlenv.services.describe import describe_all
print(len(describe_all(Context(cwd=Path.cwd(), report=silent))))
"""
_SAMPLED = 30
"""Environments of a crowd in which uv is asked; the others take as long."""


def run(bench: Bench) -> Sequence[Row]:
    wheels = bench.peers.parent / f"tiny-wheels-{MODULES}"
    make_wheels(wheels, WIDE[-1])
    projects, wide = (PROJECTS, WIDE) if not bench.quick else ((10, 20, 40), (50, 100, 200))
    rows: list[Row] = []
    for number in projects:
        rows += _crowd(bench, wheels, number)
    for number in wide:
        rows += _wide(bench, wheels, number)
    return [*rows, *_growths(rows)]


def _crowd(bench: Bench, wheels: Path, number: int) -> list[Row]:
    world = bench.stage.world(bench.folder / f"crowd-{number}")
    crowd = make_crowd(world, wheels, number)
    check = partial(watched, [*_MLENV, "check", "--all", "--json"], cwd=crowd.root, env=world.env, allowed=(1,))
    first = _judged(check(), crowd)
    again = _least([_judged(check(), crowd) for _ in range(bench.times(3))])
    times = bench.times(9 if number < PROJECTS[-1] else 3)  # what is short is measured more often
    asked = partial(watched, cwd=crowd.root, env=world.env)
    listing = _least([asked([*_MLENV, "kernels", "list", "--json"]) for _ in range(times)])
    assert len(json.loads(listing.out)["data"]["kernels"]) >= number
    pruning = _least([asked([*_MLENV, "kernels", "prune", "--dry-run", "--json"]) for _ in range(times)])
    described = _least([asked([sys.executable, "-c", _DESCRIBE]) for _ in range(times)])
    assert int(described.out) == number
    frozen = _frozen(crowd, world)
    shutil.rmtree(world.folder)
    return [
        _row("check --all, for the first time", first, number),
        _row("check --all", again, number, (f"{_FREEZE} in each ({min(number, _SAMPLED)} measured)", frozen)),
        _memory("check --all", again, number),
        _row("kernels list", listing, number),
        _row("kernels prune --dry-run", pruning, number),
        _row("the server's list of projects", described, number),
    ]


def _judged(spent: Spent, crowd: Crowd) -> Spent:
    """Only a right answer counts."""
    found = Counter(each.get("verdict", "error") for each in json.loads(spent.out)["reports"])
    assert found == crowd.verdicts, (found, crowd.verdicts)
    return spent


def _frozen(crowd: Crowd, world: World) -> float:
    """Return what uv takes for all environments: the second time, as it remembers interpreters, too."""
    pythons = sorted(crowd.root.glob("*/.venv/bin/python"))
    few = pythons[:_SAMPLED]
    for _ in range(2):
        freeze = [watched([uv(), "pip", "freeze", "--python", str(one)], cwd=crowd.root, env=world.env) for one in few]
    return sum(each.cpu for each in freeze) * len(pythons) / len(few)


def _wide(bench: Bench, wheels: Path, number: int) -> list[Row]:
    world = bench.stage.world(bench.folder / f"wide-{number}")
    files = FORMATS["uv.lock"](packages_of(wheels, number))
    for name, text in files.items():
        (world.root / name).write_text(text)
    environment_of(world.root, wheels, number, world.env)
    check = partial(watched, [*_MLENV, "check", "--json"], cwd=world.root, env=world.env)
    first = check()  # in step, or this ends here
    again = _least([check() for _ in range(bench.times(5))])
    freeze = partial(watched, [uv(), "pip", "freeze"], cwd=world.root, env=world.env)
    frozen = min(freeze().cpu for _ in range(bench.times(3)))
    compared = least_ms(_compared(world.root, files), runs=10) / 1000
    shutil.rmtree(world.folder)
    return [
        _row("check, lock read for the first time", first, number),
        _row("check", again, number, (_FREEZE, frozen)),
        _memory("check", again, number),
        Row(what="in a kernel: list, compare, report; packages", ours=compared, size=number),
    ]


def _compared(root: Path, files: Mapping[str, str]) -> Callable[[], object]:
    """Return what a kernel does after an installation, in the functions that it calls."""
    data = {name: text.encode() for name, text in files.items()}
    request = SelectRequest(
        root=str(root), name="bench", names=tuple(data), load=data.get, target=Target(markers=default_environment())
    )
    wanted = select(request).selection
    (folder,) = (root / ".venv" / "lib").glob("python*/site-packages")
    facts = EnvironmentFacts(prefix=str(root / ".venv"), python="3.11", engine="uv", sites=(str(folder),))
    assert drift.report(wanted, facts, site.scan([str(folder)])).verdict == "in-step"
    return lambda: drift.report(wanted, facts, site.scan([str(folder)]))


def _least(several: Sequence[Spent]) -> Spent:
    return min(several, key=lambda each: each.cpu)


def _row(what: str, spent: Spent, number: int, peer: tuple[str, float] | None = None) -> Row:
    unit = "packages" if what.startswith("check,") or what == "check" else "projects"
    details = {"mlenv": {"wall_s": spent.wall, "cpu_s": spent.cpu, "peak_bytes": spent.peak_bytes}}
    row = Row(what=f"{what}; {unit}", ours=spent.cpu, size=number, details=details)
    return row if peer is None else replace(row, peer=peer[0], theirs=peer[1])


def _memory(what: str, spent: Spent, number: int) -> Row:
    return Row(what=f"memory of {what}", ours=float(spent.peak_bytes), unit="bytes", size=number)


def _growths(rows: Sequence[Row]) -> list[Row]:
    """Return one row for each kind of row: the power of the size with which it grows."""
    kinds = dict.fromkeys(row.what for row in rows)
    found = []
    for what in kinds:
        power = growth({row.size: row.ours for row in rows if row.what == what and row.size})
        budget = f"at most {_MOST_POWER:g} (linear)"
        row = Row(what=f"growth: {what}", ours=power, unit="power", budget=budget, met=power <= _MOST_POWER)
        found.append(row)
    return found


BENCHMARK = Benchmark(
    name="scale",
    title="Growth",
    text=f"*Projects*: folders with a lock (uv.lock, pylock.toml or requirements.txt), an environment of {PACKAGES} "
    "packages, a notebook and its kernel each; one of twenty has drifted, one has no environment, and every run must "
    "say exactly that. *Packages*: one project, all in one environment, in step with its uv.lock. Times are processor "
    "time, all processes together, of several runs the least; *for the first time*: nothing is cached. *Growth* is the "
    "power of the size with which that grows which comes on top of the smallest size: 1 is linear, 2 quadratic.",
    run=run,
)
