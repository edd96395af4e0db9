"""What the notebook shows: reports as objects, progress in one updating place, errors without a traceback.

Standard library only, Python 3.9+. Works without a front end (nbclient) and in a terminal.
"""

from __future__ import annotations

import os
import time
from dataclasses import fields
from types import SimpleNamespace
from typing import Any, Dict, List, Mapping, Optional, TypeVar

from mlenv import render
from mlenv.errors import MlenvError
from mlenv.model import (
    Action,
    Change,
    Counts,
    EnvironmentFacts,
    Event,
    Finding,
    KernelRef,
    Outcome,
    ProjectRef,
    Report,
)

__all__ = [
    "MIME",
    "CheckResult",
    "Progress",
    "error_without_traceback",
    "home_folder",
    "not_in_step",
    "outcome_of",
    "report_of",
    "show",
    "without_traceback",
]

MIME = "application/vnd.mlenv.report.v1+json"
_UPDATES_PER_S = 4
_E = TypeVar("_E", bound=BaseException)


class CheckResult:
    """The answer of ``%mlenv check``: the wire's fields as attributes, shown as a table.

    ``r = %mlenv check`` then ``r.ok``, ``r.verdict``, ``r.next.command``, ``[f.package for f in r.findings]``.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.shown = False
        self._wire = render.report_json(report)
        for name, content in self._wire.items():
            setattr(self, name, _namespace(content))
        self.findings = report.findings

    @property
    def ok(self) -> bool:
        """Whether everything that was measured agrees."""
        return self.report.ok

    def json(self) -> Dict[str, Any]:
        """Return the object of ``mlenv check --json``: absolute paths, not for saving in a notebook."""
        return dict(self._wire)

    def __repr__(self) -> str:
        return render.report_text(self.report, home=home_folder(), magic=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        self.shown = True
        root = self.report.project.root if self.report.project else ""
        return {
            "text/plain": repr(self),
            "text/html": render.report_html(self.report, home=home_folder()),
            MIME: _shortened(self._wire, root),
        }


def _namespace(content: Any) -> Any:
    if isinstance(content, dict):
        return SimpleNamespace(**{name: _namespace(item) for name, item in content.items()})
    return tuple(_namespace(item) for item in content) if isinstance(content, list) else content


def _shortened(content: Any, root: str) -> Any:
    """Return the wire with paths relative to the project or the home folder: a notebook is shared."""
    if isinstance(content, str):
        return render.shorten(content, root, home_folder())
    if isinstance(content, Mapping):
        return {name: _shortened(item, root) for name, item in content.items()}
    return [_shortened(item, root) for item in content] if isinstance(content, list) else content


def not_in_step(result: CheckResult) -> MlenvError:
    """Return the error of ``--strict``: an exception is what stops nbclient, papermill and "Run All"."""
    result.shown = True
    command = result.report.next.command
    return MlenvError("not-in-step", "\n".join(repr(result).splitlines()[:3]), hint=f"%{command}" if command else "")


def home_folder() -> str:
    home = os.path.expanduser("~")
    return home if len(home) > 1 else ""


def report_of(wire: Mapping[str, Any]) -> Report:
    """Return the report that a wire object tells of (the answer of a child process)."""
    environment, lock, project, kernel = (wire.get(key) or {} for key in ("environment", "lock", "project", "kernel"))
    return Report(
        verdict=wire["verdict"],
        next=Action(**wire["next"]),
        project=ProjectRef(**project) if project else None,
        environment=EnvironmentFacts(**environment),
        lock_path=lock.get("path"),
        lock_kind=lock.get("kind"),
        kernel=KernelRef(**kernel) if kernel else None,
        loaded_measured=bool(wire.get("loaded_measured")),
        findings=tuple(_finding_of(row) for row in wire.get("findings", ())),
        counts=Counts(**wire.get("counts", {})),
        reason=str(wire.get("reason") or ""),
    )


def _finding_of(row: Mapping[str, Any]) -> Finding:
    """Return a finding; a host that is newer than this kernel may say more of it."""
    known = {field.name for field in fields(Finding)}
    found = {key: item for key, item in row.items() if key in known}
    return Finding(**{**found, "files": tuple(row.get("files", ()))})


def outcome_of(wire: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a wire object tells of."""
    return Outcome(
        verb=str(wire.get("verb", "")),
        lines=tuple(wire.get("lines", ())),
        changes=tuple(Change(**row) for row in wire.get("changes", ())),
        files=tuple(wire.get("files", ())),
        kernel=wire.get("kernel"),
        dry_run=bool(wire.get("dry_run")),
        ok=bool(wire.get("ok", True)),
        data=wire.get("data"),
    )


def show(text: str, *, data: Optional[Mapping[str, Any]] = None) -> None:
    """Show a few lines below the cell that runs, beside them what a front end of mlenv makes a button of."""
    from IPython.display import display

    display({"text/plain": text, "text/html": render.notice_html(text.splitlines()), **(data or {})}, raw=True)


class Progress:
    """One place below the cell that shows how far a verb is, and at the end what it did."""

    def __init__(self, verb: str, *, terminal: bool) -> None:
        self._verb = verb
        self._terminal = terminal
        self._handle: Optional[Any] = None
        self._last = 0.0
        self._said: List[str] = []

    def tell(self, event: Event) -> None:
        """Show a step; at most four times a second, what is skipped is overtaken by the next."""
        if self._terminal:
            if event.text not in self._said:
                self._said.append(event.text)
                print(f"mlenv {self._verb}: {event.text}")
            return
        now = time.monotonic()
        if now - self._last >= 1 / _UPDATES_PER_S:
            self._last = now
            text = _step_text(self._verb, event)
            self._put(text, render.step_html(text, event.done, event.total))

    def finish(self, text: str, rich: str = "") -> None:
        """Replace the steps by the result."""
        if self._terminal:
            print(text)
        else:
            self._put(text, rich or render.notice_html(text.splitlines()))

    def give_up(self, text: str) -> None:
        """Replace the steps, if any were shown, by how it ended; the error itself comes below."""
        if self._handle is not None:
            self._put(text, render.notice_html([text]))

    def _put(self, text: str, rich: str) -> None:
        from IPython.display import display

        bundle = {"text/plain": text, "text/html": rich}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


def _step_text(verb: str, event: Event) -> str:
    count = f" {event.done}/{event.total}" if event.done is not None and event.total else ""
    return f"mlenv {verb}: {event.text}{count}"


def without_traceback(error: _E, text: str) -> _E:
    """Make IPython show these lines for an exception, and no traceback of mlenv's own code."""
    lines = text.splitlines()
    # IPython asks any exception for this method (7.34 to 9): documented for ipyparallel, used by nothing else here.
    vars(error)["_render_traceback_"] = lambda: list(lines)
    return error


def error_without_traceback(error: MlenvError, root: str = "") -> MlenvError:
    """Return the error as a cell shows it: at most five lines, what is wrong, where, what to do."""
    return without_traceback(error, render.error_text(error, root=root, home=home_folder(), magic=True))
