"""What a tool, or mlenv, says of one project: the same few words for all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["NOTHING_SAID", "Row", "Said", "from_changes", "from_mlenv", "rows"]

Row = tuple[str, str]
"""Package and what is wrong with it: ``missing``, ``different``, ``extra`` or ``source``."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One answer; ``None`` where the tool does not tell."""

    lock: str | None = None
    """``fresh``, ``stale`` (the manifest says something else now), ``none`` (there is no lock) or ``unreadable``."""
    rows: frozenset[Row] | None = None
    environment: str | None = None
    """``there``, ``none``, ``broken`` (must be made anew) or ``python`` (another Python is asked for)."""
    verdict: str = ""
    """mlenv's own word."""
    restated: frozenset[str] = frozenset()
    """Packages that mlenv's report of the lock names: what else is wrong with them stands in the same row."""
    text: str = ""
    """What was shown, for the report of a disagreement."""


def rows(**kinds: Iterable[str]) -> frozenset[Row]:
    """Return rows: ``rows(missing=["six"], extra=["toolz"])``."""
    return frozenset((name, kind) for kind, names in kinds.items() for name in names)


def from_changes(removed: dict[str, str], added: dict[str, str]) -> frozenset[Row]:
    """Return what a plan says: name -> version that would be removed, and that would be installed."""
    found = set()
    for name in {*removed, *added}:
        if name not in added:
            found.add((name, "extra"))
        elif name not in removed:
            found.add((name, "missing"))
        else:
            same = removed[name] == added[name] or not added[name]  # a folder has the version that it has
            found.add((name, "source" if same else "different"))
    return frozenset(found)


def from_mlenv(out: str) -> Said:
    """Read the answer of ``mlenv check --json``."""
    answer = json.loads(out)
    if "error" in answer:
        return Said(lock="unreadable", verdict=answer["error"]["code"], text=out)
    kinds = {row["kind"] for row in answer["findings"]}
    kept = ("missing", "different", "extra", "source", "damaged", "duplicate", "undecidable")
    found = {(row["package"] or "", row["kind"]) for row in answer["findings"] if row["kind"] in kept}
    environment = next((word for kind, word in _ENVIRONMENT.items() if kind in kinds), "there")
    lock = "stale" if "relock" in kinds else "none" if "unlocked" in kinds else "fresh"
    return Said(
        lock=lock,
        rows=frozenset(found),
        environment=environment,
        verdict=answer["verdict"],
        restated=frozenset(row["package"] or "" for row in answer["findings"] if row["kind"] == "relock"),
        text=out,
    )


NOTHING_SAID = Said()
_ENVIRONMENT = {"no-env": "none", "broken": "broken", "python": "python"}
"""Kind of finding -> what it says of the environment, the gravest first."""
