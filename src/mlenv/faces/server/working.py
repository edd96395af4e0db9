"""Routes of jobs: start one, look at them, cancel one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv.errors import MlenvError
from mlenv.faces.server import places
from mlenv.faces.server.base import Handler
from mlenv.faces.server.jobs import Plan

if TYPE_CHECKING:
    from mlenv.faces.server.requests import JobRequest
    from mlenv.services.session_kernel import SessionKernel

__all__ = ["cancel", "job", "jobs", "start"]

_LONGEST_LOADED = 100_000
"""Linux takes no word of a command line that is longer than 128 kB."""


async def jobs(handler: Handler) -> tuple[int, Any]:
    return 200, {"schema": 1, "jobs": [job.json() for job in handler.service.jobs.kept()]}


async def job(handler: Handler) -> tuple[int, Any]:
    return 200, handler.service.jobs.get(handler.path_args[0]).json()


async def cancel(handler: Handler) -> tuple[int, Any]:
    found = handler.service.jobs.get(handler.path_args[0])
    return 202 if handler.service.jobs.cancel(found) else 200, found.json()


async def start(handler: Handler) -> tuple[int, Any]:
    from mlenv.faces.server.kernels import session_kernel
    from mlenv.faces.server.requests import parse_job

    asked = parse_job(handler.body())
    session = session_kernel(handler.service, asked.kernel)
    folder = await handler.folder(asked.path)
    plan = await handler.service.aside(lambda: _plan(handler, asked, session, folder))
    found = handler.service.jobs.start(plan)
    handler.set_header("Location", f"{handler.service.base}/jobs/{found.id}")
    return 202, found.json()


def _plan(handler: Handler, asked: JobRequest, session: SessionKernel | None, folder: Path) -> Plan:
    """Say what the job is to do and where; nothing is changed yet."""
    for named in asked.files:
        _refuse_outside(handler.service.root, folder, named)
    if asked.verb == "kernels":
        return Plan(
            verb=asked.verb, arguments=asked.arguments, words=asked.words, cwd=str(folder), key="kernels",
            folder=None, project="kernels", root="",
        )  # fmt: skip
    from mlenv.kernel.child import loaded_json
    from mlenv.services.context import Context, silent
    from mlenv.services.project import open_project
    from mlenv.services.session_kernel import place_of

    # As the verb itself will find it: create and use begin a project where there is none.
    found = open_project(Context(cwd=folder, report=silent), create=asked.verb in {"create", "use"})
    prefix = place_of(session, folder).prefix if session is not None else ""
    at_home = bool(prefix) and os.path.realpath(prefix) == os.path.realpath(found.prefix)
    loaded = loaded_json(asked.loaded) if asked.loaded and at_home else ""
    return Plan(
        verb=asked.verb,
        arguments=asked.arguments,
        words=asked.words,
        cwd=str(folder),
        key=os.path.realpath(found.root),
        folder=handler.service.contents_path(str(found.root)),
        project=found.folder.name,
        root=str(found.root),
        kernel_prefix=prefix,
        # Without it only the lines are missing that say what is to be loaded anew.
        loaded=loaded if len(loaded) <= _LONGEST_LOADED else "",
    )


def _refuse_outside(root: str, folder: Path, named: str) -> None:
    """Refuse a file outside of what the server shows.

    Raises:
        MlenvError: ``path-outside``.
    """
    if os.path.isabs(named) or places.contents_path(root, str(folder / named)) is None:
        message = "the file lies outside of the folder that this server shows"
        raise MlenvError("path-outside", message, where=named, hint="name it relative to the notebook's folder")
