"""Times that mean nothing: files of 1970 and 2099, a clock that is wrong, a lock exchanged with size and time kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.stage import Done, World

__all__ = ["CAMPAIGN"]

_YEARS = {1970: 0, 2099: 4_070_908_800}
_NOW = {1970: "1970-01-02 00:00:00", 2099: "2099-01-01 00:00:00"}


def _made(run: Run, name: str) -> World:
    world = run.stage.world(run.folder / name)
    done = world.mlenv("create", "six==1.16.0", "idna==3.6")
    if done.code or world.verdict() != "in-step":
        raise RuntimeError(done.text)
    return world


def _date(folder: Path, seconds: int) -> int:
    """Give every file and folder one time; return how many."""
    count = 0
    for base, folders, files in os.walk(folder):
        for name in (*folders, *files, "."):
            os.utime(Path(base, name), (seconds, seconds), follow_symlinks=False)
            count += 1
    return count


def _truth(world: World) -> str:
    """Return the verdict of a check that has no cache."""
    empty = world.folder / "no-cache"
    shutil.rmtree(empty, ignore_errors=True)
    return replace(world, extra={**world.extra, "MLENV_CACHE_DIR": str(empty)}).verdict()


def _expect(done: Done, what: str) -> list[str]:
    return [f"{what}: status {done.code}: {done.text.strip()[-200:]}"] if done.code else []


def _worked(world: World, before: Sequence[str]) -> list[str]:
    """Check, change, check, undo; return what went wrong."""
    faults = []
    for words in (("check",), ("add", "humanize==4.9.0"), ("check",), ("undo",), ("sync",)):
        faults += _expect(world.mlenv(*words, before=before), " ".join(words))
    verdict = world.verdict()
    return [*faults, *world.faults(), *([] if verdict == "in-step" else [f"verdict {verdict}"])]


def _years(run: Run, trials: int, label: str) -> list[int]:
    """Return the years to try: a sample has one of them."""
    return list(_YEARS) if trials > 1 else [run.random(label).choice(list(_YEARS))]


def _dates(run: Run, trials: int) -> Iterator[Row]:
    """Every file has one time, far away; an edit of the lock that keeps this time is seen all the same."""
    for year in _years(run, trials, "dates"):
        seconds = _YEARS[year]
        tally = Tally(f"every file of project, environment and caches of {year}: check, add, undo, an edit of the lock")
        world = _made(run, f"files-{year}")
        for _ in range(trials):
            count = sum(_date(folder, seconds) for folder in (world.root, world.home))
            faults = _worked(world, ())
            _date(world.root, seconds)
            world.mlenv("check")
            faults += _exchange(world, _in_place)[1]
            tally.add(hit=count > 50, state="bad" if faults else "right", bad="; ".join(faults) or None)
        yield tally.row()


def _clock(run: Run, trials: int) -> Iterator[Row]:
    """The clock is far away for one run, and right for the next."""
    if shutil.which("faketime") is None:
        return
    for year in _years(run, trials, "clock"):
        text = _NOW[year]
        tally = Tally(f"the clock says {year}: check, add, undo; then it is right again")
        world = _made(run, f"clock-{year}")
        for _ in range(trials):
            before = ("env", "NO_FAKE_STAT=1", "faketime", text)
            shown = world.run(["date", "+%Y"], before=before).out.strip()
            faults = [*_worked(world, before), *_expect(world.mlenv("check"), "check with the right clock")]
            tally.add(hit=shown == str(year), state="bad" if faults else "right", bad="; ".join(faults) or None)
        yield tally.row()


def _in_place(path: Path, content: bytes) -> None:
    seen = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _renamed_over(path: Path, content: bytes) -> None:
    seen, other = path.stat(), path.with_name("other")
    other.write_bytes(content)
    os.utime(other, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    other.replace(path)


def _unpacked(path: Path, content: bytes) -> None:
    """As tar does it: removed, made anew (ext4 gives the free inode again), the archive's time set."""
    seen = path.stat()
    path.unlink()
    path.write_bytes(content)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _copied(path: Path, content: bytes) -> None:
    """As ``cp -p``."""
    seen, other = path.stat(), path.with_name("other")
    other.write_bytes(content)
    os.utime(other, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    subprocess.run(["cp", "-p", str(other), str(path)], check=True)
    other.unlink()


_WAYS: tuple[tuple[str, Callable[[Path, bytes], None]], ...] = (
    ("written in place, time restored", _in_place),
    ("another file renamed over it, of the same time", _renamed_over),
    ("removed and unpacked again, of the same time", _unpacked),
    ("cp -p over it, of the same time", _copied),
)


def _exchange(world: World, way: Callable[[Path, bytes], None]) -> tuple[bool, list[str]]:
    """Exchange the lock for one of the same size that names another version, and back; a check after each."""
    path = world.root / "pylock.toml"
    kept = path.read_bytes()
    other = kept.replace(b"3.6", b"3.7")
    faults, seen = [], path.stat()
    for content, name in ((other, "exchanged"), (kept, "put back")):
        way(path, content)
        told, true = world.verdict(), _truth(world)
        if told != true:
            faults.append(f"{name}: check says {told}, without a cache {true}")
        if (true == "in-step") != (content == kept):
            faults.append(f"{name}: even without a cache the verdict is {true}")
    now = path.stat()
    same = (seen.st_size, seen.st_mtime_ns) == (now.st_size, now.st_mtime_ns)
    return other != kept and same, faults


def _exchanged(run: Run, trials: int) -> Iterator[Row]:
    world = _made(run, "exchanged")
    for what, way in _WAYS:
        tally = Tally(f"a lock of the same size: {what}")
        for _ in range(trials):
            cached = list((world.home / "mlenv-cache" / "selections").glob("*.json"))
            hit, faults = _exchange(world, way)
            hit = hit and len(cached) == 1 and bool(json.loads(cached[0].read_text()))
            tally.add(hit=hit, state="bad" if faults else "right", bad="; ".join(faults) or None)
        yield tally.row()


def _run(run: Run) -> Iterator[Row]:
    each = max(run.trials // 8, 1)  # 8 rows
    yield from _exchanged(run, each)
    yield from _dates(run, each)
    yield from _clock(run, each)


CAMPAIGN = Campaign(
    name="clocks",
    promise="A verdict never rests on a file's time alone: files of any year, a wrong clock and a lock exchanged with"
    " size and time kept give the verdict that there would be without a cache.",
    run=_run,
    full=80,
    sample=6,
)
