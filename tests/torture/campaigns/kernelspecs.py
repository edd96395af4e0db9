"""Kernelspecs read in a tight loop while they are rewritten, removed and made again, and the writer is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import World

_WRITER = """
import sys
from mlenv import kernels
from mlenv.kernels import Spec

def spec(number):
    block = {"schema": 1, "project": sys.argv[1], "prefix": sys.argv[1] + "/.venv", "number": number}
    return Spec(id="demo-abc123", display_name=f"demo {number}" + " and more" * (number % 50),
                argv=(sys.executable, "-c", "pass", "{connection_file}"), env={"A": "b" * (number % 3000)},
                metadata={"mlenv": block})

for number in range(int(sys.argv[2]), int(sys.argv[3])):
    kernels.write(spec(number))
    print(number, flush=True)
"""
"""Does what ``create`` does at its end, again and again: prints each number when its kernelspec is written."""

_READER = """
import json, sys, logging
from jupyter_client.kernelspec import KernelSpecManager
logging.disable(logging.CRITICAL)
manager = KernelSpecManager(kernel_dirs=[sys.argv[1]], ensure_native_kernel=False)
print("ready", flush=True)
reads, bad = 0, []
while not sys.stdin.closed and not bad[20:]:
    found = manager.get_all_specs()
    reads += 1
    if "demo-abc123" not in found:
        bad.append(f"read {reads}: not listed: {sorted(found)}")
        continue
    try:
        one = manager.get_kernel_spec("demo-abc123")
        number = one.metadata["mlenv"]["number"]
    except Exception as error:  # whatever a front end would stumble over
        bad.append(f"read {reads}: {type(error).__name__}: {error}"[:200])
        continue
    whole = one.display_name == f"demo {number}" + " and more" * (number % 50) and one.env == {"A": "b" * (number % 3000)}
    if not whole or len(one.argv) != 4:
        bad.append(f"read {reads}: of two versions: {one.to_dict()}")
    import select
    if select.select([sys.stdin], [], [], 0)[0]:
        break
print(json.dumps([reads, bad]))
"""


def campaign(run: Run) -> Iterator[Row]:
    world = run.stage.world(run.folder / "specs")
    folder = Path(world.env["JUPYTER_DATA_DIR"], "kernels")
    dice = run.random("kills")
    tally = Tally("kernelspec rewritten, the writer killed again and again, read in a tight loop")
    kills, number = 0, 0
    _written(world, 0, 1)
    with subprocess.Popen(
        [sys.executable, "-c", _READER, str(folder)],
        env=world.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as reader:  # fmt: skip
        assert reader.stdout is not None
        reader.stdout.readline()
        while number < run.trials:
            done, killed = _torn(world, number, run.trials, dice.uniform(0.2, 1.5))
            kills += killed
            number = done + 1
        out, _ = reader.communicate("end\n", timeout=60)
    reads, bad = json.loads(out)
    left = [path.name for path in folder.rglob("*") if path.is_file() and path.name not in _KNOWN]
    bad += [f"left in the folder of kernels: {left}"] if left and not kills else []
    for _ in range(run.trials):
        tally.add(hit=True, state="written")
    tally.bad.extend(bad)
    yield tally.row(f"{reads:,} reads, {kills} kills")


_KNOWN = {"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"}


def _written(world: World, first: int, end: int) -> None:
    done = world.run([sys.executable, "-c", _WRITER, str(world.root), str(first), str(end)])
    assert done.code == 0, done.text


def _torn(world: World, first: int, end: int, after_s: float) -> tuple[int, bool]:
    """Write until the time is up, then kill the writer; the last number that it wrote, and whether it was killed."""
    process = world.start([sys.executable, "-c", _WRITER, str(world.root), str(first), str(end)])
    assert process.stdout is not None
    last, began = first - 1, 0.0
    for line in process.stdout:
        began = began or time.monotonic()
        last = int(line)
        if time.monotonic() - began > after_s:
            process.send_signal(signal.SIGKILL)
            break
    _, said = process.communicate()
    if process.returncode not in {0, -signal.SIGKILL}:
        raise AssertionError(f"the writer ended with {process.returncode}: {said[-300:]}")
    return last, process.returncode != 0


CAMPAIGN = Campaign(
    name="kernelspecs",
    promise="A kernelspec is never half-written, and replacing one never leaves none, whenever the writer is killed.",
    run=campaign,
    full=10_000,
    sample=300,
)
