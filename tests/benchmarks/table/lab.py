"""The start of JupyterLab in a browser, with mlenv's extension and without."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Cost, Timing, interleaved
from benchmarks.rows import Bench, Benchmark, Row
from browser.front import CHROMIUM_FLAGS, chromium
from browser.world import World, serving

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

AT_MOST_S = 0.05
INSTALLED = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
READY = "async () => { await window.jupyterapp.restored; return performance.now() / 1000; }"


def run(bench: Bench) -> Sequence[Row]:
    browser = chromium()
    if browser is None or not (INSTALLED / "mlenv" / "package.json").is_file():
        print("   not run: no chromium, or no labextension (make labextension)")
        return []
    from playwright.sync_api import sync_playwright

    with ExitStack() as stack:
        addresses = {}
        for name in ("mlenv", "without"):
            world = World.new(bench.folder / name, bench.stage.data)
            folder = _labextensions(world.home / "labextensions", without=name == "without")
            options = [f"--LabApp.labextensions_path={json.dumps([str(folder)])}"]
            server = stack.enter_context(serving(world, options=options))
            addresses[name] = f"{server.base}lab?token={server.token}&reset"
        playwright = stack.enter_context(sync_playwright())
        window = stack.enter_context(playwright.chromium.launch(executable_path=browser, args=list(CHROMIUM_FLAGS)))
        # One for each: both have their files in the browser's cache, and so has a user's second start.
        users = {name: window.new_context() for name in addresses}
        for name, address in addresses.items():
            _start(users[name], address)
        timings = interleaved(
            {name: (bench.times(15), partial(_start, users[name], address)) for name, address in addresses.items()}
        )
    ours, theirs = timings["mlenv"], timings["without"]
    details = {name: timing.as_dict() for name, timing in timings.items()}
    return [
        Row(
            what="JupyterLab is ready", ours=ours.median, peer="the same without mlenv", theirs=theirs.median,
            budget="less than 50 ms more", met=ours.median - theirs.median < AT_MOST_S,
            details=details,
        ),
        Row(
            what="JupyterLab is ready: processor time of the page", ours=_cpu(ours), peer="the same without mlenv",
            theirs=_cpu(theirs), details=details,
        ),
    ]  # fmt: skip


def _cpu(timing: Timing) -> float:
    return statistics.median(cost.cpu for cost in timing.costs)


def _labextensions(folder: Path, *, without: bool) -> Path:
    """A folder with links to the installed extensions."""
    folder.mkdir(parents=True)
    for path in INSTALLED.iterdir():
        if not (without and path.name == "mlenv"):
            (folder / path.name).symlink_to(path.resolve())
    return folder


def _start(user: BrowserContext, address: str) -> Cost:
    """From the request of the page to the restored application, as the page's own clock has it."""
    page = user.new_page()
    inspector = user.new_cdp_session(page)
    inspector.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(address)
    page.wait_for_function("() => window.jupyterapp !== undefined")
    wall = float(page.evaluate(READY))
    metrics = inspector.send("Performance.getMetrics")["metrics"]
    page.close()
    return Cost(wall, next(float(row["value"]) for row in metrics if row["name"] == "TaskDuration"))


BENCHMARK = Benchmark(
    name="lab",
    title="The start of JupyterLab",
    text="A page of JupyterLab (launcher) in Chromium, until the application says that it is restored; files in the"
    " browser's cache, two servers on the same machine, one page at a time.",
    run=run,
)
