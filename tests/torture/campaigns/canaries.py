"""T10, S38, S39: secrets laid out where they really lie; none of them in a file, an output or a command line."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from torture.campaign import Campaign, Row, Run, Tally
from torture.handmade import make_wheel
from torture.index import Index, serving
from torture.kernels import kernel_of, spec_ids
from torture.stage import World

PLACES = (
    "index address of uv", "index address of pip", "extra index in uv.toml", "extra index in pip.conf", ".env", "netrc",
    "password of a named index", "token for publishing", "proxy address", "environment of another's kernelspec",
    "notebook metadata", "query of an address in a list", "user of an address typed", "git address in a lock",
    "direct_url.json of another installer", "variable of the shell", "index address in pyproject",
)  # fmt: skip
_MANIFEST = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["steady"]\n'


def _canary(place: str) -> str:
    return "c4nary" + base64.b16encode(place.encode()).decode().lower()[:40]


@dataclass(frozen=True, kw_only=True)
class Nest:
    """One project among secrets."""

    world: World
    planted: tuple[Path, ...]
    """Files in which the user himself keeps one."""
    heard: dict[str, str] = field(default_factory=dict)
    """What was shown, by command."""
    lines: set[str] = field(default_factory=set)
    """Command lines seen while something ran."""

    modes: tuple[tuple[str, ...], ...] = ((), ("--json",), ("--events",))

    def run(self, *words: str) -> None:
        """Run a verb as text, JSON and events, and keep all that it says."""
        for mode in self.modes:
            self.heard[" ".join((self.world.project, *words, *mode))] = self.world.mlenv(*words, *mode).text

    def hits(self, canary: str) -> list[str]:
        """Return where a secret was found: commands, files, command lines of programs."""
        found = [f"output of {name}" for name, text in self.heard.items() if canary in text]
        found += [f"a command line: {line[:120]}" for line in self.lines if canary in line and " -m mlenv " not in line]
        for folder in (self.world.root, self.world.home):
            for base, folders, files in os.walk(folder):
                folders[:] = [name for name in folders if name not in {"uv-cache", "pip-cache"}]  # the engines' own
                for name in files:
                    path = Path(base, name)
                    if "backups" in path.parts:  # the user's own file as it was, for undo
                        continue
                    if path not in self.planted and not path.is_symlink() and canary.encode() in path.read_bytes():
                        found.append(str(path.relative_to(self.world.folder)))
        return found


def _guarded(index: Index, user: str) -> None:
    """Let the index ask everybody for user and password."""
    wanted = "Basic " + base64.b64encode(user.encode()).decode()

    def fault(handler: object, body: bytes, kind: str) -> bool:
        if handler.headers.get("Authorization") == wanted:  # type: ignore[attr-defined]
            return False
        handler.send_response(401)  # type: ignore[attr-defined]
        handler.send_header("WWW-Authenticate", "Basic")  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "0")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        return True

    index.faults = {"/": fault}


def _nest(run: Run, index: Index, engine: str) -> Nest:
    world = run.stage.world(run.folder / engine)
    home, root = world.home, world.root
    place = index.url.removeprefix("http://")
    key = "index address of uv" if engine == "uv" else "index address of pip"
    _guarded(index, f"user:{_canary(key)}")
    files = {
        home / ".netrc": f"machine netrc.example.org login me password {_canary('netrc')}\n",
        home / ".config/pip/pip.conf": "[global]\nextra-index-url = http://me:{}@{}\n".format(
            _canary("extra index in pip.conf"), "127.0.0.1:9/simple"
        ),
        home
        / ".config/uv/uv.toml": '[[index]]\nname = "extra"\nexplicit = true\nurl = "http://me:{}@127.0.0.1:9/simple"\n'.format(
            _canary("extra index in uv.toml")
        ),
        root / ".env": f"API_KEY={_canary('.env')}\n",
        home / "jupyter/kernels/foreign/kernel.json": json.dumps(
            {
                "argv": ["/nowhere/python", "-f", "{connection_file}"],
                "display_name": "foreign",
                "language": "python",
                "env": {"TOKEN": _canary("environment of another's kernelspec")},
            }
        ),
        root / "note.ipynb": json.dumps(
            {"metadata": {"token": _canary("notebook metadata")}, "cells": [], "nbformat": 4, "nbformat_minor": 5}
        ),
        root / "pyproject.toml": _MANIFEST
        + '[[tool.uv.index]]\nname = "p"\nexplicit = true\nurl = "http://me:{}@127.0.0.1:9/simple"\n'.format(
            _canary("index address in pyproject")
        ),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    variables = {
        "UV_DEFAULT_INDEX": f"http://user:{_canary('index address of uv')}@{place}",
        "PIP_INDEX_URL": f"http://user:{_canary('index address of pip')}@{place}",
        "UV_INDEX_EXTRA_PASSWORD": _canary("password of a named index"),
        "UV_PUBLISH_TOKEN": _canary("token for publishing"),
        "HTTPS_PROXY": f"http://me:{_canary('proxy address')}@127.0.0.1:9",
        "NO_PROXY": "127.0.0.1",
        "SECRET_OF_THE_SHELL": _canary("variable of the shell"),
        "UV_CACHE_DIR": str(home / "uv-cache"),
        "PIP_CACHE_DIR": str(home / "pip-cache"),
        "MLENV_UV": "" if engine == "venv" else str(_uv()),
    }
    return Nest(world=replace(world, extra=variables), planted=tuple(files))


def _uv() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())


@contextlib.contextmanager
def _watched(nest: Nest) -> Iterator[None]:
    """Read the command line of everything that runs, every few milliseconds."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    text = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
                    if "c4nary" in text:
                        nest.lines.add(text)
            time.sleep(0.02)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _life(nest: Nest) -> None:
    """Do what a day holds: good and bad changes, looks, faults."""
    world = nest.world
    nest.run("create")
    nest.run("add", "second")
    nest.run("add", "is-nowhere")
    nest.run("add", f"x @ https://{_canary('user of an address typed')}@index.example.org/x-1-py3-none-any.whl")
    site = next(world.link.glob("lib/python3*/site-packages/steady-*.dist-info"), None)
    if site is not None:  # an environment that somebody filled by hand
        body = {"url": f"https://me:{_canary('direct_url.json of another installer')}@index.example.org/x.git"}
        (site / "direct_url.json").write_text(json.dumps({**body, "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}))
    for verb in (
        "check",
        "list",
        "show steady",
        "doctor",
        "kernels",
        "kernels repair",
        "outdated",
        "freeze --show",
        "lock",
    ):
        nest.run(*verb.split())
    if site is not None:
        (site / "direct_url.json").unlink(missing_ok=True)
    nest.run("sync")
    nest.run("freeze", "--force")


def _lists(nest: Nest) -> Nest:
    """The same in a project of lists: secrets in an address's query and in a git address."""
    other = replace(nest.world, project="lists")
    other.root.mkdir()
    token, git = _canary("query of an address in a list"), _canary("git address in a lock")
    (other.root / "requirements.txt").write_text(
        f"x @ http://127.0.0.1:9/x-1-py3-none-any.whl?token={token}\n"
        f"y @ git+https://me:{git}@127.0.0.1:9/y@{'a' * 40}\n"
    )
    listed = replace(nest, world=other, planted=(*nest.planted, other.root / "requirements.txt"))
    for words in (("create",), ("check",), ("create", "--allow-build"), ("add", "second"), ("lock",), ("doctor",)):
        listed.run(*words)
    return listed


def _in_a_kernel(nest: Nest) -> None:
    """Magic, panel and the fallback kernel."""
    world = nest.world
    name = next(name for name in spec_ids(world) if name.startswith("demo"))
    with kernel_of(world, name) as kernel:
        for cell in ("%mlenv check", "%mlenv panel", "%mlenv add is-nowhere", "%mlenv doctor", "%mlenv list"):
            done = kernel.run(cell)
            nest.heard[cell] = done.text + json.dumps(done.outputs)
    stage_in = next(world.link.glob("lib/python3*/site-packages"))
    (stage_in / "traitlets.py").write_text("raise RuntimeError('not today')\n")
    try:
        with kernel_of(world, name) as kernel:
            done = kernel.run("%mlenv doctor")
            nest.heard["fallback"] = done.text + json.dumps(done.outputs)
    finally:
        (stage_in / "traitlets.py").unlink()
    for log in world.folder.glob("kernel-*.log"):
        nest.heard[log.name] = log.read_text(errors="replace")


def campaign(run: Run) -> Iterable[Row]:
    """Live one day among secrets with each engine, then search."""
    packages = run.folder / "packages"
    for name in ("steady", "second"):
        make_wheel(packages, name, "1.0", {f"{name}.py": ""})
    pip = next(run.stage.wheels.glob("pip-*.whl"))
    shutil.copy(pip, packages / pip.name)
    engines = ("uv", "venv") if run.trials > len(PLACES) else ("uv",)
    for engine in engines:
        with serving(packages) as index:
            nest = _nest(run, index, engine)
            if len(engines) == 1:  # the sample: every second look is left out
                nest = replace(nest, modes=((), ("--json",)))
            with _watched(nest):
                _life(nest)
                listed = _lists(nest)
                _in_a_kernel(nest)
            tally = Tally(f"secrets in {len(PLACES)} places, {len(nest.heard)} commands and cells, {engine}")
            worked = (
                '"verdict": "in-step"' in nest.heard["demo check --json"]
                or "added second" in nest.heard["demo add second"]
            )
            for place in PLACES:
                hits = [*nest.hits(_canary(place)), *listed.hits(_canary(place))]
                hits = list(dict.fromkeys(hits))
                tally.add(
                    hit=worked, state="nowhere" if not hits else "found", bad=f"{place}: {hits[:6]}" if hits else None
                )
            yield tally.row(note="" if worked else nest.heard["demo create"][:300])


CAMPAIGN = Campaign(
    name="canaries",
    promise="No password, token or value of .env gets into a file, an output, a log or a command line.",
    run=campaign,
    full=34,
    sample=17,
)
