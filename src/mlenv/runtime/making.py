"""Make runtimes: aside, verified, described last, renamed into place; one maker at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from mlenv import store
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.kernel import pick
from mlenv.model import Event, Installed
from mlenv.probe import site
from mlenv.process import run
from mlenv.runtime import plan

__all__ = ["folder", "leftovers", "made", "one_maker", "only_one", "remove_damaged", "whole"]

Tell = Callable[[Event], None]

_ROUNDS = 3
"""Resolving with constraints can bring in packages that the environment has, too; then once more with these."""


def folder() -> Path:
    """Return the folder of all runtimes."""
    return store.data_dir() / "runtimes"


def whole(tag: str, versions: Mapping[str, str]) -> pick.Runtime | None:
    """Return a runtime of this version of mlenv that fits and has all its files."""
    mine = plan.key_of(tag, __version__, {})
    for runtime in pick.fitting(pick.read_runtimes(str(folder())), tag, versions):
        if runtime.key.startswith(mine) and not _faults(runtime.path):
            return runtime
    return None


def remove_damaged(tag: str) -> None:
    for runtime in pick.read_runtimes(str(folder())):
        if runtime.tag == tag and _faults(runtime.path):
            store.remove_tree(Path(runtime.path), inside=folder())


def _faults(path: str) -> tuple[str, ...]:
    distributions = site.scan([path]).distributions
    return tuple(fault for found in distributions for fault in site.verify(found))


def made(
    python: str, interpreter: plan.Interpreter, installed: Installed, supply: plan.Supply, tell: Tell
) -> pick.Runtime:
    """Make the plain runtime and, where the environment's versions clash with it, one resolved with these."""
    versions = {found.name: found.version for found in installed.distributions}
    constraints = dict(supply.pins)
    clashes: tuple[pick.Clash, ...] = ()
    for _ in range(_ROUNDS):
        key = plan.key_of(interpreter.tag, __version__, constraints)
        runtime = _read(key) or _build(key, python, interpreter, constraints, supply, tell)
        clashes = pick.clashes(runtime, versions)
        if not clashes:
            return runtime
        tell(Event(step="plan", text=f"kernel packages that work with {', '.join(each.text for each in clashes)}"))
        constraints |= plan.constraints_for([*runtime.packages, *(each.package for each in clashes)], installed)
    raise MlenvError(
        "runtime-unresolvable",
        f"no Jupyter kernel works with this environment's {', '.join(each.text for each in clashes)}",
        where=python,
        hint=f"mlenv upgrade {clashes[0].package}",
    )


def _read(key: str) -> pick.Runtime | None:
    return next((runtime for runtime in pick.read_runtimes(str(folder())) if runtime.key == key), None)


def _build(
    key: str,
    python: str,
    interpreter: plan.Interpreter,
    constraints: Mapping[str, str],
    supply: plan.Supply,
    tell: Tell,
) -> pick.Runtime:
    """Install aside, describe last, rename into place: what is there under its own name is whole."""
    tell(Event(step="install", text=f"kernel packages for Python {interpreter.version} (once, shared by all projects)"))
    target = folder() / f".tmp-{secrets.token_hex(6)}"
    listing = target.with_suffix(".txt")
    try:
        if constraints:
            store.write_atomic(listing, "".join(f"{name}=={constraints[name]}\n" for name in sorted(constraints)))
        command = plan.install_command(
            _uv(), python, str(target), str(listing) if constraints else None, supply=supply, cwd=str(folder())
        )
        done = run(command)
        if done.code != 0:
            raise plan.explain_failure(done, constraints, python=python, offline=supply.offline)
        _finish(target, key, interpreter, constraints)
        store.remove_tree(folder() / key, inside=folder())  # only what cannot be read as a runtime lies there
        os.replace(target, folder() / key)
    finally:
        listing.unlink(missing_ok=True)
        store.remove_tree(target, inside=folder())
    found = _read(key)
    if found is None:
        raise MlenvError("runtime-failed", "the kernel's own packages vanished while they were made", where=key)
    return found


def _finish(target: Path, key: str, interpreter: plan.Interpreter, constraints: Mapping[str, str]) -> None:
    found = site.scan([str(target)])
    faults = [fault for distribution in found.distributions for fault in site.verify(distribution)]
    if faults or found.get("ipykernel") is None:
        what = faults[0] if faults else "ipykernel is missing"
        raise MlenvError("runtime-failed", f"the kernel's own packages are not whole: {what}", where=str(target))
    metadata = {each.name: site.metadata(each).requires for each in found.distributions}
    store.write_json(
        target / "runtime.json",
        plan.describe(
            key,
            interpreter.tag,
            made=time.time(),
            version=__version__,
            packages={each.name: each.version for each in found.distributions},
            requires=plan.required(metadata, interpreter.markers),
            constraints=constraints,
        ),
    )


def _uv() -> str:
    from uv import find_uv_bin

    return str(find_uv_bin())


def leftovers() -> tuple[str, ...]:
    """Return what an interrupted making left; it may be a making under way, unless :func:`only_one` is held."""
    entries = os.scandir(folder()) if folder().is_dir() else ()
    return tuple(sorted(entry.path for entry in entries if entry.name.startswith((".tmp-", ".trash-"))))


def only_one(tell: Tell) -> AbstractContextManager[None]:
    """Let one process at a time make or remove runtimes; the others wait, say so and find its result."""
    return one_maker(folder(), "another mlenv prepares the kernel's packages", tell)


@contextlib.contextmanager
def one_maker(place: Path, text: str, tell: Tell) -> Iterator[None]:
    """Let one process at a time make or remove what lies in a folder of mlenv's; ``text`` is what a waiting one says.

    Raises:
        MlenvError: ``not-writable``.
    """
    store.make_folder(place)
    try:
        descriptor = os.open(place / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise MlenvError(
            "not-writable", f"mlenv's data folder cannot be written: {(error.strerror or '').lower()}",
            where=str(place), hint="make it writable, or set MLENV_DATA_DIR to a folder that is",
        ) from None  # fmt: skip
    try:
        if sys.platform == "win32":  # two makers work beside each other, the last rename wins (untested)
            yield
            return
        import fcntl

        told = Event(step="wait", text=text)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(told)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            with store.claimed(place / ".lock", "runtime", lambda: tell(told)):
                yield
            return
        yield
    finally:
        os.close(descriptor)
