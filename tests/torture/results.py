"""Results kept as one JSON file per campaign, and the page that is made of them all."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from torture.campaign import Campaign, Row

__all__ = ["HERE", "machine_facts", "render", "write"]

HERE = Path(__file__).parent


def machine_facts() -> dict[str, str]:
    """Return what a reader needs to judge the figures; no name of a machine or person."""
    from uv import find_uv_bin

    uv = subprocess.run([str(find_uv_bin()), "--version"], capture_output=True, text=True).stdout.split()[1]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {os.cpu_count()} cores, {memory:.0f} GiB",
        "python": platform.python_version(),
        "uv": uv,
    }


def write(
    campaign: Campaign, rows: Sequence[Row], *, seed: int, seconds: float, place: Path, folder: Path = HERE / "results"
) -> None:
    """Keep the rows of one campaign; of a path of this machine only what lies below ``place``."""
    folder.mkdir(exist_ok=True)
    content = {
        "name": campaign.name,
        "promise": campaign.promise,
        "seed": seed,
        "seconds": round(seconds),
        "machine": machine_facts(),
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False).replace(f"{place}/", "")
    (folder / f"{campaign.name}.json").write_text(text + "\n")


def render(folder: Path = HERE / "results") -> str:
    """Return the results page: one table per campaign, the total first."""
    kept = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    ours = [row for campaign in kept for row in campaign["rows"] if not row["peer"]]
    trials, good = sum(row["trials"] for row in ours), sum(row["good"] for row in ours)
    lines = [
        "# What was attacked, and what held",
        "",
        "Written by `make torture`; do not edit. Each row is repeatable: the seed decides every throw.",
        "",
        f"**{good:,} of {trials:,} trials kept the promise**, {sum(row['hit'] for row in ours):,} of them met running work.",
    ]
    for campaign in kept:
        facts = ", ".join(
            f"{key} {text}" if key in ("python", "uv") else text for key, text in campaign["machine"].items()
        )
        lines += [
            "",
            f"## {campaign['name'].replace('_', ' ').capitalize()}",
            "",
            campaign["promise"],
            "",
            f"Seed {campaign['seed']}; {facts}.",
            "",
        ]
        lines += ["| attack | trials | met running work | promise kept | what was left |", "|---|---|---|---|---|"]
        lines += [_line(row) for row in campaign["rows"]]
        lines += [f"- **broken**: {story}" for row in campaign["rows"] if not row["peer"] for story in row["bad"][:5]]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, object]) -> str:
    what = f"*{row['what']}*" if row["peer"] else row["what"]
    return f"| {what} | {row['trials']} | {row['hit']} | {row['good']} of {row['trials']} | {row['note']} |"
