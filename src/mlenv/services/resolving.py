"""Ask the engine's resolver, on copies of what was edited; what it says of a failure is told in our words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlenv import locks, process, store
from mlenv.engines import failures, pip, report, uv
from mlenv.engines.failure import Failure
from mlenv.engines.requests import ResolveRequest
from mlenv.locks import Target
from mlenv.model import Command
from mlenv.services import as_of
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.tools import run_engine
from mlenv.services.wheels import naming_a_python

__all__ = ["copied", "explaining", "may_build", "resolve", "resolve_with_pip"]

_BESIDE = re.compile(r"(?m)^(\s*(?:-r|-c|-e|--requirement|--constraint|--editable)[ =]?\s*)(?![a-z+]+:)(\S+)")
"""What a list names by a path relative to itself."""


def may_build(context: Context, project: Project) -> bool:
    return context.options.allow_build or project.settings.allow_build is not False


def copied(project: Project, edits: Mapping[str, str], name: str, scratch: Path) -> Path:
    """Return a file to resolve from: the real one where nothing is edited (its relative paths hold), else a copy."""
    if name not in edits:
        return project.root / name
    target = scratch / Path(name).name
    text = edits[name]
    if not name.endswith(".toml"):
        text = _BESIDE.sub(lambda found: f"{found[1]}{project.root / found[2]}", text)
    store.write_atomic(target, text)
    return target


def resolve(
    context: Context, resolver: Resolver, request: ResolveRequest, preferred: str, scratch: Path, allowed: str
) -> str:
    explain = explaining(context, resolver, allowed)
    if resolver.engine.installer == "uv":
        command = uv.compile_pylock(engine_tools.uv_of(context, resolver.tools), request)
        run_engine(
            context, command, "lock", resolver.descriptor, explain=explaining(context, resolver, allowed, command)
        )
        return engine_tools.read_answer(Path(request.output), "uv")
    pins = [] if resolver.upgrade_all or not preferred else _all_pins(preferred)
    return resolve_with_pip(context, resolver, request, pins, scratch, explain)


def explaining(
    context: Context, resolver: Resolver, allowed: str = "", command: Command | None = None
) -> Callable[[Failure], Failure]:
    """Return what says more about a failed resolution: a Python that has a wheel, or the day that is in force."""
    if resolver.as_of:  # another Python may have a wheel of later only
        return lambda failure: as_of.explained(resolver, command, failure)
    return naming_a_python(context, resolver.tools, resolver.interpreter, allowed)


def resolve_with_pip(
    context: Context,
    resolver: Resolver,
    request: ResolveRequest,
    pins: Sequence[tuple[str, str]],
    scratch: Path,
    explain: Callable[[Failure], Failure],
) -> str:
    """Return a ``pylock.toml`` for this interpreter alone; pins are kept where that is possible."""
    host = engine_tools.pip_of(context, resolver.tools)
    files = tuple(_plain_file(Path(name), scratch, request) for name in request.files)
    keep = _constraints(pins, resolver.upgrade, scratch)
    wish = ResolveRequest(
        output=request.output,
        python=request.python,
        files=files,
        constraints=keep,
        allow_build=request.allow_build,
        exclude_newer=request.exclude_newer,
        cwd=request.cwd,
    )
    done = process.run(pip.resolve(host, wish))
    if done.code and keep:  # an old pin that no longer fits: resolve again without them
        done = process.run(pip.resolve(host, replace(wish, constraints=())))
    if done.code:
        failure = failures.parse_failure(
            "pip", done.stdout, done.stderr, done.code, allow_build=wish.allow_build, offline=host.offline
        )
        raise failures.failure_error(explain(failure), done.stdout, done.stderr)
    return report.pylock_from_report(done.stdout)


def _plain_file(path: Path, scratch: Path, request: ResolveRequest) -> str:
    """Write down as lines what pip does not read from ``pyproject.toml``: dependencies, extras and groups."""
    if path.suffix != ".toml":
        return str(path)
    plain = scratch / "declared.in"
    text, target = store.read_text(path), Target(markers={})
    rows = locks.parse_pyproject(text, "pyproject.toml", target, request.extras, request.groups).requirements
    store.write_atomic(plain, "".join(f"{row}\n" for row in rows))
    return str(plain)


def _constraints(pins: Sequence[tuple[str, str]], upgrade: Sequence[str], scratch: Path) -> tuple[str, ...]:
    kept = [(name, version) for name, version in pins if name not in upgrade]
    if not kept:
        return ()
    path = scratch / "keep.txt"
    store.write_atomic(path, "".join(f"{name}=={version}\n" for name, version in kept))
    return (str(path),)


def _all_pins(text: str) -> list[tuple[str, str]]:
    rows = tomllib.loads(text).get("packages", [])
    return [(row["name"], row["version"]) for row in rows if "name" in row and "version" in row]
