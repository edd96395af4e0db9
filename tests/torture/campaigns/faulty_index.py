"""P13, S18: an index that lies, breaks or is silent never gets a wrong file installed, and never holds a verb up."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.handmade import make_wheel
from torture.index import Index, serving
from torture.index_faults import PAGE, IndexFault, faults
from torture.stage import Done, World

ENGINES = ("uv", "venv")
VERBS = {
    "create": ("create",),
    "add": ("add", "victim"),
    "sync": ("sync", "--frozen"),
}
"""Verb -> its words; ``create`` and ``sync`` have a lock with hashes, ``add`` resolves."""
LONGEST_S = 100.0
"""What any trial may take: uv's and pip's own retries included."""
MANIFEST = (
    '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["steady", "victim=={}"]\n'
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """One project that is attacked again and again: a trial that failed must have left it as it was."""

    engine: str
    verb: str
    world: World
    lock: Mapping[str, str]
    """Manifest and lock for which the environment is to be made; empty for ``add``."""

    def attack(self, cache: Path, *, patient: bool) -> Done:
        """Run the verb with caches of its own, so that the fault is met.

        uv waits 30 s and tries four times by itself; an impatient trial saves that time, the promise is the same.
        """
        fresh = {"UV_CACHE_DIR": str(cache / "uv"), "PIP_CACHE_DIR": str(cache / "pip")}
        hurry = {} if patient else {"UV_HTTP_TIMEOUT": "4", "UV_HTTP_RETRIES": "1"}
        world = replace(self.world, extra={**self.world.extra, **fresh, **hurry})
        words = VERBS[self.verb]
        return world.mlenv(*words, *(("--engine", self.engine) if self.verb == "create" else ()), timeout_s=LONGEST_S)

    def restore(self) -> None:
        """Go back to where the trial began, after one that went through."""
        if self.verb == "create":
            self.world.link.unlink(missing_ok=True)
            shutil.rmtree(self.world.root / ".mlenv", ignore_errors=True)
        else:
            done = self.world.mlenv("undo")
            assert done.code == 0, done.text
        for name, text in self.lock.items():
            (self.world.root / name).write_text(text)

    def state(self) -> dict[str, str]:
        """Return the project's files, and what ``.venv`` shows; of the private folder only the environments' names."""
        root = self.world.root
        found = _contents(root, skip=(".mlenv", ".venv"))
        if self.world.link.is_symlink():
            found[".venv"] = os.readlink(self.world.link)
            found.update({f".venv/{name}": text for name, text in _contents(self.world.link.resolve()).items()})
        envs = root / ".mlenv" / "envs"
        found["environments"] = ",".join(sorted(path.name for path in envs.iterdir())) if envs.is_dir() else ""
        return found


def _contents(folder: Path, skip: tuple[str, ...] = ()) -> dict[str, str]:
    found = {}
    for base, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in (*skip, "__pycache__")]
        for name in files:
            path = Path(base, name)
            if name not in skip and not path.is_symlink():
                found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _module(seed: str) -> str:
    """Return a module that does not compress, so that a cut falls into it."""
    dice = random.Random(seed)
    return f"NAME = {seed!r}\nDATA = {dice.randbytes(60_000).hex()!r}\n"


def _make_packages(run: Run, folder: Path) -> None:
    make_wheel(folder, "steady", "1.0", {"steady.py": "NAME = 'steady'\n"})
    for version in ("1.0", "2.0"):
        make_wheel(folder, "victim", version, {"victim/__init__.py": "", "victim/data.py": _module(version)})
    pip = next(run.stage.wheels.glob("pip-*.whl"))
    shutil.copy(pip, folder / pip.name)


def _page_rows(index: Index, scratch: Path) -> dict[str, str]:
    """Put files that lie behind addresses that no honest page names; return the lines that name them."""
    honest = "victim-2.0-py3-none-any.whl"
    lies = {
        "other": make_wheel(scratch / "other", "victim", "2.0", {"victim/__init__.py": "EVIL = 1\n"}),
        "lying-name": make_wheel(scratch / "n", "victim", "2.0", {"victim.py": ""}, metadata=("steady", "2.0")),
        "lying-version": make_wheel(scratch / "v", "victim", "2.0", {"victim.py": ""}, metadata=("victim", "9.0")),
        "foreign": make_wheel(scratch / "f", "steady", "2.0", {"steady.py": "EVIL = 1\n"}, file_name=honest),
    }
    good = (index.wheels / honest).read_bytes()
    digest = hashlib.sha256(good).hexdigest()
    rows = {
        "good": f'<a href="/files/{honest}#sha256={digest}">{honest}</a>',
        "gone": f'<a href="/files/victim-3.0-py3-none-any.whl#sha256={digest}">victim-3.0-py3-none-any.whl</a>',
        "wrong-hash": f'<a href="/files/{honest}#sha256={"0" * 64}">{honest}</a>',
        "yanked": f'<a href="/files/{honest}#sha256={digest}" data-yanked="bad">{honest}</a>',
    }
    for name, path in lies.items():
        body = path.read_bytes()
        address = f"/lies/{name}/{honest}"
        index.extra[address] = body
        rows[name] = f'<a href="{address}#sha256={hashlib.sha256(body).hexdigest()}">{honest}</a>'
    return rows


@contextmanager
def _prepared(
    run: Run, wanted: Iterable[tuple[str, str]]
) -> Iterator[tuple[Index, list[Site], tuple[IndexFault, ...]]]:
    packages, secret = run.folder / "packages", run.folder / "secret.whl"
    _make_packages(run, packages)
    secret.write_bytes((packages / "steady-1.0-py3-none-any.whl").read_bytes())
    with serving(packages) as index:
        rows = _page_rows(index, run.folder / "lies")
        sites = [_site(run, index, engine, verb) for engine, verb in wanted]
        yield index, sites, faults("http://127.0.0.1:9/nobody", secret, rows)


def _site(run: Run, index: Index, engine: str, verb: str) -> Site:
    world = run.stage.world(run.folder / f"{engine}-{verb}")
    settings = {"UV_DEFAULT_INDEX": index.url, "PIP_INDEX_URL": index.url, "UV_CACHE_DIR": str(run.folder / "cache")}
    world = replace(world, extra=settings)
    wanted = _locked(world, engine, "2.0") if verb != "add" else {}
    first = "1.0" if verb == "sync" else ""
    if verb == "add":
        _succeed(world.mlenv("create", "steady", "--engine", engine))
    elif verb == "sync":
        _locked(world, engine, first)
        _succeed(world.mlenv("create", "--engine", engine))
    site = Site(engine=engine, verb=verb, world=world, lock=wanted)
    for name, text in wanted.items():
        (world.root / name).write_text(text)
    return site


def _locked(world: World, engine: str, version: str) -> dict[str, str]:
    """Lock one version of the victim; nothing is installed."""
    (world.root / "pyproject.toml").write_text(MANIFEST.format(version))
    (world.root / "pylock.toml").unlink(missing_ok=True)
    _succeed(world.mlenv("lock"))
    shutil.rmtree(world.root / ".mlenv", ignore_errors=True)
    return {name: (world.root / name).read_text() for name in ("pyproject.toml", "pylock.toml")}


def _succeed(done: Done) -> None:
    assert done.code == 0, done.text


def _wrong(site: Site, done: Done, before: Mapping[str, str], right: Iterable[Mapping[str, str]]) -> str:
    """Return why the promise is broken after one trial, or nothing.

    Args:
        right: the contents that may be installed, one of them whole.
    """
    if done.seconds > LONGEST_S - 1:
        return f"took {done.seconds:.0f} s"
    if "Traceback" in done.text:
        return f"a traceback: {done.text[-300:]}"
    if done.code == 0:
        installed = _contents(next(site.world.link.resolve().glob("lib/python3*/site-packages")))
        strange = [[name for name, digest in one.items() if installed.get(name) != digest] for one in right]
        return f"installed, but not what the honest file holds: {strange[0]}" if all(strange) else ""
    after = site.state()
    if after != before:
        changed = sorted({name for name in {*before, *after} if before.get(name) != after.get(name)})
        return f"failed, and changed {changed[:4]}"
    lines = done.err.strip().splitlines()
    if not 1 <= len(lines) <= 5 or done.out:
        return f"a message of {len(lines)} lines: {done.text[-600:]!r}"
    return ""


def _untold(fault: IndexFault, done: Done, *, by_pip: bool) -> str:
    """Return what a message lacks: the package, or the cause."""
    if done.code == 0:
        return ""
    said = done.err
    if "victim" not in said and not (by_pip and fault.nameless):
        return f"the package is not named: {said!r}"
    if fault.says and not re.search(fault.says, said, re.IGNORECASE):
        return f"the cause is not told: {said!r}"
    return (
        "" if not fault.harmless or (by_pip and fault.tries > 2) else f"an index that recovers was given up: {said!r}"
    )


def _right(run: Run, site: Site, fault: IndexFault, packages: Path) -> list[dict[str, str]]:
    """Return the contents that are right after a success: what the lock names; without one also an older version."""
    right = [_held(packages / "victim-2.0-py3-none-any.whl")]
    if site.verb == "add":
        right.append(_held(packages / "victim-1.0-py3-none-any.whl"))
    if fault.also and site.verb == "add":
        right.append(_held(run.folder / "lies" / fault.also / "victim-2.0-py3-none-any.whl"))
    return right


def _held(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
            if not name.endswith("RECORD")
        }


def _plan(run: Run, engines: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Choose (engine, verb, fault's name): all of them where there is room, else dice; pip is five times slower."""
    table = faults("http://127.0.0.1:9/nobody", run.folder / "x", _names_only())
    everything = [
        (engine, verb, fault.what)
        for engine in engines
        for verb in VERBS
        for fault in table
        # uv takes the address of a file from the lock: no page is asked.
        if not (engine == "uv" and verb != "add" and fault.at == (PAGE,))
    ]
    if run.trials >= len(everything):
        return everything
    slow = ("never answers", "429 twice for the file, then well", "file dripping for 6 s", "page dripping for 3 s")
    dice = run.random("plan")
    quick = [row for row in everything if row[2] not in slow]
    by_pip = [row for row in quick if row[0] == "venv"]
    by_uv = [row for row in quick if row[0] == "uv"]
    few = run.trials // 12 if by_pip else 0  # a short sample is of uv alone
    return dice.sample(by_uv, run.trials - few) + dice.sample(by_pip, few)


def _names_only() -> dict[str, str]:
    names = ("good", "gone", "wrong-hash", "yanked", "other", "lying-name", "lying-version", "foreign")
    return dict.fromkeys(names, "")


def campaign(run: Run) -> Iterable[Row]:
    """Attack every site with every fault (or a throw of them)."""
    plan = _plan(run, ENGINES)
    wanted = dict.fromkeys((engine, verb) for engine in ENGINES for verb in VERBS)
    chosen = [site for site in wanted if site in {row[:2] for row in plan}]
    with _prepared(run, chosen) as (index, sites, table):
        by_name = {fault.what: fault for fault in table}
        for site in sites:
            names = [name for engine, verb, name in plan if (engine, verb) == (site.engine, site.verb)]
            if names:
                yield _attacked(run, index, site, [by_name[name] for name in names])


def _attacked(run: Run, index: Index, site: Site, table: Iterable[IndexFault]) -> Row:
    tally = Tally(f"{site.verb} with {site.engine}")
    slowest, missed = 0.0, 0
    for number, fault in enumerate(table):
        cache = run.folder / "caches" / f"{site.engine}-{site.verb}-{number}"
        before = site.state()
        done, met = _trial(index, site, fault, cache)
        shutil.rmtree(cache, ignore_errors=True)
        if not met:
            missed += 1
            if done.code == 0:
                site.restore()
            continue
        slowest = max(slowest, done.seconds)
        why = _wrong(site, done, before, _right(run, site, fault, index.wheels))
        why = why or _untold(fault, done, by_pip=site.engine == "venv")
        state = "installed rightly" if done.code == 0 else "refused"
        story = f"{fault.what}: {why}" if why else None
        tally.add(hit=True, state=state if not why else "broken", bad=story)
        if done.code == 0:
            site.restore()
    return tally.row(note=f"slowest {slowest:.1f} s; {missed} never met")


def _trial(index: Index, site: Site, fault: IndexFault, cache: Path) -> tuple[Done, int]:
    met: list[str] = []
    strike = fault.make()

    def counted(handler: object, body: bytes, kind: str) -> bool:
        met.append(fault.what)
        return strike(handler, body, kind)  # type: ignore[arg-type]

    index.faults = {place.format(name="victim"): counted for place in fault.at}
    try:
        return site.attack(cache, patient=fault.harmless), len(met)
    finally:
        index.faults = {}


CAMPAIGN = Campaign(
    name="faulty_index",
    promise="A package index that cuts, changes, delays or denies files never gets a wrong file installed, "
    "never holds a command up for ever, and leaves everything as it was.",
    run=campaign,
    full=10_000,
    sample=8,
)
