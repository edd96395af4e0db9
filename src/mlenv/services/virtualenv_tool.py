"""virtualenv as a program: the user's own, else one that mlenv fetches once into its own tool folder."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from mlenv import process, runtime, store
from mlenv.engines import pip, uv, virtualenv
from mlenv.engines.choose import Tools
from mlenv.engines.requests import InstallRequest
from mlenv.errors import MlenvError
from mlenv.model import Command
from mlenv.probe import environment, site
from mlenv.services.context import Context

__all__ = ["find", "provide"]

_HINT = "python -m pip install virtualenv; or --engine venv, which needs no tool"


def find() -> tuple[str, ...]:
    """Return the words that start virtualenv: from ``PATH``, this Python, mlenv's tool folder; empty for none."""
    return next((words for words in _candidates() if _answers(words)), ())


def _candidates() -> Iterator[tuple[str, ...]]:
    named = shutil.which("virtualenv")
    if named:
        yield (named,)
    if importlib.util.find_spec("virtualenv") is not None:
        yield (sys.executable, "-I", "-m", "virtualenv")
    if _folder().is_dir():
        yield _inside(_folder())


def _folder() -> Path:
    """Return the tool's folder: one for each Python that mlenv runs on."""
    return store.data_dir() / "tools" / f"virtualenv-{sys.implementation.cache_tag}"


def _inside(folder: Path) -> tuple[str, ...]:
    return (environment.interpreter(str(folder)), "-I", "-m", "virtualenv")


def _answers(words: tuple[str, ...]) -> bool:
    """Whether a program starts and is a virtualenv; a shim of pyenv without one does not."""
    try:
        done = process.run(virtualenv.version(words))
    except MlenvError:
        return False
    return done.code == 0 and virtualenv.parse_version(done.stdout) is not None


def provide(context: Context, found: Tools) -> tuple[str, ...]:
    """Return the words that start virtualenv, fetching it once where it is not there.

    Raises:
        MlenvError: ``engine-missing`` where it cannot be fetched, with why.
    """
    if found.virtualenv:
        return found.virtualenv
    if context.options.offline:
        raise MlenvError("engine-missing", "virtualenv is not here, and --offline forbids to fetch it", hint=_HINT)
    place = _folder()
    with runtime.one_maker(place.parent, "another mlenv fetches virtualenv", context.report):
        if not (place.is_dir() and _answers(_inside(place))):
            context.tell("download", "fetching virtualenv into mlenv's own tool folder (once)")
            _make(context, found, place)
    return _inside(place)


def _make(context: Context, found: Tools, place: Path) -> None:
    """Install aside, verify, rename into place: what is there under its own name is whole."""
    for left in place.parent.glob(".tmp-*"):  # of a making that was killed; nobody else makes one now
        store.remove_tree(left, inside=place.parent)
    aside = place.parent / f".tmp-{secrets.token_hex(6)}"
    try:
        for command in _commands(found, aside):
            done = process.run(command)
            if done.code:
                last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or [f"status {done.code}"]
                raise _not_made(last[0].strip(), f"{done.stdout}\n{done.stderr}")
        installed = site.scan(site.environment_facts(str(aside)).sites)
        faults = [fault for each in installed.distributions for fault in site.verify(each)]
        if faults or not _answers(_inside(aside)):
            raise _not_made(faults[0] if faults else "it does not start")
        store.remove_tree(place, inside=place.parent)
        os.replace(aside, place)
    finally:
        store.remove_tree(aside, inside=place.parent)


def _commands(found: Tools, aside: Path) -> tuple[Command, ...]:
    """Return what makes an environment of this Python with virtualenv in it: by uv, else by venv and pip."""
    wanted = f"virtualenv>={virtualenv.LOWEST}"
    host = sys.executable
    if found.uv is not None:
        program = uv.Uv(path=found.uv, version=found.uv_version)
        request = InstallRequest(prefix=str(aside), text=f"{wanted}\n", with_dependencies=True)
        return uv.make_environment(program, host, str(aside)), uv.install(program, request)
    own = environment.interpreter(str(aside))
    options = ("--no-input", "--disable-pip-version-check", "--only-binary", ":all:")
    install = (own, "-I", "-m", "pip", "install", *options, wanted)
    return pip.make_environment(host, str(aside)), pip.seed_bundled(own), Command(argv=install, timeout_s=600.0)


def _not_made(why: str, details: str = "") -> MlenvError:
    from mlenv.render import mask_secrets

    message = f"virtualenv is not on this machine and could not be fetched: {mask_secrets(why)[:200]}"
    return MlenvError("engine-missing", message, hint=_HINT, details=mask_secrets(details.strip())[-4000:])
