"""The processes of a cluster as one table: alike ones in one line, so that 200 workers can be read.

Standard library only, Python 3.9+: this package also runs inside project kernels.
"""

from __future__ import annotations

from collections import Counter
from typing import Dict, List, Sequence, Tuple

from mlenv.model import Checked, Survey
from mlenv.render.private import mask_secrets, shorten

__all__ = ["cluster_lines"]

_HEAD = ("worker", "host", "Python", "verdict", "first difference")
_LONGEST = 90
_APART = 3
"""As many workers alike have a line each."""


def cluster_lines(survey: Survey) -> Tuple[str, ...]:
    """Return the table, a line that counts, and the one thing to do. Cost: O(processes)."""
    alike: Dict[Tuple[str, str, str, str], List[Checked]] = {}
    for row in survey.rows:
        alike.setdefault(_key(row), []).append(row)
    rows = [_HEAD]
    for key, same in alike.items():
        rows += [_cells(key, [row]) for row in same] if len(same) <= _APART else [_cells(key, same)]
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return (*lines, _summary(survey.rows), *_next(survey))


def _key(row: Checked) -> Tuple[str, str, str, str]:
    member = row.member
    return (member.role if member else "", member.python if member else "", row.verdict, _why(row))


def _cells(key: Tuple[str, str, str, str], rows: Sequence[Checked]) -> Tuple[str, str, str, str, str]:
    role, python, verdict, why = key
    hosts = list(dict.fromkeys(row.member.host for row in rows if row.member))
    name = "scheduler" if role == "scheduler" else _plain(rows[0].name)
    name = name if len(rows) == 1 else f"{len(rows)} workers ({name}, ...)"
    return name, hosts[0] if len(hosts) == 1 else f"{len(hosts)} hosts", python, verdict, why


def _why(row: Checked) -> str:
    if row.error is not None or row.report is None:
        return _short(row.error.message if row.error is not None else "")
    findings = row.report.findings
    if not findings:
        return ""
    first = findings[0]
    more = sum(each.kind != "note" for each in findings) - 1
    text = first.reason if not first.package or first.package in first.reason else f"{first.package}: {first.reason}"
    return _short(text) + (f" (and {more} more)" if more > 0 else "")


def _short(text: str) -> str:
    text = _plain(" ".join(text.split()))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _plain(text: str) -> str:
    return mask_secrets(shorten(text))


def _summary(rows: Sequence[Checked]) -> str:
    workers = [row for row in rows if row.member and row.member.role == "worker"]
    verdicts = Counter(row.verdict for row in workers)
    what = "1 worker" if len(workers) == 1 else f"{len(workers)} workers"
    return f"{what}: " + ", ".join(f"{number} {name}" for name, number in verdicts.most_common())


def _next(survey: Survey) -> Tuple[str, ...]:
    then = survey.next
    if then is None or survey.verdict == "in-step":
        return ()
    return (f"next: {then.command}",) if then.command else (f"next: {_plain(then.text)}",) if then.text else ()
