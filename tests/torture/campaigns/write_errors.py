"""A call of mlenv's own process that changes files fails, one by one: a broken disk, a quota, no room, read only."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import PACKAGES, Done, World

__all__ = ["CAMPAIGN"]

_CALLS = (
    "write",
    "rename",
    "renameat",
    "renameat2",
    "fsync",
    "mkdir",
    "mkdirat",
    "openat",
    "symlink",
    "symlinkat",
    "ftruncate",
    "chmod",
    "fchmod",
)
_ERRORS = ("EIO", "EDQUOT", "ENOSPC", "EROFS")
_CLEAR = {
    "EIO": ("not-writable", "jupyter-not-writable", "links-unsupported", "file-unreadable", "environment-broken"),
    "EROFS": ("not-writable", "jupyter-not-writable", "links-unsupported"),
    "EDQUOT": ("no-space", "links-unsupported"),
    "ENOSPC": ("no-space", "links-unsupported"),
}
_LINE = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)$")
_OPENED_TO_WRITE = re.compile(r"O_(?:WRONLY|RDWR|CREAT)")


@dataclass(frozen=True, kw_only=True)
class Point:
    """The n-th call of a kind by mlenv's own process, which touches a file of project, data or Jupyter."""

    call: str
    number: int
    path: str


def _traced(world: World, words: Sequence[str], log: Path) -> Done:
    """Run a verb under strace; programs that it starts are not followed: their faults are theirs."""
    calls = ",".join(f"?{call}" for call in _CALLS)
    before = ("strace", "-y", "-s", "0", "-e", f"trace={calls}", "-o", str(log))
    return world.run(_argv(words), before=before, timeout_s=300)


def _argv(words: Sequence[str]) -> list[str]:
    # No byte-code is written: what a first run compiles would move the numbers of the second.
    return [sys.executable, "-B", "-m", "mlenv", *words, "--json"]


def _points(log: Path, places: Sequence[Path]) -> list[Point]:
    """Return the calls that change something below the places."""
    counts: dict[str, int] = {}
    found = []
    for line in log.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        call, rest = match[1], match[2]
        counts[call] = counts.get(call, 0) + 1
        rest = rest.replace("AT_FDCWD<", "AT_FDCWD ")  # the folder to work in is no file that is changed
        if call == "openat" and not _OPENED_TO_WRITE.search(rest):
            continue
        path = next(
            (
                part
                for part in re.findall(r'[<"](/[^>"]*)[>"]', rest)
                if any(part.startswith(str(place)) for place in places)
            ),
            "",
        )
        if path:
            found.append(Point(call=call, number=counts[call], path=path))
    return found


_VERBS: tuple[tuple[str, tuple[tuple[str, ...], ...], tuple[str, ...]], ...] = (
    ("create", (), ("create", "six==1.16.0", "idna==3.6")),
    ("add", (("create", "six==1.16.0"),), ("add", "idna==3.6")),
    ("sync", (("create", *PACKAGES),), ("sync",)),
    ("freeze", (("create", "six==1.16.0"),), ("freeze", "--force")),
    ("undo", (("create", "six==1.16.0"), ("add", "idna==3.6")), ("undo",)),
)


def _prepare(run: Run, name: str, before: Sequence[Sequence[str]]) -> World:
    world = run.stage.world(run.folder / name)
    for words in before:
        done = world.mlenv(*words)
        if done.code:
            raise RuntimeError(done.text)
    _own(world)
    if name == "sync":
        manifest = world.root / "pyproject.toml"
        manifest.write_text(manifest.read_text().replace("idna==3.6", "idna==3.7"))
    return world


def _own(world: World) -> None:
    """Make the user's files as particular as users make them: a mode of their own, a link for the lock."""
    if (world.root / "pyproject.toml").exists():
        (world.root / "pyproject.toml").chmod(0o640)
        elsewhere = world.root / "locks"
        elsewhere.mkdir()
        os.replace(world.root / "pylock.toml", elsewhere / "pylock.toml")
        (world.root / "pylock.toml").symlink_to("locks/pylock.toml")


def _attack(run: Run, name: str, before: Sequence[Sequence[str]], verb: Sequence[str], trials: int) -> Iterator[Row]:
    world = _prepare(run, name, before)
    prepared = run.folder / f"{name}-prepared"
    shutil.copytree(world.folder, prepared, symlinks=True)
    log = run.folder / f"{name}.log"
    done = _traced(world, verb, log)
    if done.code:
        raise RuntimeError(done.text)
    points = _points(log, (world.root, world.home))
    chance = run.random(name)
    pairs = [(point, error) for point in points for error in _ERRORS]
    chosen = pairs if len(pairs) <= trials else chance.sample(pairs, trials)
    tally = Tally(f"{name}: {len(chosen)} of {len(pairs)} failing calls ({len(points)} calls, 4 errors)")
    for point, error in chosen:
        hit, state, bad = _trial(world, prepared, verb, point, error)
        story = (
            f"{point.call} {point.number} of {Path(point.path).relative_to(world.folder)}: {error}: {bad}"
            if bad
            else None
        )
        tally.add(hit=hit, state=state, bad=story)
    yield tally.row()


def _trial(world: World, prepared: Path, verb: Sequence[str], point: Point, error: str) -> tuple[bool, str, str]:
    shutil.rmtree(world.folder)
    shutil.copytree(prepared, world.folder, symlinks=True)
    before = _state(world)
    log = world.folder.with_suffix(".trial")
    inject = f"inject={point.call}:error={error}:when={point.number}"
    strace = ("strace", "-y", "-s", "0", "-o", str(log), "-e", f"trace={point.call}", "-e", inject)
    done = world.run(_argv(verb), before=strace, timeout_s=300)
    hit = _met(log, point)
    after = _state(world)
    found = world.faults() + _of_files(world)
    if done.code == 0:
        state = "done all the same"
    else:
        state = "refused" if after == before else "made, then refused"
        found += _of_answer(done, error)
        if after != before and after["link"] == before["link"]:
            found.append(
                f"changed: {sorted(name for name in {*after, *before} if after.get(name) != before.get(name))}"
            )
    healed = world.mlenv(*verb)
    if healed.code and not (verb[0] == "undo" and "no earlier state" in healed.text):
        found.append(f"the same command again: {healed.text.strip()[-200:]}")
    return (True, state, "; ".join(found)) if hit else (False, "not reached", "")


def _met(log: Path, point: Point) -> bool:
    """Whether the call that failed is of the same folder: a number that moved has reached something else."""
    failed = next((line for line in log.read_text(errors="replace").splitlines() if "(INJECTED)" in line), "")
    # Names by chance end here: generations, scratch folders, kernels that are staged.
    folder = re.split(r"/(?:envs|work|backups|live)/|/\.mlenv-kernel-", f"{os.path.dirname(point.path)}/")[0]
    return folder.rstrip("/") in failed.replace("AT_FDCWD<", "AT_FDCWD ")


def _state(world: World) -> dict[str, str]:
    files = {path.name: path.read_text() for path in sorted(world.root.glob("*.*")) if path.is_file()}
    return {**files, "link": os.readlink(world.link) if world.link.is_symlink() else ""}


def _of_files(world: World) -> list[str]:
    """Return what is no longer as the user made it."""
    found = []
    manifest, lock = world.root / "pyproject.toml", world.root / "pylock.toml"
    if (world.root / "locks").is_dir():
        if manifest.stat().st_mode & 0o777 != 0o640:
            found.append(f"pyproject.toml has mode {manifest.stat().st_mode:o}")
        if not lock.is_symlink():
            found.append("pylock.toml is no link any more")
    return found


def _of_answer(done: Done, error: str) -> list[str]:
    try:
        answer = json.loads(done.out)["error"]
    except (ValueError, KeyError):
        return [f"status {done.code}, no answer: {done.text.strip()[-300:]}"]
    clear = done.code == 2 and answer["code"] in _CLEAR[error] and "Traceback" not in done.text
    return [] if clear else [f"{done.code} {answer['code']}: {answer['message']}"]


def _run(run: Run) -> Iterator[Row]:
    for name, before, verb in _VERBS:
        yield from _attack(run, name, before, verb, max(run.trials // len(_VERBS), 1))


def _missing() -> str:
    if not shutil.which("strace"):
        return "strace is not here"
    done = subprocess.run(["strace", "-o", os.devnull, "-e", "inject=fsync:error=EIO", "true"], capture_output=True)
    return "" if done.returncode == 0 else "strace may not change calls here"


CAMPAIGN = Campaign(
    name="write_errors",
    promise="Whichever write, rename or sync of mlenv fails (broken disk, quota, no room, read only): one clear error, no"
    " file cut short, the user's files with their mode and links, and the same command works afterwards.",
    run=_run,
    full=2_000,
    sample=5,
    missing=_missing,
)
