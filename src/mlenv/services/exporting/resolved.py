"""``export pylock.toml``: uv writes it from its own lock; for others it looks up where the locked files lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit

from mlenv import locks, store
from mlenv.engines import uv
from mlenv.engines.requests import ResolveRequest
from mlenv.errors import MlenvError
from mlenv.exports.locked import Locked
from mlenv.exports.requirements_file import requirement_rows
from mlenv.locks import Selected, Target
from mlenv.probe import interpreters
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.exporting.read_back import rows_of_uv
from mlenv.services.indexes import refuse_options
from mlenv.services.project import Project
from mlenv.services.scratch import scratch_folder
from mlenv.services.tools import run_engine
from mlenv.versions import normalise

__all__ = ["pylock_of"]


def pylock_of(
    context: Context, project: Project, selected: Selected, target: Target, locked: Locked, *, local: bool
) -> str:
    """Return a sealed PEP 751 lock.

    Args:
        context, project, selected, target, locked: the project's lock, as it was read.
        local: whether folders of the project may be in it: only where their relative paths hold; what uv does not
            write itself has none.

    Raises:
        MlenvError: ``export-unproved`` where the index has none of a package's locked files; what uv failed with.
    """
    selection, manifest = selected.selection, selected.manifest
    text = rows_of_uv(context, project, selected, target, "pylock.toml", local=local)
    if text is None:
        refuse_options(context, selected, driven=True)
        text = _resolved(context, project, target, locked)
    return locks.seal(
        text,
        manifest.requirements if manifest else (),
        extras=selection.extras,
        groups=selection.groups,
        requires_python=manifest.requires_python if manifest else "",
    )


def _resolved(context: Context, project: Project, target: Target, locked: Locked) -> str:
    """Ask the index where the files of each pin lie, and keep those that the lock has hashes for."""
    host = engine_tools.uv_of(context, engine_tools.tools())
    with scratch_folder(project.root) as scratch:
        rows = (*locked.options, *requirement_rows(locked, hashes=False))
        source = scratch / "pins.in"
        store.write_atomic(source, "".join(f"{row}\n" for row in rows))
        request = ResolveRequest(
            output=str(scratch / "pylock.toml"),
            python=interpreters.host().path,
            lowest_python=".".join(target.python.split(".")[:2]),
            files=(str(source),),
            with_dependencies=False,
            allow_build=context.options.allow_build or project.settings.allow_build is not False,
            universal=False,
            cwd=str(project.root),
        )
        run_engine(context, uv.compile_pylock(host, request), "lock")
        answer = engine_tools.read_answer(Path(request.output), "uv")
    return _held_to(answer, locked)


def _held_to(text: str, locked: Locked) -> str:
    """Return a lock without the files that the project's own has no hash for.

    Raises:
        MlenvError: ``export-unproved`` where no file of a package is left.
    """
    document = tomlkit.parse(text)
    for package in document.get("packages", []):
        known = {digest.lower() for digest in locked.hashes.get(normalise(str(package["name"])), ())}
        if known and not _keep(package, known):
            name, lock = package["name"], locked.deployment.lock
            message = f"the index has other files of {name} {package['version']} than {lock} has hashes for"
            raise MlenvError("export-unproved", f"{message}: nothing was written", where=lock, hint="mlenv lock")
    return tomlkit.dumps(document)


def _keep(package: Any, known: set[str]) -> bool:
    """Take out of a package's table what is not known; return whether a file is left."""
    if "sdist" in package and not _is_known(package["sdist"], known):
        del package["sdist"]
    wheels = package.get("wheels", [])
    for index in reversed(range(len(wheels))):
        if not _is_known(wheels[index], known):
            del wheels[index]
    if "wheels" in package and not wheels:
        del package["wheels"]
    return "wheels" in package or "sdist" in package or "archive" in package or "vcs" in package


def _is_known(file: Any, known: set[str]) -> bool:
    return any(f"{kind}:{text}".lower() in known for kind, text in file.get("hashes", {}).items())
