"""Kernels started over broken settings, broken state, unreadable folders and a slow disk: none may fail to start."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from live_kernel import LiveKernel
from torture.campaign import Campaign, Row, Run, Tally
from torture.kernels import spec_ids, start_kernel
from torture.stage import Stage, World

PORTABLE = "mlenv"
SLOW = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=openat", "-e", "inject=openat:delay_enter=3000")
WEAK = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x00\xff{[=\n" * 40)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _unreadable(path: Path) -> None:
    path.chmod(0)


HARMS = {"garbage": _garbage, "empty": _empty, "cut in half": _cut, "a folder in its place": _folder,
         "unreadable": _unreadable}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A file that a kernel's start or its first check reads."""

    find: Callable[[World], list[Path]]
    """The file (several: the first one is harmed)."""
    said: tuple[str, ...] = ("in-step",)
    """What ``%mlenv check`` says one of, in a kernel that runs cells."""


def _settings(world: World) -> list[Path]:
    return [world.root / "pyproject.toml"]


TARGETS = {
    "manifest": Target(_settings, ("pyproject.toml", "relock", "unlocked", "in-step")),
    "lock": Target(lambda world: [world.root / "pylock.toml"], ("pylock.toml", "relock", "unlocked")),
    "ready marker": Target(lambda world: [world.link.resolve() / "mlenv-ready.json"], ("marker", "broken")),
    "history": Target(lambda world: [world.root / ".mlenv" / "history.json"]),
    "selection": Target(lambda world: _below(world, "selections"), ("in-step",)),
    "what interpreters said": Target(lambda world: _below(world, "interpreters")),
    "launcher.json": Target(lambda world: [_data(world) / "launcher.json"], ("in-step",)),
    "trust": Target(lambda world: [_data(world) / "trust.json"], ("in-step",)),
    "kernel side": Target(lambda world: [_side(world) / "kernel" / "boot.py"], ("in-step",)),
    "runtime.json": Target(lambda world: sorted((_data(world) / "runtimes").glob("*/runtime.json"))),
}
FOLDERS = {
    "the data folder's runtimes": lambda world: _data(world) / "runtimes",
    "the kernel side's folder": lambda world: _data(world) / "side",
    "the cache folder": lambda world: Path(world.env["MLENV_CACHE_DIR"]),
    "the project's private folder": lambda world: world.root / ".mlenv" / "live",
}


def _below(world: World, name: str) -> list[Path]:
    return sorted(Path(world.env["MLENV_CACHE_DIR"], name).glob("*.*"))


def _data(world: World) -> Path:
    return Path(world.env["MLENV_DATA_DIR"])


def _side(world: World) -> Path:
    return _data(world) / "side" / str(json.loads((_data(world) / "launcher.json").read_text())["side"]) / "mlenv"


def campaign(run: Run) -> Iterator[Row]:
    plan = _plan()
    run.random("start").shuffle(plan)
    tallies = {name: Tally(f"kernel started: {name}") for name in ("settings and state", "folders", "slow disk")}
    slowest = 0.0
    for number in range(run.trials):
        group, label, harm, said = plan[number % len(plan)]
        portable = number // len(plan) % 2 == 1
        world = _world(run.stage, run.folder / str(number))
        before = SLOW if group == "slow disk" else _weak()
        began = time.monotonic()
        faults = _trial(world, harm, said, before, portable=portable)
        slowest = max(slowest, time.monotonic() - began)
        shown = f"trial {number} ({label}, {'the portable' if portable else 'its own'} kernel)"
        tallies[group].add(hit=True, state="started", bad=f"{shown}: {'; '.join(faults)}" if faults else None)
    for tally in tallies.values():
        if tally.trials:
            yield tally.row()


_Planned = tuple[str, str, Callable[[World], None], tuple[str, ...]]


def _plan() -> list[_Planned]:
    """Return group, name, harm and what may be said, of every trial."""
    rows: list[_Planned] = []
    for name, target in TARGETS.items():
        for how, harm in HARMS.items():
            rows.append(("settings and state", f"{name}: {how}", functools.partial(_harm, target, harm), target.said))
    rows.append(("settings and state", "settings: unknown key", _unknown_key, ("enginee",)))
    for name, find in FOLDERS.items():
        rows.append(("folders", f"{name}: unreadable", functools.partial(_close, find), ("in-step",)))
        rows.append(("folders", f"{name}: a file in its place", functools.partial(_file, find), ("in-step",)))
    if shutil.which("strace"):
        rows.append(("slow disk", "every open() 3 ms late", lambda world: None, ("in-step",)))
    return rows


def _harm(target: Target, harm: Callable[[Path], None], world: World) -> None:
    harm(target.find(world)[0])


def _unknown_key(world: World) -> None:
    manifest = world.root / "pyproject.toml"
    manifest.write_text(manifest.read_text() + '\n[tool.mlenv]\nenginee = "uv"\n')


def _close(find: Callable[[World], Path], world: World) -> None:
    find(world).mkdir(exist_ok=True)
    find(world).chmod(0)


def _file(find: Callable[[World], Path], world: World) -> None:
    shutil.rmtree(find(world), ignore_errors=True)
    find(world).write_text("not a folder\n")


def _world(stage: Stage, folder: Path) -> World:
    """A project with a kernel and a data folder of its own, which may be broken."""
    world = replace(stage.world(folder), extra={"MLENV_DATA_DIR": str(folder / "data")})
    shutil.copytree(stage.data, folder / "data", copy_function=_linked, symlinks=True)
    done = world.mlenv("create", "six==1.16.0")
    assert done.code == 0, done.text
    world.verdict()  # writes the selection
    shutil.copytree(_shipped(), Path(world.env["JUPYTER_DATA_DIR"], "kernels", PORTABLE))
    return world


def _linked(source: str, target: str) -> None:
    """Share what nobody changes; copy what a trial may break."""
    if "/runtimes/" in source and not source.endswith("runtime.json"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _shipped() -> Path:
    import mlenv

    return Path(mlenv.__file__).parent / "share" / "jupyter" / "kernels" / PORTABLE


@functools.cache
def _weak() -> Sequence[str]:
    """Return what makes permissions count for root, too; nothing where they do anyway, or cannot."""
    there = os.geteuid() == 0 and shutil.which("setpriv")
    return WEAK if there and subprocess.run([*WEAK, "true"], capture_output=True).returncode == 0 else ()


def _trial(
    world: World, harm: Callable[[World], None], said: tuple[str, ...], before: Sequence[str], *, portable: bool
) -> list[str]:
    """Break something, start the kernel, ask it; what was wrong."""
    kernel_id = PORTABLE if portable else next(one for one in spec_ids(world) if one != PORTABLE)
    spec = Path(world.env["JUPYTER_DATA_DIR"], "kernels", kernel_id, "kernel.json")
    content = json.loads(spec.read_text())
    argv = [world.mlenv_argv()[0] if word == "python" else word for word in content["argv"]]
    spec.write_text(json.dumps({**content, "argv": [*before, *argv]}))
    harm(world)
    try:
        kernel = start_kernel(world, kernel_id)
    except (OSError, RuntimeError) as error:
        return [f"the kernel did not start: {str(error)[-300:]}"]
    try:
        return _asked(kernel, said, portable=portable)
    finally:
        kernel.stop()


def _asked(kernel: LiveKernel, said: tuple[str, ...], *, portable: bool) -> list[str]:
    """A cell runs, or says why not; ``%mlenv check`` tells what is wrong."""
    cell = kernel.run("import six\n1 + 1", timeout_s=60)
    explained = (
        cell.status == "error" and "does not run, so no cell was executed" in cell.text and "Type %" in cell.text
    )
    if cell.status != "ok" and not explained:
        return [f"the first cell: {cell.text[-300:]}"]
    check = kernel.run("%mlenv check", timeout_s=60)
    if "Traceback" in check.text and "MlenvError" not in check.text:
        return [f"check: {check.text[-300:]}"]
    if not explained and not any(word in check.text for word in said):
        return [f"check says: {check.text[-300:]}"]
    return []


CAMPAIGN = Campaign(
    name="kernel_start",
    promise=(
        "mlenv never stops a kernel from starting: over broken settings, broken state, unreadable folders and a slow "
        "disk the kernel starts, runs cells or says why not, and tells what is wrong."
    ),
    run=campaign,
    full=120,
    sample=4,
)
