"""Routes that look and change nothing."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.faces.server.base import Handler

if TYPE_CHECKING:
    from mlenv.services.context import Context
    from mlenv.services.project import Project

__all__ = [
    "about", "advice", "check", "check_loaded", "environments", "kernels", "openapi", "packages", "project",
    "projects", "pythons",
]  # fmt: skip

_Read = Callable[["Context"], dict[str, Any]]
_NO_FAULT = frozenset({"no-project", "kernel-missing"})
"""What is an answer to a page, which asks again and again, in every folder and of kernels just ended: browsers
log each 404 as a fault."""


async def about(_handler: Handler) -> tuple[int, Any]:
    from mlenv.faces.server.requests import JOB_VERBS, job_options

    return 200, {
        "schema": 1,
        "mlenv": __version__,
        "python": platform.python_version(),
        "platform": sys.platform,
        "verbs": {verb: list(job_options(verb)) for verb in JOB_VERBS},
    }


async def openapi(handler: Handler) -> tuple[int, Any]:
    from mlenv.faces.server.openapi import description

    return 200, description(handler.service.base)


async def project(handler: Handler) -> tuple[int, Any]:
    def read(context: Context) -> dict[str, Any]:
        from mlenv.services.describe import describe, describe_nothing

        found = _project_or_none(context)
        return describe_nothing(context) if found is None else describe(context, found)

    row = await _read(handler, read)
    return 200, {"schema": 1, **_placed(handler, row)}


async def projects(handler: Handler) -> tuple[int, Any]:
    def read() -> list[dict[str, Any]]:
        from mlenv.services.describe import describe_all

        return [_placed(handler, row) for row in describe_all(_context(Path(handler.service.root)))]

    return 200, {"schema": 1, "projects": await handler.service.aside(read)}


async def environments(handler: Handler) -> tuple[int, Any]:
    def read(context: Context) -> dict[str, Any]:
        from mlenv.services.use import list_environments

        return {"environments": (list_environments(context).data or {})["environments"]}

    return 200, {"schema": 1, **await _read(handler, read)}


async def kernels(handler: Handler) -> tuple[int, Any]:
    def read(context: Context) -> dict[str, Any]:
        from mlenv.kernels import listed
        from mlenv.services.kernels import rows_beside

        found = _project_or_none(context)
        return {"kernels": rows_beside(listed(), str(found.root) if found else None)}

    return 200, {"schema": 1, **await _read(handler, read)}


async def pythons(handler: Handler) -> tuple[int, Any]:
    def read(context: Context) -> dict[str, Any]:
        from mlenv.services.pythons import pythons

        return dict(pythons(context, asked=False).data or {})

    return 200, {"schema": 1, **await _read(handler, read)}


async def packages(handler: Handler) -> tuple[int, Any]:
    def read(context: Context) -> dict[str, Any]:
        from mlenv.services.inspect import package_rows

        return {"packages": package_rows(context, _project(context))}

    return 200, {"schema": 1, **await _read(handler, read)}


async def check(handler: Handler) -> tuple[int, Any]:
    return await _checked(handler, handler.text("path"), handler.text("kernel"), None)


async def check_loaded(handler: Handler) -> tuple[int, Any]:
    from mlenv.faces.server.requests import parse_loaded, text_of

    body = handler.body()
    path, kernel = text_of(body, "path", needed=True), text_of(body, "kernel")
    try:
        return await _checked(handler, path, kernel, parse_loaded(body.get("loaded")))
    except MlenvError as error:
        if error.code not in _NO_FAULT:
            raise
        from mlenv.render import error_json

        return 200, error_json(error)


async def advice(handler: Handler) -> tuple[int, Any]:
    module, kernel_id = handler.text("module"), handler.text("kernel")
    if not module or len(module) > 1000:
        raise MlenvError("usage", "'module' is missing", hint="advice?path=...&module=humanize")
    folder = await handler.folder(handler.text("path"))

    def read() -> dict[str, Any]:
        from mlenv.import_advice import advised_command
        from mlenv.services.import_help import advice_for

        found = advice_for(_context(folder), module, session, folder)
        if found is None:
            return {"action": "none", "package": None, "text": "", "command": ""}
        command = advised_command(found)
        return {"action": found.action, "package": found.package, "text": found.text, "command": command}

    from mlenv.faces.server.kernels import session_kernel

    session = session_kernel(handler.service, kernel_id)
    return 200, {"schema": 1, **await handler.service.in_turn(folder, ("advice", module, kernel_id), read)}


async def _checked(handler: Handler, path: str, kernel_id: str, loaded: Any) -> tuple[int, Any]:
    from mlenv.faces.server.kernels import session_kernel

    folder = await handler.folder(path)
    session = session_kernel(handler.service, kernel_id)

    def read() -> dict[str, Any]:
        from mlenv.render import report_json
        from mlenv.services.check import check_project
        from mlenv.services.check_session import check_session

        context = _context(folder)
        found = _project(context)
        if session is None:
            report = check_project(context, found)
        else:
            report = check_session(context, found, session, folder, loaded)
        told = report_json(report)
        told["lock"]["digest"] = _digest(found.root, report.lock_path)
        return told

    return 200, await handler.service.in_turn(folder, ("check", kernel_id, loaded), read)


async def _read(handler: Handler, read: _Read) -> dict[str, Any]:
    """Read the facts of the folder that the query names, in a thread, in turn with others of that folder."""
    folder = await handler.folder(handler.text("path"))
    return await handler.service.in_turn(folder, (read.__qualname__,), lambda: read(_context(folder)))


def _context(folder: Path) -> Context:
    from mlenv.services.context import Context, silent

    return Context(cwd=folder, report=silent)


def _project(context: Context) -> Project:
    """Open a project for a look that nobody asked for but by opening a notebook in it."""
    from mlenv.services.opening import opened
    from mlenv.services.project import open_project

    return opened(open_project(context))


def _project_or_none(context: Context) -> Project | None:
    try:
        return _project(context)
    except MlenvError as error:
        if error.code != "no-project":
            raise
        return None


def _digest(root: Path, lock: str | None) -> str | None:
    """Return what tells one state of the lock's file from another: a page says whether the lock or a cell moved."""
    try:
        return sha256((root / lock).read_bytes()).hexdigest()[:16] if lock else None
    except OSError:
        return None


def _placed(handler: Handler, row: dict[str, Any]) -> dict[str, Any]:
    """Add where the server shows the project."""
    root = row["project"]["root"] if row["project"] else None
    return {**row, "folder": handler.service.contents_path(root) if root else None}
