"""What a check costs: scan and compare a made-up site folder of 300 packages, the best of many runs, in milliseconds.

Run it: ``python tests/benchmarks/check_cost.py [packages]``. Nothing is asserted: times belong to a machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from mlenv import drift, render
from mlenv.model import EnvironmentFacts, Loaded, Pin, Selection
from mlenv.probe import site


def made_up_site(folder: Path, packages: int) -> None:
    """Write what pip leaves of so many packages, as far as a scan looks at it."""
    for number in range(packages):
        name = f"Some_Package.{number}"
        metadata = folder / f"{name}-{number}.2.3.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Name: {name}\nVersion: {number}.2.3\n", encoding="utf-8")
        (folder / f"some_package_{number}").mkdir()


def best_ms(action: Callable[[], object], runs: int = 60) -> float:
    """Return the fastest of many runs: the others measure the neighbours."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times) * 1000


def main(packages: int = 300) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made_up_site(Path(folder), packages)
        installed = site.scan([folder])
        pins = tuple(Pin(name=d.name, version=d.version) for d in installed.distributions)
        selection = Selection(root="/project", name="demo", lock="pylock.toml", kind="pylock", pins=pins)
        facts = EnvironmentFacts(prefix="/project/.venv", python="3.12.1", engine="uv", sites=(folder,))
        loaded = tuple(Loaded(name=d.name, version=d.version) for d in installed.distributions[:100])
        report = drift.report(selection, facts, installed, loaded)
        known = site.stamps([folder, f"{folder}/pylock.toml"])
        rows = {
            "nothing changed (two stamps)": lambda: site.unchanged(known),
            "scan": lambda: site.scan([folder]),
            "compare": lambda: drift.compare(selection, installed),
            "compare with memory": lambda: drift.compare(selection, installed, loaded),
            "report as text": lambda: render.report_text(report),
        }
        print(f"{packages} packages, Python {sys.version.split()[0]}, verdict {report.verdict}")
        for name, action in rows.items():
            print(f"  {name:30} {best_ms(action):7.3f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
