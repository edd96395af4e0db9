"""What each format costs: the first read of its lock, the second, and a check."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from packaging.markers import default_environment

from benchmarks.formats import FORMATS, ONLY_READ, packages_of, widened
from benchmarks.made import MODULES, Made, make_project, make_wheels
from benchmarks.measure import Cost, Timing, interleaved, program
from benchmarks.peers import uv
from benchmarks.pure_costs import least_ms
from benchmarks.rows import Bench, Benchmark, Row, beside
from mlenv import drift
from mlenv.locks import SelectRequest, Target, select
from mlenv.model import EnvironmentFacts, Selection
from mlenv.probe import site
from mlenv.selection_text import parse_selection, selection_text
from torture.stage import World

_READ, _CHECKED = 500, 300
_PROGRAM = Path(__file__).parents[1] / "read_lock.py"
_TIMES_UV = 3
_UV = "uv pip sync --dry-run"


def run(bench: Bench) -> Sequence[Row]:
    wheels = bench.peers.parent / f"tiny-wheels-{MODULES}"
    make_wheels(wheels, _READ)
    packages = packages_of(wheels, _READ)
    rows: list[Row] = []
    for name, write in {**FORMATS, **ONLY_READ}.items():
        rows += _reads(bench, name, write(widened(packages)), FORMATS["pylock.toml"](widened(packages)))
    world = bench.stage.world(bench.folder / "checks")
    made = make_project(world.folder / "made", wheels, _CHECKED, world.env)
    for name, write in FORMATS.items():
        rows += _checks(bench, world, made, name, write(packages[:_CHECKED]))
        rows.append(_in_kernel(made, name, write(packages[:_CHECKED])))
    return rows


def _reads(bench: Bench, name: str, files: dict[str, str], pylock: dict[str, str]) -> list[Row]:
    """Time the first read of a large lock as a whole program, beside uv's of the same packages and hashes."""
    world = bench.stage.world(Path(tempfile.mkdtemp(dir=bench.folder)))
    ours, theirs = _written(world.folder / "ours", files), _written(world.folder / "theirs", pylock)
    program([uv(), "venv", "--quiet", "--python", sys.executable, ".venv"], cwd=theirs, env=world.env)
    python = str(theirs / ".venv" / "bin" / "python")
    sync = [
        uv(),
        "pip",
        "sync",
        "--dry-run",
        "--offline",
        "--python",
        python,
        "pylock.toml",
        "--preview-features",
        "pylock",
    ]
    env = {**world.env, "PYTHONPATH": str(Path(drift.__file__).parents[2])}
    times = bench.times(11)
    timings = interleaved(
        {
            "mlenv": (times, partial(program, [sys.executable, str(_PROGRAM)], cwd=ours, env=env)),
            _UV: (times, partial(program, sync, cwd=theirs, env=world.env)),
        }
    )
    found = beside(f"first read, {name}", timings, at_least={_UV: 1 / _TIMES_UV}, size=_READ)
    chosen = _selected(files)
    text = selection_text(chosen, "1")
    found += beside(
        f"second read, {name}", _least(lambda: parse_selection(text, "1")), at_most_s=0.002, size=len(chosen.pins)
    )
    shutil.rmtree(world.folder, ignore_errors=True)
    return found


def _checks(bench: Bench, world: World, made: Made, name: str, files: dict[str, str]) -> list[Row]:
    """Time the command where the lock was read once."""
    for path in made.root.iterdir():
        if path.is_file():
            path.unlink()
    _written(made.root, files)
    check = [sys.executable, "-m", "mlenv", "check", "--json"]
    program(check, cwd=made.root, env=world.env)  # in step, or this ends here; and the selection is cached
    timings = interleaved({"mlenv": (bench.times(11), partial(program, check, cwd=made.root, env=world.env))})
    return beside(f"mlenv check, {name}", timings, at_most_s=0.15, size=_CHECKED)


def _in_kernel(made: Made, name: str, files: dict[str, str]) -> Row:
    """Time what a kernel does after an installation, with the selection of this format: list, compare, report."""
    wanted = _selected(files)
    (folder,) = (made.root / ".venv" / "lib").glob("python*/site-packages")
    facts = EnvironmentFacts(prefix=str(made.root / ".venv"), python="3.11", engine="uv", sites=(str(folder),))
    timing = _least(lambda: drift.report(wanted, facts, site.scan([str(folder)])))
    (row,) = beside(f"list, compare, report, {name}", timing, at_most_s=0.002, size=_CHECKED)
    return row


def _selected(files: dict[str, str]) -> Selection:
    data = {name: text.encode() for name, text in files.items()}
    target = Target(markers=default_environment())
    request = SelectRequest(root="/p", name="bench", names=tuple(data), load=data.get, target=target)
    return select(request).selection


def _least(action: Callable[[], object]) -> dict[str, Timing]:
    """Return the least processor time of many runs: what is short is measured without the neighbours."""
    seconds = least_ms(action) / 1000
    return {"mlenv": Timing((Cost(seconds, seconds),))}


def _written(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


BENCHMARK = Benchmark(
    name="formats",
    title="Locks of each format",
    text="500 packages with nine wheels and their hashes each, as the lock of each tool (written in the tools' layouts "
    "from one set). *First read*: a Python that starts, reads manifest and lock and ends, beside uv's plan for the same "
    "packages. *Second read*: the cached selection. *mlenv check*: 300 installed packages in step with their lock. The "
    "rows of less than 2 ms are the least processor time of 40 runs.",
    run=run,
)
