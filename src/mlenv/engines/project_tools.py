"""Commands for Poetry, PDM and Pipenv: the tools that write a project's lock and can install from it.

``VIRTUAL_ENV`` tells each of them which environment to fill; mlenv makes it. Tried with Poetry 1.8
and 2.5, PDM 2.29 and Pipenv 2026.10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from mlenv.model import Command, value

__all__ = [
    "PROJECT_TOOLS",
    "ChangeRequest",
    "FillRequest",
    "LockRequest",
    "ProjectTool",
    "change",
    "fill",
    "lock",
    "parse_version",
    "version",
]

_ASK_S = 60.0
_WORK_S = 1800.0


@value
class ProjectTool:
    """One of the tools, as it is on this machine."""

    name: str
    """``poetry``, ``pdm`` or ``pipenv``."""
    path: str
    """Absolute path of the program."""
    version: str = ""


@value
class LockRequest:
    """Make a folder's lock anew from its manifest."""

    folder: str
    prefix: str
    """An environment of the Python to lock for; nothing is installed into it."""
    upgrade: tuple[str, ...] = ()
    upgrade_all: bool = False


@value
class ChangeRequest:
    """Declare packages in a folder's manifest, or take them out, and lock; nothing is installed."""

    folder: str
    prefix: str
    """An environment of the Python to lock for."""
    add: tuple[str, ...] = ()
    """Requirements as PEP 508 writes them."""
    remove: tuple[str, ...] = ()
    """Names; of both, one is given."""
    group: str | None = None


@value
class FillRequest:
    """Install a project's lock into an environment."""

    root: str
    prefix: str
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Those wanted beside the project's own dependencies."""
    without: tuple[str, ...] = ()
    """Groups of the project that are not wanted."""


def version(tool: ProjectTool) -> Command:
    """Ask a tool for its version; :func:`parse_version` reads the answer."""
    return Command(argv=(tool.path, "--version"), timeout_s=_ASK_S)


def parse_version(text: str) -> str:
    """Read ``Poetry (version 2.5.1)``, ``PDM, version 2.29.4`` or ``pipenv, version 2026.10.3``; empty for others."""
    found = re.search(r"version (\d+(?:\.\d+)+)", text)
    return found[1] if found else ""


def lock(tool: ProjectTool, request: LockRequest) -> Command:
    """Lock; pins that still fit are kept where the tool can (Pipenv resolves everything anew)."""
    return _command(tool, request.folder, request.prefix, _LOCK[tool.name](tool, request))


def change(tool: ProjectTool, request: ChangeRequest) -> Command:
    """Let Poetry edit its manifest in its own way, both tables of it, and lock."""
    verb, words = ("add", request.add) if request.add else ("remove", request.remove)
    group = ("--group", request.group) if request.group else ()
    options = ("--lock", "--no-interaction", "--no-ansi", *group)
    return _command(tool, request.folder, request.prefix, (verb, *options, *words))


def fill(tool: ProjectTool, request: FillRequest) -> Command:
    """Install what the lock says, and not the project itself."""
    return _command(tool, request.root, request.prefix, _FILL[tool.name](tool, request))


def _command(tool: ProjectTool, folder: str, prefix: str, arguments: Sequence[str]) -> Command:
    env: dict[str, str | None] = {"VIRTUAL_ENV": prefix, **_ENV[tool.name]}
    if tool.name == "pipenv":
        env["PIPENV_PIPFILE"] = f"{folder}/Pipfile"
    return Command(argv=(tool.path, *arguments), cwd=folder, env=env, timeout_s=_WORK_S)


def _lock_poetry(tool: ProjectTool, request: LockRequest) -> tuple[str, ...]:
    quiet = ("--no-interaction", "--no-ansi")
    if request.upgrade and not request.upgrade_all:
        return ("update", "--lock", *quiet, *request.upgrade)
    older = _major(tool) < 2  # there, keeping pins is what must be asked for
    if request.upgrade_all:
        return ("lock", *quiet) if older else ("lock", "--regenerate", *quiet)
    return ("lock", "--no-update", *quiet) if older else ("lock", *quiet)


def _lock_pdm(tool: ProjectTool, request: LockRequest) -> tuple[str, ...]:
    if request.upgrade and not request.upgrade_all:
        return ("update", "--no-sync", "--no-self", "--update-reuse", *request.upgrade)
    return ("lock", *(() if request.upgrade_all else ("--update-reuse",)))


def _lock_pipenv(tool: ProjectTool, request: LockRequest) -> tuple[str, ...]:
    return ("upgrade", "--lock-only", *request.upgrade) if request.upgrade and not request.upgrade_all else ("lock",)


def _fill_poetry(tool: ProjectTool, request: FillRequest) -> tuple[str, ...]:
    command = ("install", "--sync") if _major(tool) < 2 else ("sync",)
    extras = tuple(part for extra in request.extras for part in ("--extras", extra))
    groups = (
        *(("--with", ",".join(request.groups)) if request.groups else ()),
        *(("--without", ",".join(request.without)) if request.without else ()),
    )
    return (*command, "--no-root", "--no-interaction", "--no-ansi", *extras, *groups)


def _fill_pdm(tool: ProjectTool, request: FillRequest) -> tuple[str, ...]:
    wanted = tuple(part for group in (*request.extras, *request.groups) for part in ("-G", group))
    without = tuple(part for group in request.without for part in ("--without", group))
    return ("sync", "--no-self", *wanted, *without)


def _fill_pipenv(tool: ProjectTool, request: FillRequest) -> tuple[str, ...]:
    if not request.groups:
        return ("sync",)
    categories = " ".join(("packages", *("dev-packages" if name == "dev" else name for name in request.groups)))
    return ("sync", "--categories", categories)


def _major(tool: ProjectTool) -> int:
    return int(tool.version.partition(".")[0] or 2)


_LOCK: Mapping[str, Callable[[ProjectTool, LockRequest], tuple[str, ...]]] = {
    "poetry": _lock_poetry,
    "pdm": _lock_pdm,
    "pipenv": _lock_pipenv,
}
_FILL: Mapping[str, Callable[[ProjectTool, FillRequest], tuple[str, ...]]] = {
    "poetry": _fill_poetry,
    "pdm": _fill_pdm,
    "pipenv": _fill_pipenv,
}
_ENV: Mapping[str, Mapping[str, str | None]] = {
    "poetry": {"POETRY_NO_INTERACTION": "1"},
    # The Python that the project saved is not the one of this environment, and no question is answered here.
    "pdm": {
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PDM_CHECK_UPDATE": "0",
        "PDM_NON_INTERACTIVE": "1",
        "PDM_IGNORE_ACTIVE_VENV": None,
    },
    # A user's setting may say that the active environment does not count.
    "pipenv": {"PIPENV_VERBOSITY": "-1", "PIPENV_NOSPIN": "1", "PIPENV_YES": "1", "PIPENV_IGNORE_VIRTUALENVS": None},
}
PROJECT_TOOLS = tuple(_LOCK)
