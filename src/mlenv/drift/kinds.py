"""Kinds of findings, the verdicts that they ask for, and how several findings of a package become one.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from mlenv.model import Finding

__all__ = ["KINDS", "ORDER", "VERDICT_OF", "one_per_package", "rank", "verdict_of"]

ORDER = ("broken", "no-env", "switch", "relock", "sync", "unknown", "restart", "unlocked", "in-step")
"""Verdicts, worst first."""

VERDICT_OF: Mapping[str, str] = MappingProxyType(
    {
        "broken": "broken",
        "damaged": "broken",
        "no-env": "no-env",
        "switch": "switch",
        "relock": "relock",
        "python": "sync",
        "missing": "sync",
        "different": "sync",
        "source": "sync",
        "duplicate": "sync",
        "extra": "sync",
        "undecidable": "unknown",
        "restart": "restart",
        "unlocked": "unlocked",
        "undeclared": "unlocked",
        # Worth saying, and no reason to act: these never worsen a verdict.
        "conflict": "in-step",
        "shadowed": "in-step",
        "outside": "in-step",
        "runtime-only": "in-step",
        "leftover": "in-step",
        "shell-pip": "in-step",
        "note": "in-step",
    }
)
"""The verdict that each kind of finding asks for."""

KINDS = tuple(VERDICT_OF)
"""Every kind of finding, in the order in which findings are shown and in which the first names a package's row."""

_RANK: Mapping[str, int] = MappingProxyType({verdict: rank for rank, verdict in enumerate(ORDER)})
_KIND_RANK: Mapping[str, Tuple[int, int]] = MappingProxyType(
    {kind: (_RANK[verdict], place) for place, (kind, verdict) in enumerate(VERDICT_OF.items())}
)
_UNKNOWN_KIND = (_RANK["unknown"], len(VERDICT_OF))


def verdict_of(kind: str) -> str:
    """Return the verdict that a kind asks for; a kind that this version does not know is ``unknown``, never in step."""
    return VERDICT_OF.get(kind, "unknown")


def rank(finding: Finding) -> Tuple[int, int, str]:
    rank, place = _KIND_RANK.get(finding.kind, _UNKNOWN_KIND)
    return rank, place, finding.package or ""


def one_per_package(found: Iterable[Finding]) -> Tuple[Finding, ...]:
    """Merge the findings of each package into its worst one, and sort: the worst first, then by name."""
    single: List[Finding] = []
    by_package: Dict[str, List[Finding]] = {}
    for finding in found:
        if finding.package is None:
            single.append(finding)
        else:
            by_package.setdefault(finding.package, []).append(finding)
    single = list(dict.fromkeys(single))
    single += [rows[0] if len(rows) == 1 else _merged(rows) for rows in by_package.values()]
    return tuple(sorted(single, key=rank))


def _merged(rows: List[Finding]) -> Finding:
    rows = sorted(rows, key=rank)

    def first(pick: Callable[[Finding], Optional[str]]) -> Optional[str]:
        return next((text for text in map(pick, rows) if text is not None), None)

    return Finding(
        kind=rows[0].kind,
        package=rows[0].package,
        declared=first(lambda row: row.declared),
        locked=first(lambda row: row.locked),
        installed=first(lambda row: row.installed),
        loaded=first(lambda row: row.loaded),
        reason=_merged_reason(rows),
        files=next((row.files for row in rows if row.files), ()),
    )


def _merged_reason(rows: List[Finding]) -> str:
    reasons = list(dict.fromkeys(row.reason for row in rows))
    if len(rows) == 2 and rows[1].kind == "restart":
        # What is on disk has been said: "3.7 is locked, 3.6 is installed, 3.7 is in memory".
        return f"{reasons[0]}, {rows[1].reason.rpartition(', ')[0]}"
    return "; ".join(reasons)
