"""What ten environments with the same packages take on disk."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import program
from benchmarks.rows import Bench, Benchmark, Row
from torture.stage import PACKAGES, World

_MEMORY = Path("/dev/shm")


def run(bench: Bench) -> Sequence[Row]:
    number = 3 if bench.quick else 10
    linked = _mlenv(bench, number, "linked", {})
    pip = _by_hand(bench, 2)
    rows = [
        _row(f"environment {number} of {number}, linked from uv's cache", linked, pip, budget=0.05),
    ]
    if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK):
        with tempfile.TemporaryDirectory(dir=_MEMORY, prefix="mlenv-bench-") as cache:
            copied = _mlenv(bench, 3, "copied", {"UV_CACHE_DIR": cache})
        rows.append(_row("environment 3 of 3, uv's cache on another file system: copies", copied, pip))
    return rows


def _row(what: str, sizes: list[int], pip: list[int], *, budget: float | None = None) -> Row:
    share = sizes[-1] / sizes[0]
    return Row(
        what=f"{what}: {share:.1%} of the first ({_mib(sizes[0])})",
        ours=sizes[-1],
        peer="venv, pip install, ipykernel: each",
        theirs=pip[-1],
        unit="bytes",
        budget=f"less than {budget:.0%} of the first" if budget else "",
        met=share < budget if budget else None,
        details={"bytes": sizes, "pip_bytes": pip},
    )


def _mib(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"


def _mlenv(bench: Bench, number: int, name: str, extra: dict[str, str]) -> list[int]:
    """Make environments one after the other; return what each added to the disk, the first with all it links to."""
    seen: set[tuple[int, int]] = set()
    sizes = []
    for each in range(number):
        world = World(stage=bench.stage, folder=bench.folder / name / str(each), extra=extra)
        world.home.mkdir(parents=True)
        world.root.mkdir()
        program([sys.executable, "-m", "mlenv", "create", *PACKAGES], cwd=world.root, env=world.env)
        sizes.append(_added(world.root, seen))
    shutil.rmtree(bench.folder / name)
    return sizes


def _by_hand(bench: Bench, number: int) -> list[int]:
    seen: set[tuple[int, int]] = set()
    sizes = []
    for each in range(number):
        world = bench.stage.world(bench.folder / "pip" / str(each))
        python = str(world.root / ".venv" / "bin" / "python")
        program([sys.executable, "-m", "venv", ".venv"], cwd=world.root, env=world.env)
        program([python, "-m", "pip", "install", *PACKAGES, "ipykernel"], cwd=world.root, env=world.env)
        sizes.append(_added(world.root, seen))
    return sizes


def _added(folder: Path, seen: set[tuple[int, int]]) -> int:
    """Return the blocks of a tree that were not counted before, in bytes; a file with two names counts once."""
    total = 0
    for place, folders, files in os.walk(folder):
        for name in (*files, *folders):
            found = os.lstat(os.path.join(place, name))
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_blocks * 512
    return total


BENCHMARK = Benchmark(
    name="disk",
    title="Disk of environments with the same packages",
    text="The six packages of `create`, one project after the other; counted are the blocks on disk that no "
    "earlier environment has, files and folders.",
    run=run,
)
