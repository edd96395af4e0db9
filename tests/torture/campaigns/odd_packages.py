"""T12, T15: packages that plant, lie and reach outside: never run by a look, never a file outside, told by ``doctor``."""

from __future__ import annotations

import os
import re
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.handmade import make_wheel, record_row
from torture.index import Index, serving
from torture.stage import World

LOOKS = (("check",), ("check", "--deep"), ("list",), ("freeze", "--show"), ("kernels",), ("show", "odd"), ("lock",))
"""Verbs that look only: nothing of a package may run in them."""
INFO = "odd-1.0.dist-info"


@dataclass(frozen=True, kw_only=True)
class Odd:
    """One package: how it is made, and what ``doctor`` must say where an engine installs it."""

    what: str
    make: Callable[[Path, Path, Path], Path]
    """(folder for the wheel, folder outside, file that its code writes when it runs) -> the wheel."""
    told: str = ""
    row: str = ""
    """What the installed ``RECORD`` must hold for that: uv writes it anew, from the files that it really placed."""


def _plain(files: Callable[[Path, Path], dict[str, str]], **options: object) -> Callable[[Path, Path, Path], Path]:
    def make(folder: Path, outside: Path, canary: Path) -> Path:
        return make_wheel(folder, "odd", "1.0", {"odd.py": "", **files(outside, canary)}, **options)  # type: ignore[arg-type]

    return make


def _writes(canary: Path) -> str:
    return f"import os; open({str(canary)!r}, 'a').write('x')\n"


def _rows(*odd: str) -> Callable[[Path, Path, Path], Path]:
    """A wheel whose ``RECORD`` has rows of its own choice; ``{outside}`` is a folder outside the environment."""

    def make(folder: Path, outside: Path, canary: Path) -> Path:
        honest = [record_row("odd.py", b"")]
        up = os.path.relpath(outside, "/")
        rows = [row.replace("{outside}", str(outside)).replace("{up}", "../" * 30 + up) for row in odd]
        return make_wheel(folder, "odd", "1.0", {"odd.py": ""}, record=[*honest, *rows])

    return make


def _linked(folder: Path, outside: Path, canary: Path) -> Path:
    """A wheel with a symbolic link to the folder outside, and a file that would be written through it."""
    path = make_wheel(folder, "odd", "1.0", {"odd.py": ""})
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("oddlink")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(outside))
        archive.writestr("oddlink/pwned", "x")
    return path


def _entry(name: str, group: str = "console_scripts") -> str:
    return f"[{group}]\n{name} = odd:main\n"


_OUT = "../" * 30
ODD = (
    Odd(
        what="a .pth that imports",
        make=_plain(lambda o, c: {"odd.pth": _writes(c)}),
        told=r"odd\.pth of odd runs code at every start",
    ),
    Odd(what="sitecustomize", make=_plain(lambda o, c: {"sitecustomize.py": _writes(c)}), told=r"sitecustomize\.py of odd"),
    Odd(what="usercustomize", make=_plain(lambda o, c: {"usercustomize.py": _writes(c)}), told=r"usercustomize\.py of odd"),
    Odd(what="RECORD: an absolute row", make=_rows("{outside}/precious,sha256=x,1"), told="odd lists files outside", row="precious"),
    Odd(what="RECORD: a row that climbs", make=_rows("{up}/precious,,"), told="odd lists files outside", row="precious"),
    Odd(what="RECORD: another package's file", make=_rows("steady.py,,", "steady-1.0.dist-info/METADATA,,"), told="another package", row="steady"),
    Odd(what="RECORD: a folder, no hash, twice", make=_rows("odd/,,", "odd.py,,", "odd.py,,", ",,", "\x00,,")),
    Odd(what="zip slip", make=_plain(lambda o, c: {f"{_OUT}{o.relative_to('/')}/pwned": "x"})),
    Odd(what="an absolute name in the archive", make=_plain(lambda o, c: {f"{o}/pwned": "x"})),
    Odd(what="data files that climb", make=_plain(lambda o, c: {f"odd-1.0.data/data/{_OUT}{o.relative_to('/')}/pwned": "x"})),
    Odd(what="scripts that climb", make=_plain(lambda o, c: {f"odd-1.0.data/scripts/{_OUT}{o.relative_to('/')}/pwned": "x"})),
    Odd(what="a link that leads out", make=_linked),
    Odd(
        what="a kernelspec",
        make=_plain(lambda o, c: {"odd-1.0.data/data/share/jupyter/kernels/python3/kernel.json": "{}"}),
        told="odd brings a kernel",
    ),
    Odd(
        what="settings of a server",
        make=_plain(lambda o, c: {"odd-1.0.data/data/etc/jupyter/jupyter_server_config.d/odd.json": "{}"}),
        told="odd brings settings of a Jupyter server",
    ),
    Odd(
        what="an extension of the lab",
        make=_plain(lambda o, c: {"odd-1.0.data/data/share/jupyter/labextensions/odd/package.json": "{}"}),
        told="odd brings an extension of JupyterLab",
    ),
    Odd(what="an entry point that climbs", make=_plain(lambda o, c: {}, entry_points=_entry(_OUT + "tmp/odd-pwned"))),
    Odd(what="an entry point with an absolute name", make=_plain(lambda o, c: {}, entry_points=_entry("/tmp/odd-pwned"))),
    Odd(what="an entry point named python", make=_plain(lambda o, c: {"odd.py": "def main(): " + _writes(c)}, entry_points=_entry("python"))),
    Odd(what="a script named python3", make=_plain(lambda o, c: {"odd-1.0.data/scripts/python3": "#!/bin/sh\necho x >> " + str(c) + "\n"})),
    Odd(what="a script named pip", make=_plain(lambda o, c: {"odd-1.0.data/scripts/pip": "#!/bin/sh\n"}), told="name of a well-known one"),
    Odd(what="a module named like Python's own", make=_plain(lambda o, c: {"random.py": _writes(c), "json/__init__.py": _writes(c)})),
    Odd(what="metadata of another name", make=_plain(lambda o, c: {}, metadata=("steady", "1.0"))),
    Odd(what="metadata of another version", make=_plain(lambda o, c: {}, metadata=("odd", "9.9"))),
    Odd(what="names that differ in case", make=_plain(lambda o, c: {"odd_x/A.py": "", "odd_x/a.py": ""}), told="differ only in case"),
    Odd(what="names in two forms of Unicode", make=_plain(lambda o, c: {"odd_x/\u00e9.py": "", "odd_x/e\u0301.py": ""})),
    Odd(what="a ready marker of its own", make=_plain(lambda o, c: {"odd-1.0.data/data/mlenv-ready.json": "{}"})),
)  # fmt: skip


def _outside(outside: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in outside.rglob("*") if path.is_file()}


def _trial(world: World, odd: Odd, outside: Path, canary: Path) -> tuple[str, str]:
    """Install, look, mend, remove, undo, delete; return the state that was met, and what broke."""
    before = _outside(outside)
    added = world.mlenv("add", "odd")
    if "Traceback" in added.text:
        return "traceback", f"a traceback: {added.text[-300:]}"
    if _outside(outside) != before or list(Path("/tmp").glob("odd-pwned*")):
        return "outside", f"add touched files outside: {sorted(_outside(outside))}"
    if added.code:
        good = 1 <= len(added.err.strip().splitlines()) <= 5 and "odd" in added.err
        return "refused", "" if good else f"not a clear refusal: {added.err[:400]!r}"
    canary.unlink(missing_ok=True)
    for words in LOOKS:
        done = world.mlenv(*words)
        if canary.exists():
            return "ran", f"{' '.join(words)} ran the package's code"
        if "Traceback" in done.text or (done.code == 2 and words[0] not in {"freeze", "lock"}):
            return "failed", f"{words}: {done.text[-300:]!r}"
    told = world.mlenv("doctor").text
    record = next(world.link.glob(f"lib/python3*/site-packages/{INFO}/RECORD"), None)
    due = odd.told and (not odd.row or (record is not None and odd.row in record.read_text()))
    if due and not re.search(odd.told, told):
        return "untold", f"doctor says nothing of it: {told[-600:]!r}"
    for words in (("sync",), ("remove", "odd"), ("undo",), ("delete", "--yes", "--force")):
        done = world.mlenv(*words)
        if "Traceback" in done.text:
            return "traceback", f"{words}: {done.text[-300:]}"
        if _outside(outside) != before:
            return "outside", f"{words} touched files outside: {sorted(_outside(outside))}"
    return "installed", ""


def campaign(run: Run) -> Iterable[Row]:
    """Put every package (or a throw of them) into a project of its own, with each engine."""
    plan = [(engine, odd) for engine in ("uv", "venv") for odd in ODD]
    if run.trials < len(plan):
        plan = [("uv", odd) for odd in run.random("odd").sample(ODD, min(run.trials, len(ODD)))]
    for engine in dict.fromkeys(engine for engine, _ in plan):
        tally = Tally(f"odd packages, {engine}")
        for number, (_, odd) in enumerate(row for row in plan if row[0] == engine):
            folder = run.folder / f"{engine}-{number}"
            packages, outside, canary = folder / "packages", folder / "outside", folder / "ran"
            outside.mkdir(parents=True)
            (outside / "precious").write_text("kept")
            make_wheel(packages, "steady", "1.0", {"steady.py": ""})
            odd.make(packages, outside, canary)
            pip = next(run.stage.wheels.glob("pip-*.whl"))
            shutil.copy(pip, packages / pip.name)
            with serving(packages) as index:
                world = _world(run, index, folder, engine)
                state, why = _trial(world, odd, outside, canary)
            tally.add(hit=True, state=state, bad=f"{odd.what}: {why}" if why else None)
        yield tally.row()


def _world(run: Run, index: Index, folder: Path, engine: str) -> World:
    extra = {"UV_DEFAULT_INDEX": index.url, "PIP_INDEX_URL": index.url, "UV_CACHE_DIR": str(folder / "cache")}
    extra |= {"PIP_CACHE_DIR": str(folder / "pip-cache")} | ({"MLENV_UV": ""} if engine == "venv" else {})
    world = replace(run.stage.world(folder), extra=extra)
    made = world.mlenv("create", "steady")
    assert made.code == 0, made.text
    return world


CAMPAIGN = Campaign(
    name="odd_packages",
    promise="A package's code never runs because somebody looked, no file outside the environment is written or "
    "deleted, and doctor tells what packages planted.",
    run=campaign,
    full=2 * len(ODD),
    sample=2,
)
