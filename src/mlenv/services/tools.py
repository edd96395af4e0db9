"""What engines this machine has, and running them: one place that knows uv's and pip's differences."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mlenv import process, render, runtime, store
from mlenv.engines import failures, pip, uv, virtualenv, wheelhouse
from mlenv.engines.choose import EngineChoice, Tools, choose
from mlenv.engines.failure import Failure
from mlenv.engines.project_tools import PROJECT_TOOLS
from mlenv.errors import MlenvError
from mlenv.model import Command, Completed
from mlenv.services import index_sources, virtualenv_tool
from mlenv.services.context import Context

__all__ = [
    "choose_engine",
    "make_environment",
    "pip_of",
    "rattler_version",
    "read_answer",
    "run_engine",
    "supply_of",
    "tools",
    "uv_of",
]


def tools() -> Tools:
    """Find uv (the one that the ``uv`` package brings; ``MLENV_UV`` names another, empty: none) and the host's pip."""
    named = os.environ.get("MLENV_UV")
    path = _packaged_uv() if named is None else named
    version = _version_of(path) if path else None
    if named and version is None:
        raise MlenvError(
            "engine-missing",
            "MLENV_UV names a program that is not uv, or does not start.",
            where=named,
            hint="unset MLENV_UV, or give it the path of uv",
        )
    host = sys.executable
    answer = None
    if version is None:  # pip is only asked where it is needed: it takes a third of a second to start
        answer = _host_pip().version or None
    return Tools(
        uv=path if version else None,
        uv_version=version or "",
        pip=host if answer or version else None,
        pip_version=answer or "",
        rattler=rattler_version(),
        own={name: path for name in PROJECT_TOOLS if (path := shutil.which(name))},
    )


def rattler_version() -> str:
    """Return the version of the py-rattler beside mlenv, empty where there is none. Nothing of it is loaded.

    An empty ``MLENV_RATTLER`` says that there is none, as an empty ``MLENV_UV`` does of uv.
    """
    if os.environ.get("MLENV_RATTLER") == "":
        return ""
    if importlib.util.find_spec("rattler") is None:
        return ""
    try:
        return importlib.metadata.version("py-rattler")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _version_of(path: str) -> str | None:
    """Ask uv for its version, again where something killed it: an engine is not gone because it was killed once."""
    try:
        answer = process.run(uv.version(uv.Uv(path=path)))
        if answer.code < 0:
            answer = process.run(uv.version(uv.Uv(path=path)))
    except MlenvError:  # it does not start
        return None
    return uv.parse_version(answer.stdout)


def _packaged_uv() -> str | None:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def choose_engine(
    context: Context,
    settings_engine: str | None,
    recorded: str | None,
    conda_file: str = "",
    known: Tools | None = None,
) -> tuple[EngineChoice, Tools]:
    """Choose the engine, with its reason.

    Args:
        context: ``--engine``, ``--offline``.
        settings_engine: what the settings say.
        recorded: what made the environment.
        conda_file: the project's lock or manifest of conda's, where it counts.
        known: what :func:`tools` said, where many projects are asked about.

    Raises:
        MlenvError: ``engine-unknown``, ``engine-missing``.
    """
    found = replace(known or tools(), may_fetch=not context.options.offline)
    if (context.options.engine or settings_engine or recorded) == "virtualenv":
        found = replace(found, virtualenv=virtualenv_tool.find())
    return choose(context.options.engine, settings_engine, recorded, found, conda_file=conda_file), found


def uv_of(context: Context, found: Tools, *, offline: bool | None = None) -> uv.Uv:
    """Return uv as engines want it."""
    if found.uv is None:
        raise MlenvError("engine-missing", "uv is not on this machine.", hint="python -m pip install uv")
    wheels = context.options.wheelhouse
    return uv.Uv(
        path=found.uv,
        version=found.uv_version,
        offline=context.options.offline if offline is None else offline,
        settings=wheelhouse.uv_settings(wheels.address) if wheels else index_sources.settings_for_uv(context),
    )


def supply_of(context: Context) -> runtime.Supply:
    """Return where the kernel's own packages come from."""
    wheels = context.options.wheelhouse
    if wheels is None:
        return runtime.Supply(offline=context.options.offline, settings=index_sources.for_the_runtime())
    return runtime.Supply(offline=True, settings=wheelhouse.uv_settings(wheels.address), pins=wheels.kernel)


def pip_of(context: Context, found: Tools) -> pip.Pip:
    """Return the host's pip as engines want it."""
    wheels = context.options.wheelhouse
    own = index_sources.settings_for_pip
    settings = wheelhouse.pip_settings(wheels.address, os.devnull) if wheels else own(context)
    return replace(_host_pip(), offline=context.options.offline, settings=settings)


@functools.cache
def _host_pip() -> pip.Pip:
    """Return the host's pip, or the one that its ensurepip carries; without version where there is neither."""
    wheels = _ensurepip_wheels()
    for candidate in (pip.Pip(python=sys.executable), *(pip.Pip(python=sys.executable, bundled=one) for one in wheels)):
        version = pip.parse_version(process.run(pip.version(candidate)).stdout)
        if version:
            return replace(candidate, version=version)
    return pip.Pip(python=sys.executable)


def _ensurepip_wheels() -> tuple[str, ...]:
    """Return the wheels of pip that come with the host's Python; distributions may leave them out."""
    found = importlib.util.find_spec("ensurepip")
    places = found.submodule_search_locations if found is not None else None
    return tuple(str(wheel) for place in places or () for wheel in sorted(Path(place, "_bundled").glob("pip-*.whl")))


def make_environment(
    context: Context, engine: EngineChoice, found: Tools, python: str, prefix: str, descriptor: int | None
) -> None:
    """Make an empty environment, without pip.

    Raises:
        MlenvError: what the engine failed with.
    """
    if engine.name == "uv":
        command, tool = uv.make_environment(uv_of(context, found), python, prefix), "uv"
    elif engine.name == "virtualenv":
        program, cache = virtualenv_tool.provide(context, found), str(store.cache_dir() / "virtualenv")
        command, tool = virtualenv.make_environment(program, python, prefix, cache), "virtualenv"
    else:
        command, tool = pip.make_environment(python, prefix), "venv"
    run_engine(context, command, "install", descriptor, tool=tool)


def run_engine(
    context: Context,
    command: Command,
    step: str,
    descriptor: int | None = None,
    *,
    tool: str = "uv",
    allowed: Callable[[Completed], bool] | None = None,
    explain: Callable[[Failure], Failure] | None = None,
) -> Completed:
    """Run one engine command, its lines shown as progress.

    Args:
        context: options and whom to tell.
        command: what to run.
        step: what its lines are shown as.
        descriptor: of the held project lock, which the program inherits.
        tool: whose words the failure is read from.
        allowed: says that an exit status other than 0 is an answer.
        explain: says more about a failure than the engine did.

    Raises:
        MlenvError: the failure in our words: package, cause, what to type.
    """
    keep = () if descriptor is None else (descriptor,)
    done = process.run(command, on_line=lambda line: _show(context, step, line), keep_fds=keep)
    if done.code == 0 or (allowed is not None and allowed(done)):
        return done
    failure = _failure(context, tool, done)
    if tool == "pip" and failure.code == "package-missing" and "install" in command.argv:
        failure = _refusal(context, command) or failure
    if explain is not None:
        failure = explain(failure)
    raise failures.failure_error(failure, done.stdout, done.stderr)


def _failure(context: Context, tool: str, done: Completed) -> Failure:
    options = context.options
    return failures.parse_failure(
        tool, done.stdout, done.stderr, done.code, allow_build=options.allow_build, offline=options.offline
    )


def _refusal(context: Context, command: Command) -> Failure | None:
    """Return that an index asked for a password, where that is why pip found nothing; ``None`` where it is not."""
    if context.options.offline:
        return None
    try:
        again = process.run(pip.louder(command))
    except MlenvError:  # no answer in time: the failure itself is still told
        return None
    told = _failure(context, "pip", again) if again.code != 0 else None
    return told if told is not None and told.code == "index-credentials" else None


def read_answer(path: Path, tool: str) -> str:
    """Read the lock that an engine was to write.

    Raises:
        MlenvError: ``engine-answer`` where it wrote none, or something else.
    """
    hint = f"run the same command again; if it fails again, another version of {tool} may help"
    if not path.is_file():
        raise MlenvError("engine-answer", f"{tool} reported success and wrote no {path.name}.", hint=hint)
    text = store.read_text(path)
    form, load = ("JSON", json.loads) if path.name == "Pipfile.lock" else ("TOML", tomllib.loads)
    try:
        if path.suffix in {".toml", ".lock"}:
            load(text)
    except (ValueError, RecursionError):
        raise MlenvError("engine-answer", f"{tool} wrote a {path.name} that is no {form}.", hint=hint) from None
    return text


_CHATTER = (
    "warning: ",
    "Using Python",
    "Using CPython",
    "Creating virtual",
    "Activate with",
    "Building requirements...",
    "error: ",
    "cause: ",
    "hint: ",
)
"""What uv and Pipenv say of their own ways, and of failures that are told in our words a moment later."""


def _show(context: Context, step: str, line: str) -> None:
    text = render.mask_secrets(line.strip())
    if text and not text.startswith(_CHATTER):
        context.tell("build" if text.startswith(("Building ", "Built ")) else step, text[:120])
