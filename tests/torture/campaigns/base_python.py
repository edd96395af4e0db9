"""The base Python moved away, replaced, torn or hanging: said rightly and in time, and mended by one command."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from live_kernel import LiveKernel
from torture.campaign import Campaign, Row, Run, Tally
from torture.kernels import kernel_of, spec_ids, verdict_in
from torture.stage import World

LIMIT_S = 30.0
"""How long any of it may take; an interpreter that hangs is given up after 10 s by each program that needs it."""
_LOADER = "error while loading shared libraries: libpython3.so.1.0: cannot open shared object file"


def _script(text: str) -> Callable[[Path], None]:
    def write(python: Path) -> None:
        python.unlink()
        python.write_text(f"#!/bin/sh\n{text}\n")
        python.chmod(0o755)

    return write


def _file(text: str, mode: int) -> Callable[[Path], None]:
    def write(python: Path) -> None:
        python.unlink()
        python.write_text(text)
        python.chmod(mode)

    return write


def _moved(python: Path) -> None:
    python.parent.parent.rename(python.parent.parent.with_name("elsewhere"))


def _dangling(python: Path) -> None:
    python.unlink()
    python.symlink_to("/nowhere/python3")


def _folder(python: Path) -> None:
    python.unlink()
    python.mkdir()


def _another_minor(python: Path) -> None:
    python.unlink()
    python.symlink_to(_other_python())


def _nothing(python: Path) -> None:
    """The other patch release is pretended in pyvenv.cfg, see :func:`_pretend_patch`."""


@dataclass(frozen=True)
class Fate:
    """What happens to the base Python, and what has to be said of it."""

    strike: Callable[[Path], None]
    verdict: str
    said: str
    """Pattern in what ``check`` says."""
    doctor: str
    """Pattern in what ``doctor`` says of the kernel."""
    by_files: bool = True
    """Whether files alone tell it, so that a kernel that lives on tells it, too."""


FATES = {
    "moved away": Fate(_moved, "broken", "Python is gone", "is gone"),
    "a dangling link": Fate(_dangling, "broken", "Python is gone", "is gone"),
    "a folder in its place": Fate(_folder, "broken", "not an executable file", "is gone"),
    "not executable": Fate(_file("x", 0o644), "broken", "not an executable file", "may not be executed|no execute"),
    "an empty file": Fate(_file("", 0o755), "broken", "does not work", "no program", False),
    "a missing shared library": Fate(
        _script(f"echo '{_LOADER}' >&2; exit 127"), "broken", "libpython3.so", "libpython3.so", False
    ),
    "exits with status 1": Fate(_script("exit 1"), "broken", "ended with status 1", "exits with status 1", False),
    "prints rubbish": Fate(_script("echo rubbish"), "broken", "answers something else", "rubbish", False),
    "hangs": Fate(_script("sleep 600"), "broken", "does not answer", "no answer within", False),
    "another minor version": Fate(_another_minor, "broken", "Base Python changed 3.* → 3.*remake from lock", "Python"),
    "another patch release": Fate(_nothing, "in-step", "in-step", "starts with"),
}


def campaign(run: Run) -> Iterator[Row]:
    names = [name for name in sorted(FATES) if name != "another minor version" or _other_python()]
    run.random("fates").shuffle(names)
    tallies: dict[str, Tally] = {}
    worst = 0.0
    for number in range(run.trials):
        name, engine = names[number % len(names)], ("uv", "venv")[number // len(names) % 2]
        tally = tallies.setdefault(name, Tally(f"base Python: {name}"))
        faults, seconds = _trial(run.stage.world(run.folder / str(number)), name, engine)
        worst = max(worst, seconds)
        label = f"trial {number} ({engine})"
        tally.add(hit=True, state="said and mended", bad=f"{label}: {'; '.join(faults)}" if faults else None)
    for number, tally in enumerate(tallies.values()):
        yield tally.row(f"slowest answer of all {worst:.1f} s" if number == 0 else "")


def _trial(world: World, name: str, engine: str) -> tuple[list[str], float]:
    """Make a project on a base of its own, strike, ask everybody, mend; faults, and the slowest answer in seconds."""
    fate, python = FATES[name], world.folder / "base" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(os.path.realpath(sys.executable))
    made = world.mlenv("create", "six==1.16.0", "--python", str(python), "--engine", engine)
    assert made.code == 0, made.text
    link = world.link / "bin" / "python"
    if os.readlink(link) != str(python):  # engines follow links as far as they like
        link.unlink()
        link.symlink_to(python)
    kernel_id = next(iter(spec_ids(world)))
    faults: list[str] = []
    if world.verdict() != "in-step":
        faults.append(f"before anything happened: {world.verdict()}")
    with kernel_of(world) as kernel:
        kernel.run("import six")
        fate.strike(python)
        if name == "another patch release":
            _pretend_patch(world)
        slowest = _ask(world, fate, kernel_id, faults)
        faults += _in_kernel(kernel, fate)
        slowest = max(slowest, _mend(world, kernel, kernel_id, faults))
    return faults, slowest


def _pretend_patch(world: World) -> None:
    """Let the environment say that it was made with another patch release of its Python."""
    cfg = world.link / "pyvenv.cfg"
    cfg.write_text(re.sub(r"(version\w* = 3\.\d+)\.\d+", r"\1.99", cfg.read_text()))


def _ask(world: World, fate: Fate, kernel_id: str, faults: list[str]) -> float:
    slowest = 0.0
    for words, pattern in (
        (("check",), fate.said),
        (("doctor", kernel_id), fate.doctor),
        (("kernels", "list"), kernel_id),
    ):
        done = world.mlenv(*words)
        slowest = max(slowest, done.seconds)
        if not re.search(pattern, done.text, re.DOTALL) or "Traceback" in done.text or done.seconds > LIMIT_S:
            faults.append(f"{' '.join(words)} ({done.seconds:.1f} s) says: {done.text[-300:]}")
    return slowest


def _in_kernel(kernel: LiveKernel, fate: Fate) -> list[str]:
    """The kernel that ran before goes on; where files tell what happened, it says so."""
    done = kernel.run("1 + 1")
    faults = [] if done.text.strip().endswith("2") else [f"the kernel: {done.text[:200]}"]
    if fate.by_files and (told := verdict_in(kernel)) != fate.verdict:
        faults.append(f"the kernel says {told}")
    return faults


def _mend(world: World, kernel: LiveKernel, kernel_id: str, faults: list[str]) -> float:
    """``mlenv create`` makes it whole with the same kernel, which then starts."""
    done = world.mlenv("create")
    if done.code != 0 or world.verdict() != "in-step":
        faults.append(f"create does not mend it: {done.text[-300:]}")
        return done.seconds
    if list(spec_ids(world)) != [kernel_id]:
        faults.append(f"the kernel was {kernel_id} and is {list(spec_ids(world))}")
    with kernel_of(world) as fresh:
        if fresh.run("import six").status != "ok" or verdict_in(fresh) != "in-step":
            faults.append(f"the kernel after the mend: {verdict_in(fresh)}")
    return done.seconds


def _other_python() -> str:
    """Return a Python of another minor version, of 3.9 or later; nothing where there is none here."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    roots = [Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"]
    found = [str(path) for root in roots for path in sorted(root.glob("3.*/bin/python3.*")) if _is_minor(path)]
    found += [path for minor in range(9, 15) if (path := shutil.which(f"python3.{minor}")) and "shims" not in path]
    fitting = (path for path in found if not path.endswith(f"python{own}") and _is_minor(Path(path)))
    return next((os.path.realpath(path) for path in fitting), "")


def _is_minor(path: Path) -> bool:
    match = re.fullmatch(r"python3\.(\d+)", path.name)
    return match is not None and int(match[1]) >= 9


CAMPAIGN = Campaign(
    name="base_python",
    promise=(
        "A base Python that is moved, replaced, torn or hangs is explained rightly and in bounded time, "
        "and one command makes the environment anew with the same kernel."
    ),
    run=campaign,
    full=22,
    sample=2,
)
