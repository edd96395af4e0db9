"""The environment deleted, renamed or replaced under a live kernel: the kernel lives, says so, and mends it itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from live_kernel import LiveKernel
from torture.campaign import Campaign, Row, Run, Tally
from torture.kernels import kernel_of, spec_ids, verdict_in
from torture.stage import World

PACKAGES = ("six==1.16.0", "idna==3.6")


def _uv(world: World, *words: str) -> None:
    from uv import find_uv_bin

    done = world.run([str(find_uv_bin()), *words])
    assert done.code == 0, done.text


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path)


def _generation(world: World) -> Path:
    return Path(os.path.realpath(world.link))


def _deleted(world: World) -> None:
    _remove(world.link)


def _all_deleted(world: World) -> None:
    _remove(world.link)
    shutil.rmtree(world.root / ".mlenv", ignore_errors=True)


def _content_deleted(world: World) -> None:
    shutil.rmtree(_generation(world))


def _half_deleted(world: World) -> None:
    shutil.rmtree(_generation(world) / "lib")


def _renamed(world: World) -> None:
    world.link.rename(world.root / "old-environment")


def _content_renamed(world: World) -> None:
    _generation(world).rename(world.folder / "moved")


def _file(world: World) -> None:
    _remove(world.link)
    world.link.write_text("not an environment\n")


def _empty_folder(world: World) -> None:
    _remove(world.link)
    world.link.mkdir()


def _dangling(world: World) -> None:
    _remove(world.link)
    world.link.symlink_to(world.folder / "nowhere")


def _another(world: World) -> None:
    _remove(world.link)
    _uv(world, "venv", "--quiet", "--python", world.stage.python, str(world.link))


def _link_elsewhere(world: World) -> None:
    other = world.folder / "other"
    _uv(world, "venv", "--quiet", "--python", world.stage.python, str(other))
    _remove(world.link)
    world.link.symlink_to(other)


@dataclass(frozen=True)
class Fate:
    """What happens to ``.venv``, and what is true of it then."""

    strike: Callable[[World], None]
    verdicts: frozenset[str]
    theirs: bool = False
    """Whether it is somebody's own file then, so that ``create`` asks for it to be moved away first."""


FATES = {
    "deleted": Fate(_deleted, frozenset({"no-env"})),
    "deleted with mlenv's folder": Fate(_all_deleted, frozenset({"no-env"})),
    "its content deleted": Fate(_content_deleted, frozenset({"broken", "no-env"})),
    "half deleted": Fate(_half_deleted, frozenset({"broken", "sync"})),
    "renamed": Fate(_renamed, frozenset({"no-env"})),
    "its content renamed": Fate(_content_renamed, frozenset({"broken", "no-env"})),
    "a file in its place": Fate(_file, frozenset({"broken"}), theirs=True),
    "an empty folder in its place": Fate(_empty_folder, frozenset({"broken", "no-env"})),
    "a dangling link in its place": Fate(_dangling, frozenset({"broken", "no-env"})),
    "another environment in its place": Fate(_another, frozenset({"sync", "broken"})),
    "a link to another environment in its place": Fate(_link_elsewhere, frozenset({"sync", "broken"})),
}


def campaign(run: Run) -> Iterator[Row]:
    names = sorted(FATES)
    run.random("fates").shuffle(names)
    tallies: dict[str, Tally] = {}
    for number in range(run.trials):
        name, theirs = names[number % len(names)], bool(number // len(names) % 2)
        tally = tallies.setdefault(name, Tally(f"environment under a live kernel: {name}"))
        world = run.stage.world(run.folder / str(number))
        faults = _trial(world, FATES[name], made_by_uv=theirs)
        label = f"trial {number} ({'made by uv' if theirs else 'made by mlenv'})"
        tally.add(hit=True, state="said and mended", bad=f"{label}: {'; '.join(faults)}" if faults else None)
    for tally in tallies.values():
        yield tally.row()


def _trial(world: World, fate: Fate, *, made_by_uv: bool) -> list[str]:
    if made_by_uv:
        _uv(world, "venv", "--quiet", "--python", world.stage.python, str(world.link))
        _uv(world, "pip", "install", "--quiet", "--python", str(world.link), *PACKAGES)
    done = world.mlenv("create", *PACKAGES)
    assert done.code == 0, done.text
    kernel_id = next(iter(spec_ids(world)))
    with kernel_of(world) as kernel:
        faults = _answers(kernel, "import six")
        if (told := verdict_in(kernel)) != "in-step":
            faults.append(f"before anything happened: {told}")
        fate.strike(world)
        faults += _answers(kernel, "kept = 1")
        told, outside = verdict_in(kernel), world.verdict()
        if told not in fate.verdicts or told != outside:
            faults.append(f"the kernel says {told}, the command line {outside}, true is {' or '.join(fate.verdicts)}")
        faults += _mended(world, kernel, fate)
        faults += _answers(kernel, "assert kept == 1 and six.PY3")
    if list(spec_ids(world)) != [kernel_id]:
        faults.append(f"the kernel was {kernel_id} and is {list(spec_ids(world))}")
        return faults
    return [*faults, *_fresh(world)]


def _fresh(world: World) -> list[str]:
    """A kernel that is started now works, too."""
    try:
        with kernel_of(world) as fresh:
            faults = _answers(fresh, "import six, idna")
            told = verdict_in(fresh)
            return faults if told == "in-step" else [*faults, f"a fresh kernel says {told}"]
    except (OSError, RuntimeError) as error:
        return [f"no fresh kernel: {error}"[:200]]


def _mended(world: World, kernel: LiveKernel, fate: Fate) -> list[str]:
    """``%mlenv create`` in that same kernel makes it whole."""
    done = kernel.run("%mlenv create")
    if fate.theirs:
        if (
            done.status == "ok"
            or "move .venv away" not in done.text
            or world.link.read_text() != "not an environment\n"
        ):
            return [f"create where a file lies: {done.text[-300:]}"]
        world.link.rename(world.root / "mine")
        done = kernel.run("%mlenv create")
    if done.status != "ok":
        return [f"create in the kernel: {done.ename}: {done.evalue}"[:300]]
    told, outside = verdict_in(kernel), world.verdict()
    # What is in memory is what is installed again: nothing asks for a restart.
    return [] if (told, outside) == ("in-step", "in-step") else [f"after create: {told}, outside {outside}"]


def _answers(kernel: LiveKernel, code: str) -> list[str]:
    """Run a cell; a kernel that died, and a watcher that failed, are faults."""
    done = kernel.run(code, timeout_s=60)
    faults = [] if done.status == "ok" else [f"{code}: {done.ename}: {done.evalue}"[:200]]
    return [*faults, f"the watcher: {done.text[:200]}"] if "watching this notebook failed" in done.text else faults


CAMPAIGN = Campaign(
    name="environment_gone",
    promise=(
        "Where the environment is deleted, renamed or replaced under a live kernel, the kernel lives, says what is "
        "true, and %mlenv create in it makes all whole with the same kernel."
    ),
    run=campaign,
    full=44,
    sample=3,
)
