"""Reports, outcomes and errors as plain text for a terminal or a cell.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from typing import List, Optional, Sequence

from mlenv.errors import MlenvError
from mlenv.model import Change, Outcome, Report
from mlenv.render.story import NONE, Row, Voice, columns, tell

__all__ = ["change_text", "error_text", "outcome_text", "report_text"]

_MAX_ROWS = 20
_MAX_CELL = 40


def report_text(
    report: Report, *, root: Optional[str] = None, home: str = "", magic: bool = False, max_rows: int = _MAX_ROWS
) -> str:
    """Return a report for a person: the verdict, what differs, what to type. No trailing newline.

    Args:
        root: project folder that paths are shown relative to; ``None``: the report's own.
        home: the user's home folder, shown as ``~``.
        magic: whether commands are typed in a notebook (``%mlenv ...``).
        max_rows: package rows shown before "... and 12 more".
    """
    story = tell(report, voice_for(report, root, home, magic))
    lines = [story.head, *_table(story.rows[:max_rows])]
    if len(story.rows) > max_rows:
        lines.append(f"  ... and {len(story.rows) - max_rows} more")
    lines += [f"    {file}" for file in story.files[:max_rows]]
    if len(story.files) > max_rows:
        lines.append(f"    ... and {len(story.files) - max_rows} more files (--json lists them)")
    lines += [f"  {line}" for line in story.lines]
    lines += [f"  note: {note}" for note in story.notes]
    if story.command:
        lines.append(f"next: {story.command}" + (f"   ({story.also})" if story.also else ""))
    return "\n".join(lines)


def voice_for(report: Report, root: Optional[str], home: str, magic: bool) -> Voice:
    """Return how to speak about this report."""
    own = report.project.root if report.project else ""
    return Voice(root=own if root is None else root, home=home, magic=magic)


def _table(rows: Sequence[Row]) -> List[str]:
    """Return aligned lines; a column that no row fills is left out, except locked and installed."""
    if not rows:
        return []
    cells = [[row.package for row in rows]]
    cells += [[f"{name} {_short(text or NONE)}" for text in content] for name, content in columns(rows)]
    widths = [max(len(text) for text in column) for column in cells]
    return [
        "  " + "   ".join([text.ljust(width) for text, width in zip(line, widths)] + [row.what])
        for line, row in zip(zip(*cells), rows)
    ]


def _short(text: str) -> str:
    return text if len(text) <= _MAX_CELL else f"{text[: _MAX_CELL - 3]}..."


def outcome_text(
    outcome: Outcome, *, root: str = "", home: str = "", magic: bool = False, max_rows: int = _MAX_ROWS
) -> str:
    """Return what a verb did; with ``--dry-run`` what it would do, package by package."""
    voice = Voice(root=root, home=home, magic=magic)
    lines = [voice.say(line) for line in outcome.lines]
    if outcome.dry_run:
        lines += [f"  {change_text(change)}" for change in outcome.changes[:max_rows]]
        if len(outcome.changes) > max_rows:
            lines.append(f"  ... and {len(outcome.changes) - max_rows} more")
    return "\n".join(lines)


def change_text(change: Change) -> str:
    """Return one change as one line: ``+ six 1.17.0``, ``- six 1.16.0``, ``~ six 1.16.0 -> 1.17.0``."""
    if change.before is None:
        return f"+ {change.package} {change.after or ''}".rstrip()
    if change.after is None:
        return f"- {change.package} {change.before}"
    return f"~ {change.package} {change.before} -> {change.after}"


def error_text(error: MlenvError, *, root: str = "", home: str = "", magic: bool = False) -> str:
    """Return an error in at most five lines: what is wrong, where, what to do. Its details are left for logs."""
    voice = Voice(root=root, home=home, magic=magic)
    message = [line for line in voice.say(error.message).splitlines() if line.strip()] or [error.code]
    lines = [f"error: {message[0]}", *(f"  {line.strip()}" for line in message[1:3])]
    if error.where:
        lines.append(f"  where: {_one_line(voice.say(error.where))}")
    if error.hint:
        lines.append(f"  to do: {_one_line(voice.say(error.hint))}")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())
