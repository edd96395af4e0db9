"""Script blocks of a notebook are found as the regular expression of PEP 723 finds them, in linear time."""

from __future__ import annotations

import json
import re
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from mlenv.notebooks import parse_inline

PEP_723 = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""As the PEP has it."""
LINES = ("# /// script", "# ///", "# a = 1", "#", "import six", "", "#b", " # ///")
LIMIT_S = 2.0


def notebook(cell: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell}]})


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=14))
def test_blocks_are_those_of_the_expression_of_pep_723(lines: list[str]) -> None:
    cell = "\n".join(lines)
    expected = [
        "".join(line[2:] if line.startswith("# ") else line[1:] for line in match["content"].splitlines(keepends=True))
        for match in PEP_723.finditer(cell + "\n")
    ]
    assert [block.toml for block in parse_inline(notebook(cell), "work.ipynb").blocks] == expected


def test_many_openings_that_nobody_closed_cost_no_more() -> None:
    text = notebook("# /// script\n" * 300_000)
    began = time.process_time()
    assert parse_inline(text, "work.ipynb").blocks == ()
    assert time.process_time() - began < LIMIT_S
