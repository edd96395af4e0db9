"""What the command line prints: text for people, JSON for programs, events for notebooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TextIO

from mlenv import render
from mlenv.errors import MlenvError
from mlenv.model import Event, Outcome, Report, Survey

__all__ = ["Printer", "mode_of"]

_LOUD_STEPS = frozenset({"wait", "build", "note"})
"""Steps that are shown even where standard error is no terminal: somebody waits, or should know."""


def mode_of(words: Sequence[str]) -> str:
    """Return ``events``, ``json`` or ``text``, before anything is parsed: errors of parsing are printed so, too."""
    if "--events" in words:
        return "events"
    return "json" if "--json" in words else "text"


class Printer:
    """Holds the two streams and the mode; every line of the command line leaves through here."""

    def __init__(self, mode: str, out: TextIO, err: TextIO) -> None:
        self._mode = mode
        self._out = out
        self._err = err
        self._open_line = False

    def text(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def event(self, event: Event) -> None:
        """Show one step: one JSON line, or one line that the next step overwrites."""
        if self._mode == "events":
            self._line({"event": "step", **render.event_json(event)})
        elif self._err.isatty():
            print(f"\r\x1b[2K{_short(event)}", end="", file=self._err, flush=True)
            self._open_line = True
        elif event.step in _LOUD_STEPS:
            print(_short(event), file=self._err, flush=True)

    def report(self, report: Report) -> None:
        self._clear()
        if self._mode == "events":
            self._line({"event": "report", "report": render.report_json(report)})
        elif self._mode == "json":
            self._line(render.report_json(report))
        else:
            self.text(render.report_text(report))

    def outcome(self, outcome: Outcome) -> None:
        self._clear()
        if self._mode == "events":
            self._line({"event": "result", "outcome": render.outcome_json(outcome)})
        elif self._mode == "json":
            self._line(render.outcome_json(outcome))
        elif outcome.document is not None:
            print(outcome.document, end="" if outcome.document.endswith("\n") else "\n", file=self._out, flush=True)
            print(render.outcome_text(outcome), file=self._err, flush=True)
        else:
            self.text(render.outcome_text(outcome))

    def survey(self, survey: Survey) -> None:
        """Show many reports: one table; for a notebook an outcome, which it shows as any other."""
        if self._mode == "json":
            self._clear()
            self._line(render.survey_json(survey))
        else:
            self.outcome(render.survey_outcome(survey))

    def error(self, error: MlenvError) -> None:
        self._clear()
        wire = render.error_json(error)
        if self._mode == "events":
            self._line({"event": "error", "error": wire["error"]})
        elif self._mode == "json":
            self._line(wire)
        print(render.error_text(error), file=self._err, flush=True)

    def _line(self, content: dict[str, Any]) -> None:
        print(json.dumps(content, ensure_ascii=False), file=self._out, flush=True)

    def _clear(self) -> None:
        if self._open_line:
            print("\r\x1b[2K", end="", file=self._err, flush=True)
            self._open_line = False


def _short(event: Event) -> str:
    count = f" ({event.done}/{event.total})" if event.done is not None and event.total else ""
    return f"mlenv: {event.text}{count}"[:160]
