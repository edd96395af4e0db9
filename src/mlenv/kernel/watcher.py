"""What happens around every cell: a few stat calls, and one short line when something has changed.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, List, Optional, Tuple

from mlenv.drift import verdict_of
from mlenv.kernel.display import home_folder
from mlenv.kernel.memory import folder_stamp
from mlenv.kernel.state import State
from mlenv.model import Finding, Report
from mlenv.render import shorten

__all__ = ["Watcher", "change_text"]

_QUIET = frozenset({"in-step", "unknown", "unlocked"})
"""Verdicts that nobody is told of between two cells: nothing is wrong, or nothing is known yet."""
_SHOWN_FINDINGS = 3


class Watcher:
    """Tells of a change once: the cell that made it, or the next one, says so."""

    def __init__(self, state: State, say: Callable[[str], None]) -> None:
        self._state = state
        self._say = say
        self._paths: Tuple[str, ...] = ()
        self._stamps: Tuple[Any, ...] = ()
        self._modules = 0
        self._told: Optional[Tuple[Any, ...]] = None

    def before_cell(self) -> None:
        """Note what is there before the first cell runs; later, let a cell import what another program has installed.

        Cost: 5 ms once, then one stat per watched path. What has changed is told after the cell.
        """
        if not self._modules:
            self._remember_modules()
            self._state.follow()
        elif self._paths and self._changed():
            self._state.follow()

    def after_cell(self) -> None:
        """Look whether anything changed, and say what. Cost: one stat per watched path when nothing did (< 50 us)."""
        imported = len(sys.modules) != self._modules
        changed = not self._paths or self._changed()
        if self._state.root is None:
            if imported:
                self._remember_modules()
            return
        if imported or changed:
            self._remember_modules()
        if not changed and not self._state.selections().settled():
            return
        self._state.follow()
        report = self._state.report(wait=False)
        self._remember_paths()
        self._tell(report)

    def told(self, report: Report) -> None:
        """Note that the user has just been shown this, or what led to it."""
        self._told = _signature(report)
        self._remember_paths()
        self._remember_modules()

    def _tell(self, report: Report) -> None:
        signature = _signature(report)
        if signature == self._told:
            return
        if report.verdict == "unknown" and self._state.selections().waiting:
            return  # the answer is on its way
        recovered = report.verdict == "in-step" and bool(self._told)
        self._told = signature
        if recovered:
            self._say("mlenv: in step again")
        elif report.verdict not in _QUIET:
            self._say(shorten(change_text(report), self._state.root or "", home_folder()))

    def _changed(self) -> bool:
        return tuple([folder_stamp(path) for path in self._paths]) != self._stamps

    def _remember_modules(self) -> None:
        self._state.memory.look()
        self._modules = len(sys.modules)

    def _remember_paths(self) -> None:
        self._paths = self._state.watched()
        self._stamps = tuple([folder_stamp(path) for path in self._paths])


def _signature(report: Report) -> Tuple[Any, ...]:
    """Return what makes two reports the same news; empty when all is in step.

    What cannot be told (yet) is no news.
    """
    rows = [
        (row.kind, row.package, row.locked, row.installed, row.loaded, "" if row.package else row.reason)
        for row in report.findings
        if verdict_of(row.kind) != "in-step" and row.kind != "undecidable"
    ]
    return tuple(rows)


def change_text(report: Report) -> str:
    """Return one line: what differs, and the next thing to type."""
    rows = [row for row in report.findings if verdict_of(row.kind) not in {"in-step", "unknown"}]
    if report.verdict == "no-env":  # where there is none, no kernel can run in it: that is not a second matter
        rows = [row for row in rows if row.kind == "no-env"]
    parts = [_finding_text(row, report.lock_path or "the lock") for row in rows[:_SHOWN_FINDINGS]]
    if len(rows) > _SHOWN_FINDINGS:
        parts.append(f"and {len(rows) - _SHOWN_FINDINGS} more")
    command = f" Next: %{report.next.command}" if report.next.command else ""
    return f"mlenv: {'; '.join(parts)}.{command}"


def _finding_text(finding: Finding, lock: str) -> str:
    if finding.package is None:
        return finding.reason
    if finding.kind in {"damaged", "relock"}:
        return f"{finding.package}: {finding.reason}"
    parts: List[str] = []
    if finding.loaded:
        parts.append(f"{finding.loaded} in memory")
    parts.append(f"{finding.installed} on disk" if finding.installed else "not on disk")
    if finding.locked:
        parts.append(f"{lock} says {finding.locked}")
    elif finding.kind == "extra":
        parts.append(f"not in {lock}")
    elif finding.declared:
        parts.append(f"asked for as {finding.declared}")
    return f"{finding.package} {', '.join(parts)}"
