"""Let uv lock its own project, on a copy of its files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from mlenv import store
from mlenv.engines import uv
from mlenv.errors import MlenvError
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.resolving import explaining
from mlenv.services.scratch import scratch_folder
from mlenv.services.tools import run_engine

__all__ = ["relock_uv"]


def relock_uv(context: Context, project: Project, edits: Mapping[str, str], resolver: Resolver) -> dict[str, str]:
    """Let uv lock a copy of the project's files."""
    uvx = engine_tools.uv_of(context, resolver.tools)
    with scratch_folder(project.root) as scratch:
        _copy_project(project, edits, scratch)
        command = uv.lock_project(
            uvx,
            str(scratch),
            resolver.interpreter.path,
            upgrade=resolver.upgrade,
            upgrade_all=resolver.upgrade_all,
            exclude_newer=resolver.as_of,
            allow_build=True,  # only metadata of what uv cannot read otherwise; installing asks again
        )
        explain = explaining(context, resolver, "", command) if resolver.as_of else None
        run_engine(context, command, "lock", resolver.descriptor, explain=explain)
        return {"uv.lock": engine_tools.read_answer(scratch / "uv.lock", "uv")}


def _copy_project(project: Project, edits: Mapping[str, str], scratch: Path) -> None:
    """Copy what uv needs to lock.

    Raises:
        MlenvError: ``uv-workspace`` where the lock names other folders, which a copy would lose.
    """
    lock = store.read_text(project.root / "uv.lock") if "uv.lock" in project.names else ""
    local = re.findall(r'source = \{ (?:editable|directory|path|virtual) = "([^"]+)"', lock)
    others = sorted({name for name in local if name != "."})
    if others:
        raise MlenvError(
            "uv-workspace",
            f"uv.lock names other folders of this machine ({others[0]}); mlenv does not edit such a project yet",
            where="uv.lock",
            hint="uv add NAME, uv remove NAME or uv lock, then: mlenv sync",
        )
    for name in ("pyproject.toml", "uv.lock", "uv.toml", "README.md", ".python-version"):
        text = edits.get(name)
        if text is None and name in project.names:
            text = store.read_text(project.root / name)
        if text is not None:
            store.write_atomic(scratch / name, text)
