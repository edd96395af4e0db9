"""The README says what is true: verbs, options, settings and verdicts are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlenv import drift
from mlenv.locks.settings import KEYS
from mlenv.verbs import OPTIONS, VERBS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_table_of_verbs_is_that_of_the_code() -> None:
    """Every verb stands in the README with the sentence that its help prints, in the same order."""
    table = README.split("<!-- verbs -->")[1].split("<!-- /verbs -->")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE)
    expected = []
    for verb in VERBS:
        name, number, _ = verb.arguments
        shown = f"{verb.name} {name if number in ('', '+') else f'[{name}]'}" if name else verb.name
        if not verb.hidden:
            expected.append((shown, verb.summary))
    assert rows == expected


@pytest.mark.parametrize("flag", sorted(set(re.findall(r"`(--[a-z-]+)", README))))
def test_an_option_that_the_readme_names_exists(flag: str) -> None:
    """No option is promised that the command line refuses."""
    others = {"--help", "--no-deps", "--quiet", "--ExecutePreprocessor"}
    assert flag in OPTIONS or flag in others


def test_every_setting_is_documented_and_no_other() -> None:
    """The table of settings names exactly the keys that are read."""
    table = README.split("## Settings")[1].split("Environment variables")[0]
    named = {
        key
        for row in re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", table, re.MULTILINE)
        for key in re.findall(r"`([a-z-]+)`", row)
    }
    assert named == set(KEYS)


def test_the_verdicts_stand_in_their_order_worst_first() -> None:
    """The reference lists every verdict once, in the order in which they outrank each other."""
    table = README.split("## Verdicts")[1].split("Exit status")[0]
    assert tuple(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == tuple(drift.ORDER)
