"""``python -m benchmarks [--only NAME,...] [--add] [--quick] [--page]``: time mlenv beside other tools."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import pkgutil
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import peers, table
from benchmarks.page import line, page
from benchmarks.plot import draw
from benchmarks.rows import Bench, Benchmark
from torture.results import machine_facts
from torture.stage import Stage, open_stage

HERE = Path(__file__).parent


def all_benchmarks() -> tuple[Benchmark, ...]:
    """Return every benchmark, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(table.__path__))
    modules = [importlib.import_module(f"benchmarks.table.{name}") for name in names if not name.endswith("_cell")]
    return tuple(module.BENCHMARK for module in modules)


def measure(benchmark: Benchmark, stage: Stage, place: Path, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark in a folder of its own; print its rows as they would be on the page."""
    print(f"== {benchmark.title}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{benchmark.name}-", dir=stage.folder))
    began = time.monotonic()
    try:
        rows = benchmark.run(Bench(stage=stage, folder=folder, peers=place / "peers", quick=quick))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    kept = [{**dataclasses.asdict(row), "ratio": row.ratio} for row in rows]
    for row in kept:
        print(f"   {line(row)}", flush=True)
    print(f"   ({time.monotonic() - began:.0f} s)", flush=True)
    return {"name": benchmark.name, "title": benchmark.title, "text": benchmark.text, "rows": kept}


def write(results: dict[str, Any]) -> None:
    """Keep the results: the figures, the page, the plot."""
    _keep(results)
    _plot(results)


def _keep(results: dict[str, Any]) -> None:
    (HERE / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    (HERE / "results.md").write_text(page(results))


def _plot(results: dict[str, Any]) -> None:
    draw(next(each["rows"] for each in results["benchmarks"] if each["name"] == "check"), HERE / "check.png")


def add(done: list[dict[str, Any]]) -> None:
    """Put benchmarks into the kept results in the place of their last run; each says that it was measured apart."""
    results = json.loads((HERE / "results.json").read_text())
    facts = machine_facts()
    load = f"load {os.getloadavg()[1]:.1f} in its last five minutes"
    apart = f"{facts['date']}, {facts['system']}, python {facts['python']}, {load}"
    kept = {each["name"]: each for each in results["benchmarks"]} | {
        each["name"]: {**each, "apart": apart} for each in done
    }
    results["benchmarks"] = [kept[name] for name in sorted(kept)]
    _keep(results)
    if "check" in {each["name"] for each in done}:
        _plot(results)


def main() -> int:
    """Run what was asked for; only a whole run is kept, so that all rows of the page come from one."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help="names of benchmarks, with commas between; writes no results")
    parser.add_argument("--add", action="store_true", help="put what --only names into the kept results, as of today")
    parser.add_argument("--quick", action="store_true", help="few repetitions and small sizes; writes no results")
    parser.add_argument("--page", action="store_true", help="only write page and plot from the results that are kept")
    options = parser.parse_args()
    if options.page:
        write(json.loads((HERE / "results.json").read_text()))
        return 0
    wanted = {name for name in options.only.split(",") if name}
    chosen = [each for each in all_benchmarks() if not wanted or each.name in wanted]
    if wanted - {each.name for each in chosen}:
        parser.error(f"there are: {', '.join(each.name for each in all_benchmarks())}")
    place = Path(os.environ.get("MLENV_BENCH_DIR") or Path(tempfile.gettempdir(), "mlenv-bench"))
    place.mkdir(parents=True, exist_ok=True)
    print("== wheels, caches and other tools are made ready", flush=True)
    for name in ("pyproject-local-kernel", "juv"):
        peers.peer(place / "peers", name)
    with open_stage(place) as stage:
        done = [measure(each, stage, place, quick=options.quick) for each in chosen]
    if wanted and options.add and not options.quick:
        add(done)
    if not wanted and not options.quick:
        write({"machine": {**machine_facts(), **peers.versions(place / "peers")}, "benchmarks": done})
        print(f"== written: {HERE / 'results.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
