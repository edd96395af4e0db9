"""Results kept as one JSON file, and the page that is made of it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from differential.intended import INTENDED, Intended, intended
from differential.play import Case
from differential.setup import Setup
from differential.tools import SETUPS

__all__ = ["HERE", "render", "write"]

HERE = Path(__file__).parent


def write(setup: Setup, version: str, cases: Sequence[Case], folder: Path = HERE) -> None:
    """Keep what came of one setup, and write the page anew."""
    path = folder / "results.json"
    kept = json.loads(path.read_text()) if path.is_file() else {}
    kept[setup.name] = {
        "tool": setup.tool.removesuffix("-1"),
        "version": version,
        "lock": setup.lock,
        "date": datetime.now(tz=UTC).date().isoformat(),
        "python": platform.python_version(),
        "cases": [
            {"name": case.name, "verdict": case.mlenv.verdict, "found": sorted(case.found), "not run": case.not_run}
            for case in cases
        ],
    }
    kept = {setup.name: kept[setup.name] for setup in SETUPS if setup.name in kept}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    (folder / "results.md").write_text(render(kept))


def _state(setup: str, case: Mapping[str, Any]) -> str:
    meant = {line for row in intended(setup, case["name"]) for line in row.lines}
    if case.get("not run"):
        return "not run"
    return "differs" if set(case["found"]) != meant else "meant" if meant else "agrees"


def render(kept: Mapping[str, Any]) -> str:
    """Return the page of results."""
    states = [_state(name, case) for name, row in kept.items() for case in row["cases"]]
    counts = {state: states.count(state) for state in ("agrees", "meant", "differs", "not run")}
    lines = [
        "# mlenv's verdict and the tool's own",
        "",
        "Written by `make differential`; do not edit. A project is made with the tool, broken in one way, and both are",
        "asked: is the lock fresh, is the environment usable, which packages are missing, different, extra or from another",
        "source.",
        "",
        f"**{counts['agrees'] + counts['meant']} of {len(states)} cases as they should be**: {counts['agrees']} answers are"
        f" the tool's own, {counts['meant']} differ as the second table says, {counts['differs']} differ otherwise,"
        f" {counts['not run']} were not run.",
        "",
        "| project | tool | lock | cases | the tool's own answer | differ as meant | differ | Python, date |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in kept.items():
        of = [sum(_state(name, case) == state for case in row["cases"]) for state in ("agrees", "meant", "differs")]
        told = " | ".join(map(str, of))
        lines.append(
            f"| {name} | {row['tool']} {row['version']} | {row['lock']} | {len(row['cases'])} | {told} "
            f"| {row['python']}, {row['date']} |"
        )
    lines += ["", "## Where mlenv means to differ", "", *_intended_table(), "", "## Every case", ""]
    return "\n".join([*lines, *_every_case(kept)]) + "\n"


def _intended_table() -> list[str]:
    head = ["| situation | the tool says | mlenv says | why | seen with |", "|---|---|---|---|---|"]
    return head + [f"| {row.what} | {row.tool} | {row.mlenv} | {row.why} | {_seen_with(row)} |" for row in INTENDED]


def _seen_with(row: Intended) -> str:
    return ", ".join(row.setups) or ("all" + (f" but {', '.join(row.never)}" if row.never else ""))


def _every_case(kept: Mapping[str, Any]) -> list[str]:
    names = list(dict.fromkeys(case["name"] for row in kept.values() for case in row["cases"]))
    lines = [f"| what was done | {' | '.join(kept)} |", f"|---|{'---|' * len(kept)}"]
    marks = {"agrees": "{}", "meant": "{} (meant)", "differs": "**{}**", "not run": "not run"}
    for name in names:
        cells = []
        for setup, row in kept.items():
            found = next((case for case in row["cases"] if case["name"] == name), None)
            cells.append(marks[_state(setup, found)].format(found["verdict"]) if found else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines
