"""Jobs: verbs that take long, each mlenv's own command line in a child process, one for each project.

State is changed in the server's thread only; the worker threads hand what they hear to its loop.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mlenv.errors import MlenvError
from mlenv.faces.server.events import Teller, public_text
from mlenv.model import Event, value

__all__ = ["Job", "Jobs", "Plan"]

_KEPT = 20
_RUNNING = 4
_LOG_LINES = 200
_LINE_CHARACTERS = 500
_STEP_CHARACTERS = 2000
_CLOSE_S = 2.5


@value
class Plan:
    """What a job is to do."""

    verb: str
    arguments: tuple[str, ...]
    words: tuple[str, ...]
    """Arguments and options as the command line takes them."""
    cwd: str
    key: str
    """What only one job at a time may work on: the project's real path."""
    folder: str | None
    """Contents path of the project; ``None`` outside the server's root."""
    project: str
    """Name of the project."""
    root: str
    kernel_prefix: str = ""
    loaded: str = ""


class Job:
    """One job, from its start on."""

    def __init__(self, plan: Plan) -> None:
        self.id = secrets.token_hex(8)
        self.plan = plan
        self.state = "running"
        self.stop = threading.Event()
        self.thread: threading.Thread | None = None
        self._started = _now()
        self._ended: str | None = None
        self._step: dict[str, Any] | None = None
        self._log: list[str] = []
        self._outcome: dict[str, Any] | None = None
        self._error: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        return self.state == "running"

    def step(self, event: Event) -> None:
        from mlenv.render import event_json

        # Masked by the child; a text without end must not hold the server up.
        self._step = event_json(replace(event, text=event.text[:_STEP_CHARACTERS]))
        count = f" ({event.done}/{event.total})" if event.done is not None and event.total else ""
        self._say(f"{self._step['text']}{count}")

    def finish(self, state: str, outcome: dict[str, Any] | None = None, error: dict[str, Any] | None = None) -> None:
        self.state, self._outcome, self._error, self._ended = state, outcome, error, _now()
        for line in (outcome or {}).get("lines", ()):
            self._say(str(line))
        if error:
            self._say(str(error.get("message", "")))

    def _say(self, text: str) -> None:
        lines = [line[:_LINE_CHARACTERS] for line in text.splitlines() if line.strip()]
        if lines and lines[-1:] != self._log[-1:]:
            self._log = [*self._log, *lines][-_LOG_LINES:]

    def json(self) -> dict[str, Any]:
        """Return the job as the wire has it."""
        return {
            "schema": 1,
            "id": self.id,
            "verb": self.plan.verb,
            "arguments": list(self.plan.arguments),
            "folder": self.plan.folder,
            "project": self.plan.project,
            "state": self.state,
            "started": self._started,
            "ended": self._ended,
            "step": self._step,
            "log": list(self._log),
            "outcome": self._outcome,
            "error": self._error,
        }

    def event(self) -> dict[str, Any]:
        """Return what every page of the server may see of it."""
        step = self._step or {}
        text = str(step.get("text", ""))
        if self._error:
            text = str(self._error.get("message", ""))
        elif self._outcome:
            text = next(iter(self._outcome.get("lines", ())), "")
        return {
            "job": self.id,
            "verb": self.plan.verb,
            "state": self.state,
            "folder": self.plan.folder,
            "project": public_text(self.plan.project),
            "step": step.get("step"),
            "text": public_text(text, self.plan.root),
            "done": step.get("done"),
            "total": step.get("total"),
        }


class Jobs:
    """The jobs of one server: what runs now, and how the last ones ended."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._jobs: dict[str, Job] = {}

    def kept(self) -> tuple[Job, ...]:
        """Return all, the newest first."""
        return tuple(reversed(self._jobs.values()))

    def get(self, job_id: str) -> Job:
        """Return one.

        Raises:
            MlenvError: ``job-missing``.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise MlenvError("job-missing", "there is no such job (any more)", hint="see mlenv/jobs")
        return job

    def start(self, plan: Plan) -> Job:
        """Start a job.

        Raises:
            MlenvError: ``project-busy`` with the id of the job that runs there, ``too-many-jobs``.
        """
        running = [job for job in self._jobs.values() if job.running]
        busy = next((job for job in running if job.plan.key == plan.key), None)
        if busy is not None:
            message = f"'{busy.plan.verb}' still runs in {busy.plan.project}"
            raise MlenvError("project-busy", message, where=busy.id, hint="wait for its end, or cancel it")
        if len(running) >= _RUNNING:
            raise MlenvError("too-many-jobs", f"{len(running)} jobs run already", hint="wait for one of them to end")
        job = Job(plan)
        self._forget_old()
        self._jobs[job.id] = job
        hear = _in_loop(asyncio.get_running_loop(), lambda change: self._changed(job, change))
        # A daemon: a server that is ended does not wait for it; `close` ends its work in order.
        job.thread = threading.Thread(target=_work, args=(job, hear), name=f"mlenv-{plan.verb}", daemon=True)
        self._teller.step(job.event())
        job.thread.start()
        return job

    def cancel(self, job: Job) -> bool:
        """Ask a job to end with all that it started; whether it still ran."""
        job.stop.set()
        return job.running

    def close(self) -> None:
        """End all jobs: at the end of the server."""
        threads = [job.thread for job in self._jobs.values() if job.thread is not None and job.thread.is_alive()]
        for job in self._jobs.values():
            job.stop.set()
        deadline = time.monotonic() + _CLOSE_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _changed(self, job: Job, change: Callable[[Job], None]) -> None:
        change(job)
        if job.running:
            self._teller.step(job.event())
        else:
            self._teller.end(job.event())

    def _forget_old(self) -> None:
        ended = [job.id for job in self._jobs.values() if not job.running]
        for job_id in ended[: max(0, len(self._jobs) - _KEPT + 1)]:
            del self._jobs[job_id]


_Change = Callable[[Job], None]


def _in_loop(loop: asyncio.AbstractEventLoop, apply: Callable[[_Change], None]) -> Callable[[_Change], None]:
    def hand_over(change: _Change) -> None:
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(apply, change)

    return hand_over


def _work(job: Job, hear: Callable[[_Change], None]) -> None:
    """Run a job in its thread, to its end."""
    from mlenv.render import error_json

    try:
        outcome = _run(job, lambda event: hear(lambda job: job.step(event)))
    except MlenvError as error:
        told = error_json(error)["error"]
        hear(lambda job: job.finish("failed", error=told))
    except KeyboardInterrupt:
        hear(lambda job: job.finish("cancelled"))
    except Exception as error:  # noqa: BLE001  # the outermost line of a face: a thread has nobody above it
        fault = MlenvError("internal", f"mlenv failed unexpectedly: {type(error).__name__}: {error}")
        told = error_json(fault)["error"]
        hear(lambda job: job.finish("failed", error=told))
    else:
        hear(lambda job: job.finish("done" if outcome.get("ok", True) else "failed", outcome))


def _run(job: Job, on_event: Callable[[Event], None]) -> dict[str, Any]:
    from mlenv.kernel import child

    plan = job.plan
    argv = child.command(
        sys.executable,
        plan.verb,
        plan.words,
        kernel_prefix=plan.kernel_prefix or None,
        loaded=plan.loaded or None,
    )
    message = child.run(argv, on_event, cwd=plan.cwd, stop=job.stop)
    outcome = message.get("outcome")
    return dict(outcome) if isinstance(outcome, dict) else {}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
