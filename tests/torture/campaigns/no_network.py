"""No network: a machine cut off, a port that refuses, a proxy that never answers; what needs none goes on."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from torture.campaign import Campaign, Row, Run, Tally
from torture.kernels import kernel_of
from torture.stage import Done, World

__all__ = ["CAMPAIGN"]

_LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1))  # SIOCSIFFLAGS, IFF_UP
os.execvp(sys.argv[1], sys.argv[1:])
"""
_UNSHARE = ("unshare", "-n", sys.executable, "-c", _LOOPBACK_UP)
"""A network of its own with nothing but a loopback, which kernels need; not this machine's, where the index is."""
_BOUND_S = 150.0
"""How long a verb may look for a network: uv asks four times, with 30 s for each answer."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the network is away."""

    what: str
    before: Sequence[str] = ()
    """Put before the command."""
    settings: Callable[[], AbstractContextManager[Mapping[str, str]]]
    """Gives environment variables while it lasts."""


@contextlib.contextmanager
def _nothing() -> Iterator[Mapping[str, str]]:
    yield {}


@contextlib.contextmanager
def _refusing() -> Iterator[Mapping[str, str]]:
    """Give the address of a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/simple"
        yield {"UV_DEFAULT_INDEX": address, "PIP_INDEX_URL": address}


@contextlib.contextmanager
def _silent_proxy() -> Iterator[Mapping[str, str]]:
    """Give a proxy that accepts every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        proxy = f"http://127.0.0.1:{server.getsockname()[1]}"
        index = "http://index.example.org/simple"
        yield {
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "http_proxy": proxy,
            "https_proxy": proxy,
            "UV_DEFAULT_INDEX": index,
            "PIP_INDEX_URL": index,
            "UV_HTTP_TIMEOUT": "3",  # what a user in such a place sets; 30 s otherwise
            "PIP_DEFAULT_TIMEOUT": "3",
        }


WAYS = (
    Way(what="cut off from every network", before=_UNSHARE, settings=_nothing),
    Way(what="an index whose port refuses", settings=_refusing),
    Way(what="a proxy that never answers", settings=_silent_proxy),
)
READING = (("check",), ("list",), ("show", "six"), ("kernels",), ("doctor",), ("sync",), ("create",))
"""What needs no network; the last two find everything in step, and ``create`` starts the kernel once."""


def _state(world: World) -> dict[str, str]:
    files = {path.name: path.read_text() for path in sorted(world.root.glob("*.*")) if path.is_file()}
    return {**files, "link": str(world.link.readlink()), "verdict": world.verdict()}


def _error(done: Done) -> dict[str, str]:
    try:
        return dict(json.loads(done.out)["error"])
    except (ValueError, KeyError):
        return {}


def _attack(world: World, way: Way) -> Iterator[tuple[str, str]]:
    """Yield (state, fault) for each thing tried."""
    for words in (("create", "six==1.16.0"), ("add", "idna==3.6"), ("remove", "idna")):
        if (done := world.mlenv(*words)).code:
            raise RuntimeError(done.text)
    with way.settings() as settings:
        cut = replace(world, extra={**world.extra, **settings})
        before = _state(world)
        for words in READING:
            done = cut.mlenv(*words, before=way.before)
            yield "works", "" if done.code == 0 else f"{words[0]}: status {done.code}: {done.text.strip()[-300:]}"
        yield "works", _cell(world) if not way.before else ""
        yield from _changes(world, cut, way, before)
    if world.faults():
        yield "damaged", "; ".join(world.faults())


def _changes(world: World, cut: World, way: Way, before: dict[str, str]) -> Iterator[tuple[str, str]]:
    done = cut.mlenv("add", "attrs==24.2.0", "--json", before=way.before, timeout_s=_BOUND_S)
    told = _error(done)
    if done.code == 0:
        yield "works from the cache", ""
        cut.mlenv("undo", before=way.before)
    else:
        fine = told.get("code") in {"index-unreachable", "offline-not-cached"} and told.get("hint")
        yield "refused", "" if fine and _state(world) == before else f"add: {done.code} {told or done.text[-300:]}"
    if way.before:  # other addresses have caches of their own
        done = cut.mlenv("add", "idna==3.6", "--offline", before=way.before)
        yield "works from the cache", "" if done.code == 0 else f"add --offline: {done.text.strip()[-300:]}"
        done = cut.mlenv("freeze", before=way.before)
        yield "works from the cache", "" if done.code == 0 else f"freeze: {done.text.strip()[-300:]}"
        done = cut.mlenv("undo", before=way.before)
        yield "works", "" if done.code == 0 and _state(world) == before else f"undo: {done.text.strip()[-300:]}"


def _cell(world: World) -> str:
    with kernel_of(world) as kernel:
        done = kernel.run("import six; print(six.__version__)")
    return "" if "1.16.0" in done.text else f"a kernel: {done.text[-300:]}"


def _run(run: Run) -> Iterator[Row]:
    for way in WAYS[: max(run.trials, 1)]:
        tally = Tally(way.what)
        for number in range(max(run.trials // len(WAYS), 1)):
            for state, fault in _attack(run.stage.world(run.folder / f"{WAYS.index(way)}-{number}"), way):
                tally.add(hit=True, state=state, bad=fault or None)
        yield tally.row()


def _missing() -> str:
    able = shutil.which("unshare") and subprocess.run([*_UNSHARE, "true"], capture_output=True).returncode == 0
    return "" if able else "this machine does not let a program be cut from the network"


CAMPAIGN = Campaign(
    name="no_network",
    promise="Without network everything that needs none works, what is cached installs, and the rest is one clear error in"
    " bounded time that changes nothing.",
    run=_run,
    full=3,
    sample=1,
    missing=_missing,
)
