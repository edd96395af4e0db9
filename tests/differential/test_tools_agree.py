"""A sample of the comparison with the real tools, and the table of differences that are meant."""

from __future__ import annotations

import json

import pytest

from differential import results
from differential.breaks import BREAKS
from differential.conftest import not_run
from differential.intended import INTENDED, Intended
from differential.judge import differences
from differential.play import play
from differential.said import Said, from_changes, rows
from differential.setup import Setup
from differential.stage import NotRun, Stage
from differential.tools import SETUPS

pytestmark = pytest.mark.network
BY_NAME = {setup.name: setup for setup in SETUPS}
QUICK = ("uv", "uv-compile", "pylock-uv", "uv-local")
"""Setups whose tool answers in milliseconds."""


@pytest.mark.parametrize("setup", [setup for setup in SETUPS if setup.sample], ids=lambda setup: setup.name)
def test_the_verdict_is_the_tools_own(setup: Setup, stage: Stage) -> None:
    """No answer of the sample differs from the tool's, but as the table says."""
    try:
        cases = list(play(setup, stage, sample=True))
    except NotRun as why:
        not_run(why)
    assert len(cases) > 2
    assert [f"{case.name}: {sorted(case.found ^ case.meant)} {case.not_run}" for case in cases if not case.good] == []


def _quick(row: Intended) -> list[str]:
    return [name for name in QUICK if name not in row.never and (not row.setups or name in row.setups)]


@pytest.mark.parametrize("row", [row for row in INTENDED if _quick(row)], ids=lambda row: row.what)
def test_each_row_of_the_table_happens(row: Intended, stage: Stage) -> None:
    """What is meant to differ does differ, just so, with a tool of this machine. (Slow tools: the next test.)"""
    cases = list(play(BY_NAME[_quick(row)[0]], stage, only=row.breaks[0]))
    assert cases
    for case in cases:
        assert case.found == frozenset(row.lines)
        assert case.meant == frozenset(row.lines)


def test_each_row_of_the_table_is_among_the_results() -> None:
    """The kept results of the full comparison show every row with every tool that it names, and nothing else."""
    kept = json.loads((results.HERE / "results.json").read_text())
    assert set(kept) == set(BY_NAME)
    assert (results.HERE / "results.md").read_text() == results.render(kept)
    for name, setup in kept.items():
        for case in setup["cases"]:
            meant = [
                line
                for row in INTENDED
                if case["name"] in row.breaks and (name in row.setups or not row.setups) and name not in row.never
                for line in row.lines
            ]
            assert case["found"] == sorted(meant), f"{name}: {case['name']}"
    for row in INTENDED:
        shown = [case for setup in kept.values() for case in setup["cases"] if set(row.lines) <= set(case["found"])]
        assert {case["name"] for case in shown} >= set(row.breaks), row.what


def test_the_table_names_what_there_is() -> None:
    """A row about a break or a project that is gone would hold for ever."""
    names = {one.name for one in BREAKS}
    for row in INTENDED:
        assert set(row.breaks) <= names
        assert {*row.setups, *row.never} <= set(BY_NAME)


def test_the_judge_sees_every_kind_of_difference() -> None:
    """The judge is not blind: each way of differing is a line, and equal answers are none."""
    tool = Said(lock="fresh", rows=rows(missing=["six"], extra=["toolz"]), environment="there")
    same = Said(lock="fresh", rows=rows(missing=["six"], extra=["toolz"]), environment="there", verdict="sync")
    assert differences(tool, same) == frozenset()
    missed = Said(lock="stale", rows=rows(missing=["six"], source=["idna"]), environment="python", verdict="in-step")
    assert differences(tool, missed) == {
        "lock: the tool says fresh, mlenv stale",
        "environment: the tool says there, mlenv python",
        "only the tool: toolz extra",
        "only mlenv: idna source",
        "verdict: in-step, though what was found asks for relock",
    }
    assert differences(tool, Said(lock="fresh", rows=rows(missing=["six"]), environment="there", verdict="sync"),
                       frozenset({"extra"})) == {"only the tool: toolz extra"}  # fmt: skip


def test_a_plan_is_read_as_rows() -> None:
    assert from_changes({"a": "1", "b": "1", "c": "1"}, {"b": "2", "c": "1", "d": "1"}) == rows(
        extra=["a"], different=["b"], source=["c"], missing=["d"]
    )
