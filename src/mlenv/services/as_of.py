"""``--as-of``: resolve with only those packages that were uploaded before a moment, and with a Python of that time.

The moment is written into the lock and stays in force for it; another one, or ``now``, resolves everything anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import Version

from mlenv import process, store
from mlenv.engines import failures, uv
from mlenv.engines.failure import Failure
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.locks.dated import recorded_moment
from mlenv.model import Command
from mlenv.moments import PYTHON_RELEASED, parse_moment, released_before, shown_moment
from mlenv.probe import interpreters
from mlenv.probe.interpreters import Interpreter
from mlenv.requirement_text import parse_requirement
from mlenv.services.context import Context
from mlenv.services.hygiene import git_command
from mlenv.services.project import LOCK_NAMES, MANIFEST_NAMES, Project
from mlenv.services.resolver import Resolver
from mlenv.versions import satisfies

__all__ = ["NOW", "asked_moment", "explained", "is_due", "moment_of_lock", "python_then", "settled", "told"]

NOW = "now"
"""Lifts the limit that a lock has."""
_GIT_S = 10.0
_OLDEST = 9
"""Minor version of the oldest Python that project kernels run on."""


def asked_moment(context: Context, project: Project) -> str:
    """Return the moment that ``--as-of`` asks for (RFC 3339, UTC), ``now``, or nothing where it is not given.

    Raises:
        MlenvError: ``date-invalid``; ``date-unknown`` where git tells none; ``usage`` beside ``--frozen``.
    """
    asked = context.options.as_of
    if asked is None:
        return ""
    if context.options.frozen:
        message = "--frozen takes the lock as it is, --as-of makes it anew"
        raise MlenvError("usage", message, hint="leave one of the two out")
    if asked == "git":
        return _of_last_commit(project)
    return asked if asked == NOW else parse_moment(asked, datetime.now(UTC))


def settled(context: Context, project: Project, selected: Selected, resolver: Resolver) -> Resolver:
    """Return the resolver with the moment that is in force (asked for, else the lock's own; ``now``: none).

    Where that is another one than the lock's, nothing of the lock is kept. Says what counts, and what it cannot limit.

    Raises:
        MlenvError: ``date-not-driven`` for a lock that another tool makes.
    """
    recorded = moment_of_lock(project, selected.choice.lock)
    moment = "" if resolver.as_of == NOW else resolver.as_of or recorded
    engine = resolver.engine
    tool = "conda" if engine.name == "conda" else engine.through or selected.choice.kind or ""
    if resolver.as_of and tool in {"poetry", "pdm", "pipenv", "conda", "pixi"}:
        raise MlenvError(
            "date-not-driven",
            f"{selected.choice.lock or 'the lock'} is made by {tool}, which mlenv does not limit to a day",
            where=selected.choice.lock or "",
            hint="leave --as-of out",
        )
    if moment:
        context.tell("note", f"only packages uploaded before {shown_moment(moment)} count")
        rows = selected.manifest.requirements if selected.manifest else ()
        free = [row.name for row in map(parse_requirement, rows) if row.url]
        if free:
            context.tell("note", f"no date limits {', '.join(free[:6])}: it comes from an address, not from the index")
    anew = bool(resolver.as_of) and moment != recorded
    return replace(resolver, as_of=moment, upgrade_all=resolver.upgrade_all or anew)


def is_due(project: Project, selected: Selected, resolver: Resolver) -> bool:
    """Whether the lock has to be made anew because another moment is asked for than it was made as of.

    Raises:
        MlenvError: ``nothing-to-lock`` where no manifest says what to resolve.
    """
    recorded = moment_of_lock(project, selected.choice.lock)
    if not resolver.as_of or ("" if resolver.as_of == NOW else resolver.as_of) == recorded:
        return False
    if selected.choice.manifest is None and selected.choice.lock is not None:
        raise MlenvError(
            "nothing-to-lock",
            f"{selected.choice.lock} has exact versions and no manifest beside it, so no day changes them",
            where=selected.choice.lock,
            hint="leave --as-of out, or declare the packages in pyproject.toml or requirements.in",
        )
    return True


def moment_of_lock(project: Project, lock: str | None) -> str:
    """Return the moment that a lock on disk was made as of; empty where it says none, or is not there."""
    if not lock or not (project.root / lock).is_file():
        return ""
    return recorded_moment(lock, store.read_text(project.root / lock))


def told(project: Project, lock: str | None) -> str:
    """Return ``, uploaded before 2022-07-17 00:00 UTC`` for a line about a lock; empty where it has no such limit."""
    moment = moment_of_lock(project, lock)
    return f", uploaded before {shown_moment(moment)}" if moment else ""


def python_then(moment: str, allowed: str) -> Interpreter:
    """Return the newest Python of this machine that was released before a moment and that the project allows.

    Raises:
        MlenvError: ``python-not-found`` where there is none, with what to type.
    """
    here = [one for one in interpreters.listed(store.cache_dir()) if _plain(one)]
    fits = [one for one in here if satisfies(one.version, allowed) is not False]
    then = [one for one in fits if released_before(one.version, moment)]
    for python in sorted(then, key=lambda one: Version(one.version), reverse=True):
        try:
            found = interpreters.find(python.version, store.cache_dir())
        except MlenvError:  # it does not start
            continue
        first = PYTHON_RELEASED.get(_minor(found), "")
        return replace(found, why=f"it is the newest here that was released before {moment[:10]} ({first})")
    oldest = min(fits, key=lambda one: Version(one.version)).version.rpartition(".")[0] if fits else ""
    wanted = max((minor for minor in PYTHON_RELEASED if released_before(f"3.{minor}", moment)), default=0)
    but = f" and fits {allowed}" if allowed else ""
    command = f"mlenv create --as-of {moment.removesuffix('T00:00:00Z')} --python"
    ways = [f"{command} {oldest} (a newer one)"] if oldest else []
    ways += [f"{command} 3.{wanted} --fetch-python"] if wanted >= _OLDEST else []
    message = f"no Python here was released before {moment[:10]}{but}"
    raise MlenvError("python-not-found", message, where="--as-of", hint=", or ".join(ways) or "a later day")


def explained(resolver: Resolver, command: Command | None, failure: Failure) -> Failure:
    """Say with a failure to resolve that a day is in force, and whether the index tells times of upload at all."""
    if not resolver.as_of:
        return failure
    if failure.code == "uploaded-later" and command is not None:  # uv says only aloud that a time is missing
        done = process.run(uv.louder(command))
        again = failures.parse_failure("uv", done.stdout, done.stderr, done.code) if done.code else failure
        failure = again if again.code == "index-undated" else failure
    if failure.code in {"package-missing", "version-missing", "conflict"}:
        message = f"{failure.message} Only packages uploaded before {shown_moment(resolver.as_of)} count."
        return replace(failure, message=message, hint="a later --as-of, or --as-of now; or check the spelling")
    return failure


def _plain(python: Interpreter) -> bool:
    """Whether a Python is CPython as most people have it, and new enough for kernels."""
    usual = python.implementation == "cpython" and not python.variant
    return usual and _minor(python) >= _OLDEST and re.fullmatch(r"3(\.\d+)+", python.version) is not None


def _minor(python: Interpreter) -> int:
    return int(python.version.split(".")[1])


def _of_last_commit(project: Project) -> str:
    """Return when the lock or the manifest was last committed, else when the last commit was made."""
    files = sorted(project.names & {*LOCK_NAMES, *MANIFEST_NAMES})
    for paths in (files, []) if files else ([],):
        text = _log(project.root, paths)
        if text:
            return parse_moment(text, datetime.now(UTC))
    message = "there is no commit here to take the day from"
    raise MlenvError("date-unknown", message, where=str(project.root), hint="--as-of YYYY-MM-DD")


def _log(root: Path, paths: Sequence[str]) -> str:
    command = git_command(root, "--no-pager", "log", "-1", "--no-show-signature", "--format=%cI", "--", *paths)
    if command is None:
        return ""
    try:
        done = process.run(replace(command, timeout_s=_GIT_S))
    except MlenvError:
        return ""
    return done.stdout.strip() if done.code == 0 else ""
