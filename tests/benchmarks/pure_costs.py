"""What the pure parts cost, without a kernel and without a project: processor time, the least of many runs.

Run it: ``PYTHONPATH=tests python -m benchmarks.pure_costs [--locks FOLDER] [--python PATH]...``. Nothing is asserted: times
belong to a machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from packaging.markers import default_environment

import mlenv
from mlenv import drift, loaded
from mlenv.installed import top_levels
from mlenv.locks import SelectRequest, Target, parse_pylock, parse_uv_lock, select
from mlenv.model import EnvironmentFacts, Pin, Selection
from mlenv.probe import site
from mlenv.selection_text import parse_selection, selection_text

__all__ = ["import_ms", "kernel_costs", "lock_costs", "made_pylock", "made_uv_lock"]

HERE = Target(markers=default_environment())
_WHEELS = 9
_ADDRESS = "https://index.example.org/packages/2d/7e/0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
_TAGS = tuple(f"cp3{minor}-cp3{minor}-manylinux_2_17_x86_64.manylinux2014_x86_64" for minor in range(8, 8 + _WHEELS))


def made_uv_lock(packages: int) -> str:
    """Return a ``uv.lock`` as large as a real one: nine wheels each, every package needs three others."""
    rows = ['version = 1\nrevision = 3\nrequires-python = ">=3.9"\n']
    for n in range(packages):
        needs = "".join(f'    {{ name = "some-package-{m}" }},\n' for m in range(n + 1, min(n + 4, packages)))
        wheels = "".join(
            f'    {{ url = "{_ADDRESS}/some_package_{n}-1.{n}.0-{tag}.whl", hash = "sha256:{n:064x}", size = {n + 1} }},\n'
            for tag in _TAGS
        )
        source = '{ registry = "https://index.example.org/simple" }'
        rows.append(
            f'\n[[package]]\nname = "some-package-{n}"\nversion = "1.{n}.0"\nsource = {source}\n'
            f"dependencies = [\n{needs}]\nwheels = [\n{wheels}]\n"
        )
    root = '\n[[package]]\nname = "demo"\nversion = "1"\nsource = { virtual = "." }\n'
    return "".join(rows) + root + 'dependencies = [\n    { name = "some-package-0" },\n]\n'


def made_pylock(packages: int) -> str:
    """Return a ``pylock.toml`` of the same packages."""
    rows = ['lock-version = "1.0"\ncreated-by = "uv"\nrequires-python = ">=3.9"\n']
    for n in range(packages):
        wheels = "".join(
            f'    {{ url = "{_ADDRESS}/some_package_{n}-1.{n}.0-{tag}.whl", size = {n + 1}, '
            f'hashes = {{ sha256 = "{n:064x}" }} }},\n'
            for tag in _TAGS
        )
        rows.append(f'\n[[packages]]\nname = "some-package-{n}"\nversion = "1.{n}.0"\nwheels = [\n{wheels}]\n')
    return "".join(rows)


def least_ms(action: Callable[[], object], runs: int = 40) -> float:
    """Return the least processor time of many runs: the others measure the neighbours."""
    times = []
    for _ in range(runs):
        began = time.process_time_ns()
        action()
        times.append(time.process_time_ns() - began)
    return min(times) / 1e6


def lock_costs(uv_lock: str, pylock: str) -> Iterator[tuple[str, str, float]]:
    """Yield (what, budget, ms) of reading large locks."""
    pins = len(parse_pylock(pylock, "pylock.toml", HERE).pins)
    yield f"uv.lock, {len(uv_lock) >> 10} kB", "", least_ms(lambda: parse_uv_lock(uv_lock, "uv.lock", HERE), 8)
    yield (
        f"pylock.toml, {len(pylock) >> 10} kB, {pins} pins",
        "",
        least_ms(lambda: parse_pylock(pylock, "x.toml", HERE), 8),
    )
    for name, text in (("uv.lock", uv_lock), ("pylock.toml", pylock)):
        data = {name: text.encode()}
        request = SelectRequest(root="/p", name="demo", names=(name,), load=data.get, target=HERE)
        yield f"selection from {name}", "< 150 ms", least_ms(lambda asked=request: select(asked), 8)


def kernel_costs(folder: Path, packages: int = 300, modules: int = 2000) -> Iterator[tuple[str, str, float]]:
    """Yield (what, budget, ms) of what a check in a kernel is made of."""
    for number in range(packages):
        info = folder / f"some_package_{number}-1.{number}.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: some-package-{number}\nVersion: 1.{number}.0\n")
    installed = site.scan([str(folder)])
    pins = tuple(Pin(name=row.name, version=row.version) for row in installed.distributions)
    wanted = Selection(root="/p", name="demo", lock="pylock.toml", kind="pylock", pins=pins)
    facts = EnvironmentFacts(prefix="/p/.venv", python="3.12.1", engine="uv", sites=(str(folder),))
    text = selection_text(wanted, "1")
    memory = _memory(str(folder), packages, modules)
    yield f"cached selection of {packages} pins read", "", least_ms(lambda: parse_selection(text))
    yield f"scan of {packages} packages", "", least_ms(lambda: site.scan([str(folder)]))
    yield "report", "", least_ms(lambda: drift.report(wanted, facts, installed))
    whole = least_ms(lambda: drift.report(wanted, facts, site.scan([str(folder)])))
    yield "scan and report: a check after a change", "< 2 ms", whole
    sorted_in = least_ms(memory)
    yield f"loaded against installed, {modules} modules", "< 10 ms", sorted_in


def _memory(folder: str, packages: int, modules: int) -> Callable[[], object]:
    places = (loaded.Place(folder=folder, origin="environment"), loaded.Place(folder="/lib", origin="own"))
    files = {
        f"some_package_{n % packages}.m{n}": f"{folder}/some_package_{n % packages}/m{n}.py" for n in range(modules)
    }
    owners = {(folder, f"some_package_{n}"): (f"some-package-{n}",) for n in range(packages)}
    versions = {(folder, f"some-package-{n}"): f"1.{n}.0" for n in range(packages)}
    installed = site.scan([folder])

    def run() -> object:
        rows = loaded.belongings(loaded.entries(files, places), owners, {})
        return loaded.moved(loaded.observe(rows, versions, {"some_package_1"}), installed)

    assert run() == ()
    assert top_levels("some_package_1/m1.py,,\n") == ("some_package_1",)
    return run


def import_ms(python: str, modules: Sequence[str], runs: int = 15) -> float:
    """Return what an import of mlenv's adds to a kernel that has ipykernel's usual modules loaded."""
    source = str(Path(mlenv.__file__).resolve().parents[1])
    program = (
        "import sys, time, json, re, os, subprocess, dataclasses, typing, importlib, threading, hashlib, urllib.parse, platform\n"
        f"sys.path.insert(0, {source!r})\nbegan = time.process_time_ns()\n"
        f"import {', '.join(modules)}\nprint((time.process_time_ns() - began) / 1e6)"
    )
    with tempfile.TemporaryDirectory() as compiled:  # as the kernel side is, the first run compiles
        env = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        run = partial(subprocess.run, [python, "-c", program], capture_output=True, text=True, check=True, env=env)
        return min(float(run().stdout) for _ in range(runs))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locks", type=Path, help="a folder with a uv.lock and a pylock.toml of one's own")
    parser.add_argument("--python", action="append", default=[], help="further interpreters for the import")
    options = parser.parse_args()
    uv_lock, pylock = made_uv_lock(500), made_pylock(500)
    if options.locks:
        uv_lock, pylock = (options.locks / "uv.lock").read_text(), (options.locks / "pylock.toml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        for what, budget, ms in (*lock_costs(uv_lock, pylock), *kernel_costs(Path(folder))):
            print(f"{ms:9.2f} ms  {budget:9} {what}", flush=True)
    for python in (sys.executable, *options.python):
        first = import_ms(python, ["mlenv.kernel.session"])
        whole = import_ms(python, ["mlenv.kernel.session", "mlenv.kernel.state", "mlenv.kernel.watcher"])
        print(f"{first:9.2f} ms  {'< 15 ms':9} import when a kernel starts, {python}")
        print(f"{whole:9.2f} ms  {'':9} import before the first cell, too, {python}", flush=True)


if __name__ == "__main__":
    main()
