"""The results page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.rows import seconds

__all__ = ["line", "page"]


_WHY = {
    "in a kernel, after an installation": "a third is listing the folder and one look per package for where it came from, a"
    " fifth the comparison, the rest the message and what is loaded",
    "in a kernel, lock changed: read aside": "a process of its own reads the lock, and half of its time is the start of a"
    " Python with its imports; the cell itself is not held up",
    "create, start the kernel, run one cell": "two kernel starts are in it, for create proves its kernel by starting it, and"
    " checks every file first; the others prove nothing",
    "growth: check, lock read for the first time": "each size is looked at once, and 1,000 packages took hardly longer than"
    " 500, which makes the line steep; from 2,500 to 5,000 packages the time grows less than their number",
    "growth: in a kernel: list, compare, report": "some runs give 0.7, some 1.1: 1,000 packages cost little beyond 500, and"
    " 5,000 cost 7 times as much as 500",
    "environment 10 of 10": "of a small environment most is folders, which cannot be linked",
}
"""Why a budget is missed where it is: said on the page, never a reason to check less."""


def page(results: Mapping[str, Any]) -> str:
    """Return ``results.md``: the verdict on the budgets first, then one table per benchmark."""
    rows = [row for each in results["benchmarks"] for row in each["rows"]]
    judged = [row for row in rows if row["met"] is not None]
    met = sum(row["met"] for row in judged)
    facts = "; ".join(f"{name} {text}" for name, text in results["machine"].items())
    lines = [
        "# How long it takes, beside other tools",
        "",
        "Written by `make bench`; do not edit. All rows come from one run, in which the tools took turns, but for",
        "tables that say that they were measured apart.",
        "Times are medians of wall-clock times; minima, processor times and counts are in `results.json`.",
        "",
        f"**{met} of {len(judged)} budgets are met.** {facts}.",
    ]
    lines += [
        f"- not met: {row['what']}{_size(row)}, {_value(row, 'ours')}{_against(row)}; {row['budget']}. Why: {_why(row)}."
        for row in judged
        if not row["met"]
    ]
    for each in results["benchmarks"]:
        lines += ["", f"## {each['title']}", "", each["text"], ""]
        lines += [f"*Measured apart from the other tables: {each['apart']}.*", ""] if each.get("apart") else []
        if each["name"] == "check":
            lines += ["![Time per check over the number of packages](check.png)", ""]
        lines += ["| what | mlenv | the other | takes | ratio | budget |", "|---|---|---|---|---|---|"]
        lines += [line(row) for row in each["rows"]]
    return "\n".join(lines) + "\n"


def line(row: Mapping[str, Any]) -> str:
    """Return a row as a line of a Markdown table."""
    ratio = f"{row['ratio']:.3g} x" if row["ratio"] else ""
    judged = {True: "met", False: "**not met**", None: ""}[row["met"]]
    budget = f"{row['budget']}: {judged}" if row["budget"] else ""
    cells = (row["what"] + _size(row), _value(row, "ours"), row["peer"], _value(row, "theirs"), ratio, budget)
    return "| " + " | ".join(cells) + " |"


def _against(row: Mapping[str, Any]) -> str:
    return f" against {_value(row, 'theirs')} of {row['peer']}" if row["peer"] else ""


def _why(row: Mapping[str, Any]) -> str:
    return next((why for what, why in _WHY.items() if row["what"].startswith(what)), "not known yet")


def _size(row: Mapping[str, Any]) -> str:
    return f" ({row['size']:,})" if row["size"] else ""


def _value(row: Mapping[str, Any], key: str) -> str:
    value = row[key]
    if value is None:
        return ""
    if row["unit"] == "power":
        return f"size^{value:.2f}"
    return f"{value / 2**20:.2f} MiB" if row["unit"] == "bytes" else seconds(value)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as lines for a terminal."""
    return "\n".join(line(row) for row in rows)
