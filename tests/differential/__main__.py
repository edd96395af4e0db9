"""``python -m differential [--only NAME,...] [--case TEXT] [--sample]``: compare, count, keep the results."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable

from differential import results
from differential.intended import INTENDED
from differential.play import Case, play
from differential.setup import Setup
from differential.stage import NotRun, Stage, open_stage, place
from differential.tools import SETUPS


def main() -> int:
    """Compare what was asked for; exit status 1 where an answer differs from the tool's and is not meant to."""
    parser = argparse.ArgumentParser(prog="differential", description=__doc__)
    parser.add_argument("--only", default="", help="names of setups, with commas between")
    parser.add_argument("--case", default="", help="only cases whose name contains this text; writes no results")
    parser.add_argument("--sample", action="store_true", help="the short form that make test runs; writes no results")
    parser.add_argument("--verbose", action="store_true", help="show what the tool and mlenv printed")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    unknown = set(wanted) - {setup.name for setup in SETUPS}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(s.name for s in SETUPS)}")
    played: list[Case] = []
    bad = 0
    with open_stage(place()) as stage:
        for setup in SETUPS:
            if (setup.name in wanted) if wanted else (setup.sample or not options.sample):
                cases = _one(setup, stage, options)
                bad += sum(not case.good for case in cases) or (not cases)
                played += cases
    if not (wanted or options.case or options.sample):
        for what in _never_seen(played):
            bad += 1
            print(f"   meant, and seen nowhere: {what}")
    print(f"== {bad} DIFFER" if bad else "== every answer is the tool's own, or meant to differ", flush=True)
    return 1 if bad else 0


def _one(setup: Setup, stage: Stage, options: argparse.Namespace) -> list[Case]:
    began = time.monotonic()
    cases: list[Case] = []
    try:
        version = setup.version(setup.world(stage))
        for case in play(setup, stage, sample=options.sample, only=options.case):
            cases.append(case)
            if not case.good or options.verbose:
                _show(case, verbose=options.verbose)
    except NotRun as why:
        print(f"== {setup.name}: NOT RUN: {why}", flush=True)
        return []
    good = sum(case.good for case in cases)
    meant = sum(bool(case.meant) for case in cases if case.good)
    told = f"{good} of {len(cases)}" + (f", {meant} of them differ as meant" if meant else "")
    print(
        f"== {setup.name} ({setup.tool.removesuffix('-1')} {version}): {told} ({time.monotonic() - began:.0f} s)",
        flush=True,
    )
    if not (options.sample or options.case):
        results.write(setup, version, cases)
    return cases


def _never_seen(played: Iterable[Case]) -> list[str]:
    """Return the intentions that no case showed."""
    seen = [(case.name, case.meant) for case in played if case.good]
    return [
        row.what
        for row in INTENDED
        if not any(name in row.breaks and meant.issuperset(row.lines) for name, meant in seen)
    ]


def _show(case: Case, *, verbose: bool) -> None:
    state = "not run" if case.not_run else "good" if case.good else "DIFFERS"
    print(f"   {state}: {case.setup}: {case.name} {case.not_run}", flush=True)
    for line in sorted(case.found - case.meant):
        print(f"      {line}")
    for line in sorted(case.meant - case.found):
        print(f"      meant, and does not happen: {line}")
    if verbose:
        print(case.tool.text, case.mlenv.text, sep="\n---\n")


if __name__ == "__main__":
    sys.exit(main())
