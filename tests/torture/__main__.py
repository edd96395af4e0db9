"""``python -m torture [--only NAME,...] [--trials N] [--seed N] [--sample]``: run campaigns, keep and show their results."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
import time
from pathlib import Path

from torture import campaigns, results
from torture.campaign import Campaign, Row, Run
from torture.stage import Stage, open_stage

SEED = 20261121


def all_campaigns() -> tuple[Campaign, ...]:
    """Return every campaign, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(campaigns.__path__))
    modules = [importlib.import_module(f"torture.campaigns.{name}") for name in names]
    return tuple(module.CAMPAIGN for module in modules if hasattr(module, "CAMPAIGN"))


def play(campaign: Campaign, stage: Stage, *, trials: int, seed: int) -> list[Row]:
    """Run one campaign in a folder of its own, which stays for a look where a trial went bad."""
    folder = Path(tempfile.mkdtemp(prefix=f"{campaign.name}-", dir=stage.folder))
    rows = []
    for row in campaign.run(Run(stage=stage, folder=folder, trials=trials, seed=seed)):
        rows.append(row)
        print(f"   {row.good} of {row.trials} ({row.hit} met running work)  {row.what}  {row.note}", flush=True)
        for story in row.bad if not row.peer else ():
            print(f"      BROKEN {story}", flush=True)
    if not any(row.bad for row in rows if not row.peer):
        shutil.rmtree(folder, ignore_errors=True)
    return rows


def main() -> int:
    """Run what was asked for; exit status 1 where a promise broke."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--only", default="", help="names of campaigns, with commas between")
    parser.add_argument("--trials", type=int, help="trials of each campaign (default: its own full number)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--sample", action="store_true", help="the short form that make test runs; writes no results")
    parser.add_argument("--page", action="store_true", help="only write results.md from the results that are kept")
    options = parser.parse_args()
    if options.page:
        (results.HERE / "results.md").write_text(results.render())
        return 0
    wanted = [name for name in options.only.split(",") if name]
    chosen = [campaign for campaign in all_campaigns() if not wanted or campaign.name in wanted]
    unknown = set(wanted) - {campaign.name for campaign in chosen}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(c.name for c in all_campaigns())}")
    place = Path(os.environ.get("MLENV_TORTURE_DIR") or Path(tempfile.gettempdir(), "mlenv-torture"))
    place.mkdir(parents=True, exist_ok=True)
    broken = 0
    with open_stage(place) as stage:
        for campaign in chosen:
            why = campaign.missing()
            print(f"== {campaign.name}: {f'not run: {why}' if why else campaign.promise}", flush=True)
            if why:
                continue
            began = time.monotonic()
            number = options.trials or (campaign.sample if options.sample else campaign.full)
            rows = play(campaign, stage, trials=number, seed=options.seed)
            broken += sum(len(row.bad) for row in rows if not row.peer)
            if not options.sample:
                results.write(campaign, rows, seed=options.seed, seconds=time.monotonic() - began, place=place)
                (results.HERE / "results.md").write_text(results.render())
    print(f"== {'every promise held' if not broken else f'{broken} BROKEN'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
