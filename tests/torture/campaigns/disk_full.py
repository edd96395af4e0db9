"""The disk is full: a RAM disk of every size, and of few files, under the project, mlenv's data, Jupyter's and uv's."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import PACKAGES, Done, World

__all__ = ["CAMPAIGN"]

_ROOMY = "512m"


@dataclass(frozen=True, kw_only=True)
class Disk:
    """One RAM disk at a folder, whose size can be changed while it is in use."""

    place: Path

    def resize(self, *, size: str = _ROOMY, files: int = 0) -> None:
        """Give it a size in bytes, or a number of files (inodes); 0 is no limit of files."""
        options = f"remount,size={size},nr_inodes={files}"
        subprocess.run(["mount", "-o", options, str(self.place)], check=True)

    @property
    def used(self) -> tuple[int, int]:
        """Bytes and files in use."""
        facts = os.statvfs(self.place)
        return (facts.f_blocks - facts.f_bfree) * facts.f_frsize, facts.f_files - facts.f_ffree


@contextlib.contextmanager
def mounted(place: Path) -> Iterator[Disk]:
    """Mount a RAM disk for a while."""
    place.mkdir(parents=True, exist_ok=True)
    # With a limit from the start: the number of files is counted only then.
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_ROOMY},nr_inodes=100000", "tmpfs", str(place)], check=True)
    try:
        yield Disk(place=place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What is run on a disk that has too little room."""

    what: str
    verb: tuple[str, ...]
    place: Callable[[World], Path]
    """Where the RAM disk lies."""
    extra: Callable[[World], dict[str, str]] = lambda world: {}
    before: tuple[tuple[str, ...], ...] = ()
    """Verbs that prepare the project while there is room."""
    share: int = 1
    """Of the trials: slow ones get fewer."""


def _manifest_is_raised(world: World) -> None:
    path = world.root / "pyproject.toml"
    if path.exists():
        path.write_text(path.read_text().replace("networkx==3.3", "networkx==3.4.2"))


_BASE = (("create", *PACKAGES),)
_SMALL = (("create", "six==1.16.0"),)
ATTACKS = (
    Attack(what="create (uv), project", verb=("create", *PACKAGES), place=lambda world: world.root, share=4),
    Attack(
        what="create (venv), project",
        verb=("create", "--engine", "venv", "six==1.16.0"),
        place=lambda world: world.root,
    ),
    Attack(what="add, project", verb=("add", "networkx==3.3"), place=lambda world: world.root, before=_SMALL, share=4),
    Attack(what="sync, project", verb=("sync",), place=lambda world: world.root, before=_BASE, share=4),
    Attack(what="freeze, project", verb=("freeze", "--force"), place=lambda world: world.root, before=_BASE, share=2),
    Attack(
        what="create, Jupyter's folder",
        verb=("create", "six==1.16.0"),
        place=lambda world: world.home / "jupyter",
        share=2,
    ),
    Attack(
        what="create, mlenv's data without a runtime",
        verb=("create", "six==1.16.0"),
        place=lambda world: world.home / "data",
        extra=lambda world: {"MLENV_DATA_DIR": str(world.home / "data")},
    ),
    Attack(
        what="create, uv's cache",
        verb=("create", "networkx==3.3"),
        place=lambda world: world.home / "uv",
        extra=lambda world: {"UV_CACHE_DIR": str(world.home / "uv")},
        share=2,
    ),
    Attack(
        what="create, temporary folder",
        verb=("create", "--engine", "venv", "six==1.16.0"),
        place=lambda world: world.home / "tmp",
        extra=lambda world: {"TMPDIR": str(world.home / "tmp"), "JUPYTER_RUNTIME_DIR": str(world.home / "tmp" / "r")},
    ),
)


def _attack(run: Run, attack: Attack, trials: int) -> Iterator[Row]:
    """Measure what the verb needs, then run it with less, in bytes and in files."""
    tally = Tally(
        f"{attack.what}: {trials} sizes from 2 % to 98 % of what it needs, a third of them by number of files"
    )
    folder = run.folder / attack.what.replace(" ", "-").replace("'", "").replace(",", "")
    world = run.stage.world(folder)
    world = replace(world, extra=attack.extra(world))
    prepared = folder / "prepared"
    with mounted(attack.place(world)) as disk:
        _prepare(world, attack)
        _keep(world, prepared)
        base = disk.used
        done = world.mlenv(*attack.verb, timeout_s=600)
        if done.code:
            raise RuntimeError(f"{attack.what}: {done.text}")
        need = tuple(max(after - before, 1) for before, after in zip(base, disk.used, strict=True))
    chance = run.random(attack.what)
    for number in range(trials):
        share = (2 + 96 * (number + chance.random()) / trials) / 100
        by_files = number % 3 == 2
        tally_one = _trial(world, attack, prepared, need, share, by_files=by_files)
        tally.add(
            hit=tally_one.hit,
            state=tally_one.state,
            bad=f"{share:.1%}{' of files' * by_files}: {tally_one.bad}" if tally_one.bad else None,
        )
    yield tally.row(f"needs {need[0] / 1e6:.1f} MB, {need[1]} files")


def _prepare(world: World, attack: Attack) -> None:
    for words in attack.before:
        done = world.mlenv(*words)
        if done.code:
            raise RuntimeError(done.text)
    if attack.verb == ("sync",):
        _manifest_is_raised(world)


def _keep(world: World, prepared: Path) -> None:
    prepared.mkdir()
    for part in (world.home, world.root):
        shutil.copytree(part, prepared / part.name, symlinks=True)


def _give(world: World, prepared: Path) -> None:
    """Put home and project back as they were prepared, the RAM disk mounted in one of them."""
    for part in (world.home, world.root):
        subprocess.run(["cp", "-a", f"{prepared / part.name}/.", str(part)], check=True)


@dataclass(frozen=True, kw_only=True)
class Trial:
    hit: bool
    state: str
    bad: str = ""


def _trial(world: World, attack: Attack, prepared: Path, need: Sequence[int], share: float, *, by_files: bool) -> Trial:
    for part in (world.home, world.root):
        for entry in part.iterdir():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    with mounted(attack.place(world)) as disk:
        _give(world, prepared)
        used = disk.used
        before = _state(world)
        if by_files:
            disk.resize(files=used[1] + max(int(need[1] * share), 1))
        else:
            disk.resize(size=str(used[0] + max(int(need[0] * share), 4096) // 4096 * 4096), files=100000)
        done = world.mlenv(*attack.verb, "--json", timeout_s=600)
        faults = _faults(world, attack, done, before)
        disk.resize(files=100000)
        if done.code:
            healed = world.mlenv(*attack.verb, timeout_s=600)
            if healed.code or (attack.verb[0] != "freeze" and world.verdict() != "in-step"):
                faults.append(f"the same command with room again: {healed.text.strip()[-300:]}")
            faults += world.faults()
    return Trial(hit=done.code != 0, state="refused clearly" if done.code else "fitted", bad="; ".join(faults))


def _state(world: World) -> dict[str, str]:
    """Return what must stay: the project's files, the environments, what is shown."""
    files = {path.name: path.read_text() for path in sorted(world.root.glob("*.*")) if path.is_file()}
    envs = world.root / ".mlenv" / "envs"
    names = sorted(path.name for path in envs.iterdir()) if envs.is_dir() else []
    return {**files, "envs": str(names), "link": os.readlink(world.link) if world.link.is_symlink() else ""}


def _faults(world: World, attack: Attack, done: Done, before: dict[str, str]) -> list[str]:
    if done.code == 0:
        return world.faults()
    found = _of_answer(done, attack.place(world))
    after = _state(world)
    # What comes after the switch is outside of the project: the environment is made, the kernel is not.
    made = not attack.place(world).is_relative_to(world.root) and after["link"] not in ("", before["link"])
    if after != before and not made:
        found.append(f"changed: {sorted(name for name in {*after, *before} if after.get(name) != before.get(name))}")
    if after["link"]:
        found += world.faults()
    return found


def _of_answer(done: Done, place: Path) -> list[str]:
    try:
        error = json.loads(done.out)["error"]
    except (ValueError, KeyError):
        return [f"status {done.code}, no answer: {done.text.strip()[-300:]}"]
    text = f"{error['message']} {error['where']}"
    found = (
        [] if done.code == 2 and error["code"] == "no-space" else [f"{done.code}, {error['code']}: {error['message']}"]
    )
    if "Traceback" in done.text:
        found.append("a traceback")
    if not found and str(place) not in text:
        found.append(f"does not say where: {text}")
    if not found and "are free" not in text:
        found.append(f"does not say how much: {text}")
    return found


def _peers(run: Run, trials: int) -> Iterator[Row]:
    """The same sizes under bare uv and pip: how often something is left that looks like an environment."""
    from uv import find_uv_bin

    uv = str(find_uv_bin())
    for name, argv in (
        (
            "`uv venv` + `uv pip install`",
            f"{uv} venv -q --python {run.stage.python} env && {uv} pip install -q -p env --link-mode copy",
        ),
        ("`python -m venv` + `pip install`", f"{run.stage.python} -m venv env && env/bin/pip install -q"),
    ):
        tally = Tally(f"{name}, {trials} sizes", peer=True)
        world = run.stage.world(run.folder / f"peer-{'uv' if 'uv' in name else 'pip'}")
        command = ["sh", "-c", f"{argv} {' '.join(PACKAGES)}"]
        with mounted(world.root) as disk:
            world.run(command)
            need = disk.used[0]
        for number in range(trials):
            share = (2 + 96 * (number + 0.5) / trials) / 100
            with mounted(world.root) as disk:
                disk.resize(size=str(int(need * share) // 4096 * 4096), files=100000)
                done = world.run(command)
                looks = (world.root / "env" / "pyvenv.cfg").exists() and (
                    world.root / "env" / "bin" / "python"
                ).exists()
                tally.add(
                    hit=done.code != 0,
                    state="looks complete" if looks else "nothing",
                    bad="looks complete" if looks and done.code else None,
                )
        yield tally.row()


def _run(run: Run) -> Iterator[Row]:
    whole = sum(attack.share for attack in ATTACKS)
    for attack in ATTACKS:
        yield from _attack(run, attack, max(run.trials * attack.share // whole, 1))
    if run.trials >= 100:
        yield from _peers(run, run.trials // 20)


def _missing() -> str:
    if os.geteuid() != 0:
        return "only root may mount a RAM disk here"
    done = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return "" if done.returncode == 0 else "a RAM disk cannot be mounted here"


CAMPAIGN = Campaign(
    name="disk_full",
    promise="On a full disk a verb ends with one clear error that says where and how much is free; nothing that looks like"
    " an environment is left, the old one is whole, and the same command works once there is room.",
    run=_run,
    full=400,
    sample=9,
    missing=_missing,
)
