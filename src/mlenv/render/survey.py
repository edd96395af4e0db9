"""Many reports as one table, and as the wire.

Standard library only, Python 3.9+: this package also runs inside project kernels.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, Sequence, Tuple

from mlenv.drift import ORDER
from mlenv.model import Checked, Outcome, Survey
from mlenv.render.cluster import cluster_lines
from mlenv.render.private import mask_secrets
from mlenv.render.story import Voice, tell
from mlenv.render.wire import SCHEMA, action_json, error_json, report_json

__all__ = ["survey_json", "survey_outcome"]

_ORDER = ("error", *ORDER)
_HEAD = ("notebook or project", "verdict", "what to type", "why")
_LONGEST = 90
_MANY = 50
"""Rows that are read one by one; of more, those with something to say are, the worst first."""


def survey_outcome(survey: Survey) -> Outcome:
    """Return the table as an outcome: one line for each notebook and project, then one that counts.

    Of more than 50, what is in step and has no hint is only counted, and the worst come first; ``data`` has all.
    """
    if any(row.member is not None for row in survey.rows):
        return Outcome(verb="cluster", lines=cluster_lines(survey), ok=survey.status == 0, data=survey_json(survey))
    cells = [_cells(row) for row in survey.rows]
    if len(cells) > _MANY:
        told = [row for row in cells if row[1] != "in-step" or row[2] or row[3]]
        cells = sorted(told, key=lambda row: _ORDER.index(row[1]))
    left = len(survey.rows) - len(cells)
    rows = [_HEAD, *cells] if cells else []
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    lines += [f"in step and not listed: {left:,} (--json has them)"] if left else []
    lines.append(_summary(survey.rows))
    return Outcome(verb="check", lines=tuple(lines), ok=survey.status == 0, data=survey_json(survey))


def survey_json(survey: Survey) -> Dict[str, Any]:
    """Return the object of ``mlenv check --json`` for many: ``reports``, each with its ``name``, and ``verdict``.

    ``verdict`` is the worst of them, ``error`` where something could not be read. A row of ``reports`` is what
    ``check --json`` says of one (``next.command`` as it is typed here), or an error's object, with ``name`` and
    ``notebook`` (``null`` for a project). Of a cluster each row has ``role``, ``host`` and ``python``, and ``next`` of
    the whole is what to do.
    """
    then = {"next": action_json(survey.next)} if survey.next is not None else {}
    return {"schema": SCHEMA, "verdict": survey.verdict, **then, "reports": [_row_json(row) for row in survey.rows]}


def _row_json(row: Checked) -> Dict[str, Any]:
    told = error_json(row.error) if row.error is not None else report_json(row.report) if row.report else {}
    member = row.member
    place = {"role": member.role, "host": member.host, "python": member.python or None} if member else {}
    return {"name": row.name, "notebook": row.name if row.is_notebook else None, **place, **told}


def _cells(row: Checked) -> Tuple[str, str, str, str]:
    if row.error is not None or row.report is None:
        message, hint = (row.error.message, row.error.hint) if row.error is not None else ("", "")
        # Only what is a command can be typed.
        return row.name, row.verdict, _short(hint) if hint.startswith("mlenv ") else "", _short(message)
    story = tell(row.report, Voice(root=row.report.project.root if row.report.project else ""))
    if not row.report.ok:
        return row.name, row.report.verdict, story.command, _short(story.head.partition(": ")[2])
    # In step: what is worth knowing, and what to type about the first of it.
    command = row.hints[0][1] if row.hints else ""
    return row.name, row.report.verdict, mask_secrets(command), _short("; ".join(what for what, _ in row.hints))


def _short(text: str) -> str:
    text = mask_secrets(" ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _summary(rows: Sequence[Checked]) -> str:
    notebooks = sum(row.is_notebook for row in rows)
    what = [f"{notebooks} notebook{'' if notebooks == 1 else 's'}"] if notebooks else []
    projects = len(rows) - notebooks
    what += [f"{projects} project{'' if projects == 1 else 's'}"] if projects else []
    verdicts = Counter(row.verdict for row in rows)
    return f"{' and '.join(what)}: " + ", ".join(f"{number} {name}" for name, number in verdicts.most_common())
