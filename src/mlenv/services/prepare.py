"""What every changing verb settles first: which Python, which engine, which requirements."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlenv import locks, store
from mlenv.drift import CONDA_KINDS
from mlenv.engines import uv
from mlenv.engines.choose import EngineChoice, Tools
from mlenv.engines.conda import supported
from mlenv.engines.requirement import checked_requirement
from mlenv.errors import MlenvError
from mlenv.probe import interpreters
from mlenv.probe.interpreters import Interpreter
from mlenv.services import as_of, own_tool
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.cuda_choice import asked_cuda
from mlenv.services.index_sources import tell_passed_on
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.select import select_project, target_of
from mlenv.versions import satisfies

__all__ = [
    "asks_conda", "checked", "choose_interpreter", "conda_file_of", "declared_python", "engine_of", "prepare",
    "requested",
]  # fmt: skip

_NOT_CONDAS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
"""Locks that a name alone tells to be of other tools: they need not be read to know that conda is not meant."""


def checked(texts: Sequence[str]) -> tuple[str, ...]:
    """Return requirements as engines may be given them.

    Raises:
        MlenvError: ``requirement-invalid`` and its kin, before anything is written.
    """
    return tuple(str(checked_requirement(text)) for text in texts)


def prepare(
    context: Context,
    project: Project,
    edits: Mapping[str, str],
    descriptor: int | None,
    *,
    upgrade: tuple[str, ...] = (),
    upgrade_all: bool = False,
) -> Resolver:
    """Choose interpreter and engine, each with its reason.

    Raises:
        MlenvError: ``python-not-found`` with what is there; ``engine-unknown``, ``engine-missing``.
    """
    moment = as_of.asked_moment(context, project)
    engine, found = _chosen_engine(context, project)
    # conda brings its Python; any other one of this machine says what platform this is.
    brings = engine.name == "conda"
    interpreter = interpreters.host() if brings else choose_interpreter(context, project, edits)
    tell_passed_on(context, engine.installer)
    return Resolver(
        interpreter=interpreter,
        engine=engine,
        tools=found,
        descriptor=descriptor,
        upgrade=upgrade,
        upgrade_all=upgrade_all,
        cuda=asked_cuda(context, project, engine),
        as_of=moment,
    )


def engine_of(context: Context, project: Project, known: Tools | None = None) -> str:
    """Return the engine that ``create`` would take: ``uv``, ``conda``, ``poetry``; ``known``: this machine's tools.

    Raises:
        MlenvError: ``engine-unknown``, ``engine-missing``.
    """
    return _chosen_engine(context, project, known)[0].recorded


def _chosen_engine(context: Context, project: Project, known: Tools | None = None) -> tuple[EngineChoice, Tools]:
    recorded = project.marker.get("engine") or project.environment.engine
    if isinstance(recorded, str) and own_tool.LOCK_OF.get(recorded, "") not in ("", *project.names):
        recorded = None  # that tool's lock is gone
    told = str(recorded) if recorded else None
    return engine_tools.choose_engine(context, project.settings.engine, told, conda_file_of(context, project), known)


def requested(context: Context, project: Project, texts: Sequence[str]) -> tuple[str, ...]:
    """Return what is asked for as the project's engine may be given it: requirements, or conda's specifications.

    Raises:
        MlenvError: ``requirement-invalid`` and its kin, before anything is written.
    """
    if context.options.pip or not asks_conda(context, project):
        return checked(texts)
    from mlenv.services.conda.declaring import checked_specs

    return checked_specs(texts)


def asks_conda(context: Context, project: Project) -> bool:
    """Whether the engine will be conda. Cost: none where no file of the conda world lies in the project."""
    told = context.options.engine or project.settings.engine
    if told is not None:
        return told == "conda"
    return bool(conda_file_of(context, project)) and supported(engine_tools.rattler_version())


def conda_file_of(context: Context, project: Project) -> str:
    """Return the lock, or else the manifest, of the conda world that counts here; empty where none does."""
    named = context.options.lock or project.settings.lock or ""
    if not named and not any(name.endswith((".yml", ".yaml", ".lock")) for name in project.names - _NOT_CONDAS):
        return ""
    try:
        choice = select_project(project, target_of(interpreters.host().path), context.options).choice
    except MlenvError:  # what is wrong with a file is told by whoever needs it
        return ""
    if choice.kind in CONDA_KINDS:
        return choice.lock or ""
    manifest = choice.manifest or ""
    return manifest if choice.kind is None and manifest.endswith((".yml", ".yaml")) else ""


def choose_interpreter(context: Context, project: Project, edits: Mapping[str, str]) -> Interpreter:
    """Choose the Python of the environment; never silently another minor version than what was asked for.

    Order: ``--python``, ``[tool.mlenv] python``, ``.python-version``, the Python that the environment has now, with
    ``--as-of`` the newest of that time, then what the lock or the manifest allows, the host's own first. The result's
    ``why`` says which of them it was.

    Raises:
        MlenvError: ``python-not-found`` with what exists and where it was looked for; ``python-not-allowed`` where
            the lock does not allow what was asked for.
    """
    allowed = declared_python(context, project, edits)
    asked = context.options.python or project.settings.python
    if asked:
        said = "--python" if context.options.python else project.settings.at("python")
        return _because(_allowed(_find(context, asked, said, allowed), allowed), f"{said} says {asked}")
    if ".python-version" in project.names:
        wanted = locks.parse_python_version(store.read_text(project.root / ".python-version"))
        if wanted:
            taken, row = _first(context, wanted, allowed)
            return _because(_allowed(taken, allowed), f".python-version says {row}")
    present = _present(project)
    if present is not None and satisfies(present.version, allowed) is not False:
        return _because(present, "the environment has it")
    if context.options.wheelhouse is not None:
        found = _find(context, context.options.wheelhouse.python, "the bundle", allowed)
        return _because(_allowed(found, allowed), "the bundle is for it")
    minor = _minor_of_present(project, allowed)
    if minor:
        return _because(_find(context, minor, "the environment", allowed), f"the environment has {minor}")
    moment = as_of.asked_moment(context, project)
    if moment not in ("", as_of.NOW):
        return as_of.python_then(moment, allowed)
    found = _find(context, allowed or None, "requires-python", allowed)
    first = "runs mlenv" if found.source == "host" else "is the newest that fits"
    return _because(found, f"the project allows {allowed}, and it {first}" if allowed else f"it {first}")


def _because(interpreter: Interpreter, why: str) -> Interpreter:
    return replace(interpreter, why=why)


def _present(project: Project) -> Interpreter | None:
    """Return the Python that the environment was made from, if it still works and is of the same minor version."""
    if project.marker.get("engine") == "conda":
        return None  # its Python lies in the environment itself
    base = project.marker.get("base")
    if not isinstance(base, str) or not os.path.isfile(base):
        return None
    try:
        present = interpreters.find(base, store.cache_dir())
    except MlenvError:  # it is what makes the environment broken: another one of its version mends it
        return None
    return present if _same_minor(present.version, project.marker) else None


def _same_minor(version: str, marker: Mapping[str, object]) -> bool:
    return str(marker.get("python", "")).split(".")[:2] == version.split(".")[:2]


def _minor_of_present(project: Project, allowed: str) -> str:
    """Return the minor version that the environment has now, where the lock allows it and the machine has it."""
    present = project.environment.python
    if not present or not project.environment.prefix or satisfies(present, allowed) is False:
        return ""
    minor = ".".join(present.split(".")[:2])
    try:
        interpreters.find(minor, store.cache_dir())
    except MlenvError:
        return ""
    return minor


def _first(context: Context, wanted: Sequence[str], allowed: str) -> tuple[Interpreter, str]:
    """Return the first of several versions that is there, as pyenv does, and the row that names it."""
    for request in wanted[:-1]:
        try:
            return interpreters.find(request, store.cache_dir()), request
        except MlenvError:
            continue
    try:
        return _find(context, wanted[-1], ".python-version", allowed), wanted[-1]
    except MlenvError as error:
        if error.code != "python-request-invalid":
            raise
        raise MlenvError(
            error.code,
            f"'{wanted[-1][:80]}' is no version, and pyenv has no environment of this name on this machine.",
            where=".python-version",
            hint="write a version into .python-version, such as 3.12, or name a Python: --python 3.12",
        ) from None


def _find(context: Context, request: str | None, said: str, allowed: str) -> Interpreter:
    """Find a Python, or get it where ``--fetch-python`` allows that; an error names the place that asked for it."""
    try:
        return interpreters.find(request, store.cache_dir())
    except MlenvError as error:
        version = bool(request) and os.sep not in str(request) and error.code == "python-not-found"
        if not version:
            raise MlenvError(
                error.code, error.message, where=_places(said, error), hint=error.hint, details=error.details
            ) from None
        fits = _may_be(str(request), allowed)
        if fits and context.options.fetch_python:
            return _fetched(context, str(request))
        but = "" if fits else f" The project allows only {allowed}."
        raise MlenvError(
            error.code,
            error.message + but,
            where=_places(said, error),
            hint=_ways_out(str(request), said, allowed, fits=fits),
            details=error.details,
        ) from None


def _places(said: str, error: MlenvError) -> str:
    return f"{said}; {error.where}" if error.where else said


def _may_be(request: str, allowed: str) -> bool:
    """Whether some release of the version that was asked for is one that the project allows."""
    found = re.fullmatch(r"(?:\D+)?(3(?:\.\d+){0,2})t?", request)
    if found is None or not allowed:
        return True
    version, parts = found[1], found[1].count(".")
    candidates = [version] if parts == 2 else [f"{version}.0", f"{version}.99"] if parts else []
    return not candidates or any(satisfies(one, allowed) is not False for one in candidates)


def _ways_out(request: str, said: str, allowed: str, *, fits: bool) -> str:
    """Return what to type: fetch it where that may be, or take one that is here and that the project allows."""
    here = (
        one.version for one in interpreters.listed(store.cache_dir()) if satisfies(one.version, allowed) is not False
    )
    ways = []
    if fits and os.environ.get("UV_PYTHON_DOWNLOADS") != "never":
        asked = f" --python {shlex.quote(request)}" if said == "--python" else ""
        ways.append(f"mlenv create{asked} --fetch-python")
        ways += [f"uv python install {request}"] if request[:1].isdigit() else []
    taken = next(here, None)
    ways += [f"--python {taken}"] if taken else []
    return ", or ".join(ways) or "mlenv pythons lists what is here"


def _fetched(context: Context, request: str) -> Interpreter:
    """Let uv download a Python, then find it where uv puts it.

    Raises:
        MlenvError: ``offline``; ``engine-missing`` without uv; what uv could not do.
    """
    if context.options.offline:
        message = f"Python {request} is not on this machine, and --offline forbids to download it"
        raise MlenvError("offline", message, hint="the same command without --offline")
    context.tell("download", f"downloading Python {request}")
    found = engine_tools.uv_of(context, engine_tools.tools())
    engine_tools.run_engine(context, uv.install_python(found, request), "download")
    return interpreters.find(request, store.cache_dir())


def _allowed(interpreter: Interpreter, allowed: str) -> Interpreter:
    if satisfies(interpreter.version, allowed) is False:
        raise MlenvError(
            "python-not-allowed",
            f"Python {interpreter.version} was asked for, but the project says Python {allowed}",
            hint=f"choose a Python that fits {allowed} (mlenv pythons lists them), or change requires-python in the"
            " manifest and type: mlenv lock",
        )
    return interpreter


def declared_python(context: Context, project: Project, edits: Mapping[str, str]) -> str:
    """Return the range of Pythons that lock and manifest allow, empty where they say nothing."""
    # Whatever is asked for now may not be declared yet; the range of Pythons does not depend on it.
    options = replace(context.options, extras=None, groups=None)
    selected = select_project(project, target_of(interpreters.host().path), options, files=edits)
    return selected.selection.requires_python


def requirement_lines(path: Path) -> tuple[str, ...]:
    """Read the rows of a requirements file given with ``-r``."""
    rows = (line.split(" #")[0].strip() for line in store.read_text(path).splitlines())
    return tuple(row for row in rows if row and not row.startswith("#"))
