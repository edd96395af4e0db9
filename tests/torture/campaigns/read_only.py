"""A folder that may not be written, for somebody to whom permissions apply: refused at once, and reading goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import Done, World

__all__ = ["CAMPAIGN"]

_WEAK = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")
_SOON_S = 1.0
"""How long a refusal may take beyond what a check takes on this machine now."""
_READING = (("check",), ("list",), ("kernels",), ("show", "six"))


@dataclass(frozen=True, kw_only=True)
class Place:
    what: str
    folder: str
    """Relative to the world."""
    verbs: tuple[tuple[str, ...], ...]
    """What must be refused before any work."""


_CHANGES = (("add", "idna==3.6"), ("remove", "six"), ("lock", "--upgrade"), ("freeze", "--force"), ("undo",))
PLACES = (
    Place(what="the project's folder", folder="demo", verbs=(*_CHANGES, ("create", "idna==3.6"))),
    Place(what="the project's private folder", folder="demo/.mlenv", verbs=_CHANGES),
    Place(what="mlenv's data folder", folder="home/data", verbs=()),
    Place(what="Jupyter's folder", folder="home/jupyter/kernels", verbs=()),
    Place(what="the cache", folder="home/mlenv-cache", verbs=()),
    Place(what="the home folder", folder="home", verbs=()),
)


def _before() -> Sequence[str]:
    return _WEAK if os.geteuid() == 0 else ()


def _lock_up(folder: Path) -> list[tuple[Path, int]]:
    """Take the right to write from a folder and those below (an environment and its packages left out)."""
    modes = []
    for base, folders, _ in os.walk(folder):
        folders[:] = [name for name in folders if name not in {"envs", "runtimes"}]
        modes.append((Path(base), Path(base).stat().st_mode & 0o7777))
    for path, mode in modes:
        path.chmod(mode & ~0o222)
    return modes


def _state(world: World) -> dict[str, str]:
    files = {path.name: path.read_text() for path in sorted(world.root.glob("*.*")) if path.is_file()}
    envs = sorted(os.listdir(world.root / ".mlenv" / "envs"))
    return {**files, "link": os.readlink(world.link), "envs": str(envs)}


def _refusal(done: Done, before: dict[str, str], after: dict[str, str], limit_s: float) -> str:
    try:
        error = json.loads(done.out)["error"]
    except (ValueError, KeyError):
        return f"status {done.code}, no refusal: {done.text.strip()[-200:]}"
    if done.code != 2 or error["code"] not in {"not-writable", "jupyter-not-writable"}:
        return f"{done.code} {error['code']}: {error['message']}"
    if not error["hint"]:
        return f"no alternative: {error['message']}"
    if before != after:
        return "something was changed"
    return f"took {done.seconds:.1f} s" if done.seconds > limit_s else ""


def _attack(run: Run, place: Place, number: int) -> Iterator[tuple[str, str]]:
    """Yield (state, fault) for every verb on one read-only place."""
    world = run.stage.world(run.folder / f"{place.what.replace(' ', '-')}-{number}")
    data = world.home / "data"
    data.mkdir()
    for name in os.listdir(run.stage.data):  # a copy without the runtimes' weight
        source = run.stage.data / name
        (data / name).symlink_to(source) if source.is_dir() else shutil.copy(source, data)
    world = replace(world, extra={"MLENV_DATA_DIR": str(data)})
    for words in (("create", "six==1.16.0"), ("add", "attrs==24.2.0")):
        done = world.mlenv(*words)
        if done.code:
            raise RuntimeError(done.text)
    modes = _lock_up(world.folder / place.folder)
    try:
        normal = world.mlenv("check", before=_before()).seconds
        for verb in place.verbs:
            before = _state(world)
            done = world.mlenv(*verb, "--json", before=_before())
            fault = _refusal(done, before, _state(world), normal + _SOON_S)
            yield "refused at once", f"{verb[0]}: {fault}" if fault else ""
        for verb in _READING:
            done = world.mlenv(*verb, before=_before())
            bad = done.code not in (0, 1) or "Traceback" in done.text
            yield "read all the same", f"{verb[0]}: status {done.code}: {done.text.strip()[-200:]}" if bad else ""
    finally:
        for path, mode in modes:
            path.chmod(mode)
    if world.faults():
        yield "damaged", "; ".join(world.faults())


def _run(run: Run) -> Iterator[Row]:
    for place in PLACES if run.trials >= len(PLACES) else PLACES[: run.trials]:
        tally = Tally(f"{place.what} is read-only")
        for number in range(max(run.trials // len(PLACES), 1)):
            for state, fault in _attack(run, place, number):
                tally.add(hit=True, state=state, bad=fault or None)
        yield tally.row()


def _missing() -> str:
    if os.geteuid() != 0:
        return ""
    weak = shutil.which("setpriv") and subprocess.run([*_WEAK, "true"], capture_output=True).returncode == 0
    return "" if weak else "root here, and its rights cannot be taken away"


CAMPAIGN = Campaign(
    name="read_only",
    promise="What may not be written is refused within a second, before any work, with what to do instead; checking and"
    " listing still work.",
    run=_run,
    full=12,
    sample=1,
    missing=_missing,
)
