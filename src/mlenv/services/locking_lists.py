"""Lock a list of requirements: pinned rows with hashes, and the line that says their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlenv import locks, store
from mlenv.engines import uv
from mlenv.engines.requests import ResolveRequest
from mlenv.locks import Selected
from mlenv.locks.dated import day_line
from mlenv.manifest_edit import list_of_pylock, pin_versions, without_hashes
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.cuda_choice import with_backend
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.resolving import copied, explaining, may_build, resolve_with_pip
from mlenv.services.scratch import scratch_folder
from mlenv.services.tools import run_engine

__all__ = ["compile_requirements", "relock_requirements"]


def relock_requirements(
    context: Context, project: Project, edits: Mapping[str, str], resolver: Resolver, selected: Selected
) -> dict[str, str]:
    """Compile ``requirements.in`` (or ``pyproject.toml``) into the pinned ``requirements.txt`` beside it."""
    lock = selected.choice.lock or "requirements.txt"
    text = compile_requirements(context, project, edits, resolver, (selected.choice.manifest or "",), lock)
    old = store.read_text(project.root / lock) if lock in project.names else ""
    # A list without hashes stays one: with them, pip would refuse every other list beside it.
    return {lock: _sealed_requirements(text if not old or "--hash" in old else without_hashes(text), resolver.as_of)}


def compile_requirements(
    context: Context,
    project: Project,
    edits: Mapping[str, str],
    resolver: Resolver,
    sources: Sequence[str],
    lock: str,
) -> str:
    """Return what the sources resolve to as pinned rows with hashes; pins of the old list are kept where they fit."""
    old = store.read_text(project.root / lock) if (project.root / lock).exists() else ""
    explain = explaining(context, resolver)
    with scratch_folder(project.root) as scratch:
        copies = tuple(str(copied(project, edits, name, scratch)) for name in sources)
        output = scratch / "locked.txt"
        request = ResolveRequest(
            output=str(output),
            python=resolver.interpreter.path,
            files=copies,
            upgrade=resolver.upgrade,
            upgrade_all=resolver.upgrade_all,
            allow_build=may_build(context, project),
            exclude_newer=resolver.as_of,
            cwd=str(project.root),
        )
        if resolver.engine.installer != "uv":
            pins = [] if resolver.upgrade_all else list(pin_versions(old).items())
            return list_of_pylock(resolve_with_pip(context, resolver, request, pins, scratch, explain))
        if old:
            store.write_atomic(output, old)
        request = with_backend(request, resolver.cuda)
        command = uv.compile_requirements(engine_tools.uv_of(context, resolver.tools), request)
        run_engine(context, command, "lock", resolver.descriptor, explain=explaining(context, resolver, "", command))
        # Where a row came from is said with the file's name, not with that of a scratch copy.
        text = store.read_text(output)
        for copy, name in zip(copies, sources, strict=True):
            text = text.replace(copy, name).replace(str(Path(copy).relative_to(project.root)), name)
    return text


def _sealed_requirements(text: str, moment: str) -> str:
    """Give a compiled requirements file its end line; a row keeps its hashes and its comments."""
    head = [day_line(moment)] if moment else []
    rows: list[str] = []
    for line in text.splitlines():
        if line[:1].isspace() and rows:
            rows[-1] += f"\n{line}"
        elif line.startswith(("#", "-")) or not line.strip():
            head += [line] if line.startswith("-") else []
        else:
            rows.append(line)
    return locks.render_requirements(rows, head=head)
