"""Progress to every page of the server, by Jupyter's own event stream: short, masked, without a path.

Events reach every subscriber of the server, so they say less than the answers to those who ask.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Any

__all__ = ["SCHEMA", "SCHEMA_ID", "Teller", "public_text", "register"]

SCHEMA_ID = "urn:mlenv:job"
_LONGEST = 140
_PAUSE_S = 0.25
_STATES = ("running", "done", "failed", "cancelled")

SCHEMA: Mapping[str, Any] = {
    "$id": SCHEMA_ID,
    "version": "1",
    "title": "A job of mlenv",
    "description": "Sent when a job of mlenv begins, as it goes on (at most four times a second), and when it ends.",
    "personal-data": False,
    "type": "object",
    "required": ["job", "verb", "state", "folder", "project", "step", "text", "done", "total"],
    "properties": {
        "job": {"type": "string", "title": "Id of the job"},
        "verb": {"type": "string", "title": "The verb: create, sync, ..."},
        "state": {"enum": list(_STATES), "title": "Whether it runs, and how it ended"},
        "folder": {"type": ["string", "null"], "title": "Contents path of the project, where the server shows it"},
        "project": {"type": "string", "title": "Name of the project"},
        "step": {"type": ["string", "null"], "title": "Kind of the step: lock, download, install, ..."},
        "text": {"type": "string", "title": "The step in words"},
        "done": {"type": ["integer", "null"], "title": "How many of the step's parts are done"},
        "total": {"type": ["integer", "null"], "title": "How many there are"},
    },
}


def register(logger: Any) -> None:
    """Make the event known to a server's event logger (jupyter_events 0.9 to 0.12)."""
    from jsonschema.exceptions import ValidationError

    try:
        logger.register_event_schema(dict(SCHEMA))
    except ValidationError:  # before 0.11 a version was a number
        logger.register_event_schema({**SCHEMA, "version": 1})


def public_text(text: str, root: str = "") -> str:
    """Return a text that every page of the server may see: no secret, no place of this machine, one short line."""
    from mlenv.render import hide_places, mask_secrets, shorten

    shown = hide_places(shorten(mask_secrets(text), root, os.path.expanduser("~")))
    line = " ".join(shown.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


class Teller:
    """Tells the server's event stream of one server's jobs. Everything here runs in the server's own thread."""

    def __init__(self, logger: Any, log: Any) -> None:
        self._logger = logger
        self._log = log
        self._last: dict[str, float] = {}
        self._later: dict[str, tuple[asyncio.TimerHandle, list[dict[str, Any]]]] = {}

    def step(self, event: dict[str, Any]) -> None:
        """Tell of a step, at most four times a second for each job; the newest one of a pause is told at its end."""
        job = event["job"]
        if job in self._later:
            self._later[job][1][:] = [event]
            return
        wait = self._last.get(job, 0.0) + _PAUSE_S - time.monotonic()
        if wait <= 0:
            self._emit(event)
            return
        newest = [event]
        handle = asyncio.get_running_loop().call_later(wait, self._catch_up, job)
        self._later[job] = (handle, newest)

    def end(self, event: dict[str, Any]) -> None:
        """Tell of a job's end; nothing of it is told after that."""
        waiting = self._later.pop(event["job"], None)
        if waiting is not None:
            waiting[0].cancel()
        self._emit(event)
        self._last.pop(event["job"], None)

    def _catch_up(self, job: str) -> None:
        _, newest = self._later.pop(job)
        self._emit(newest[0])

    def _emit(self, event: dict[str, Any]) -> None:
        self._last[event["job"]] = time.monotonic()
        try:
            self._logger.emit(schema_id=SCHEMA_ID, data=event)
        except Exception as error:  # noqa: BLE001  # somebody else's handler: a job goes on without being told of
            self._log.warning("mlenv: an event could not be sent: %s", type(error).__name__)
