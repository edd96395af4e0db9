"""What a person reads after a freeze, and what the rows of an earlier one say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlenv.freezing import Frozen
from mlenv.model import Pin
from mlenv.services import words
from mlenv.services.freeze.plan import Plan
from mlenv.versions import normalise

__all__ = ["direct_rows", "said"]

_SHOWN = 4
_OURS = re.compile(r"^# This file was made by mlenv\b", re.MULTILINE)
_NEEDED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)[^\n]* # via ", re.MULTILINE)


def direct_rows(text: str, pins: Sequence[Pin]) -> tuple[str, ...]:
    """Return the names that a pinned requirements file asks for itself.

    In a file that mlenv froze, rows with ``# via`` are there because others need them; any other file is a list that
    a person or a tool wrote, whose rows all count.
    """
    needed = {normalise(match[1]) for match in _NEEDED.finditer(text)} if _OURS.search(text) else set()
    return tuple(pin.name for pin in pins if pin.name not in needed)


def said(frozen: Frozen, plan: Plan, notes: Sequence[str], *, dry_run: bool) -> tuple[str, ...]:
    """Return at most five lines: what was written and proved, what changed in the manifest, what stayed out."""
    direct = sum(row.direct for row in frozen.rows)
    verb = "would freeze" if dry_run else "frozen" if plan.changed else "unchanged"
    lines = [f"{verb:<12} {plan.name}: {words.packages(len(frozen.rows))}, {direct} of them asked for; {plan.proof}"]
    if plan.notes:
        lines.append(f"declared     {plan.manifest}: {_some(plan.notes)}")
    left = [
        f"{item.name} ({item.reason})"
        for item in frozen.left_out
        if item.why not in {"kernel", "tooling", "project", "unasked"}
    ]
    if left:
        lines.append(f"left out     {_some(left)}")
    unasked = [item.name for item in frozen.left_out if item.why == "unasked"]
    by_version = [f"{name} was installed from a local file and is frozen by its version" for name in frozen.by_version]
    rest = [*by_version, *notes]
    if unasked:
        rest.append(f"{len(unasked)} installed packages that nobody asked for stay out: {_some(unasked)}")
    lines += [f"note         {note}" for note in rest]
    if len(lines) > 5:
        lines = [*lines[:4], f"note         and {len(lines) - 4} more notes: mlenv freeze --json shows all"]
    return tuple(lines)


def _some(parts: Sequence[str]) -> str:
    more = f", and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    return ", ".join(parts[:_SHOWN]) + more
