"""A PEP 723 block written into a notebook's text: one cell changes, every other byte stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from locks_project import target

from mlenv.errors import MlenvError
from mlenv.locks import read_notebook
from mlenv.notebooks.inline_write import script_block, with_block

BLOCK = script_block(">=3.11", ["idna==3.7", 'six==1.17.0 ; python_version > "3"'])
FORMS: dict[str, dict[str, Any]] = {
    "as Jupyter writes it": {"indent": 1, "ensure_ascii": False},
    "on one line": {},
    "by tabs": {"indent": "\t"},
    "by four": {"indent": 4, "separators": (",", " : ")},
}


def notebook(*cells: tuple[str, Any], minor: int = 5) -> dict[str, Any]:
    rows = [
        {"cell_type": kind, "id": f"c{at}", "metadata": {"é": [1, {"x": "source"}]}, "outputs": [], "source": source}
        for at, (kind, source) in enumerate(cells)
    ]
    return {"metadata": {"cells": "not these"}, "cells": rows, "nbformat": 4, "nbformat_minor": minor, "é": "\u2028"}


def source_of(text: str, at: int) -> str:
    source = json.loads(text)["cells"][at]["source"]
    return source if isinstance(source, str) else "".join(source)


def removed(before: str, after: str) -> tuple[str, str]:
    """What of the old text is gone, and what is new, between the longest common start and end."""
    start = next(
        (at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(map(len, (before, after)))
    )
    rest, new = before[start:], after[start:]
    end = next((at for at, (a, b) in enumerate(zip(rest[::-1], new[::-1], strict=False)) if a != b), len(rest))
    return rest[: len(rest) - end], new[: len(new) - end]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "source", [["import six\n", "print('é', '\u2028')"], "import six\nprint('é')", ["import six"], [], ""]
)
def test_it_comes_first_in_the_first_code_cell_and_nothing_else_moves(form: str, ending: str, source: Any) -> None:
    content = notebook(("markdown", "# Title\n/// script"), ("code", source), ("code", ["x = 1"]))
    text = json.dumps(content, **FORMS[form]).replace("\n", ending) + ending
    new, cell = with_block(text, BLOCK, "work.ipynb")
    assert cell == 1
    old_source = source if isinstance(source, str) else "".join(source)
    assert source_of(new, 1) == (f"{BLOCK}\n\n{old_source}" if old_source else BLOCK)
    content["cells"][1]["source"] = json.loads(new)["cells"][1]["source"]
    assert json.loads(new) == content
    assert type(json.loads(new)["cells"][1]["source"]) is type(source)
    if old_source:
        assert removed(text, new)[0] == "", "of a source that stays no byte is written anew"
    assert with_block(new, BLOCK, "work.ipynb") == (new, 1)


@pytest.mark.parametrize("form", FORMS)
def test_the_block_that_is_there_gives_way_wherever_it_stands(form: str) -> None:
    old = '# /// script\n# dependencies = [\n#   "six<2",\n# ]\n# ///'
    content = notebook(("code", ["import six"]), ("code", f"# above\n{old}\nimport idna\n".splitlines(keepends=True)))
    text = json.dumps(content, **FORMS[form])
    new, cell = with_block(text, BLOCK, "work.ipynb")
    assert cell == 2
    assert source_of(new, 1) == f"# above\n{BLOCK}\nimport idna\n"
    assert source_of(new, 0) == "import six"
    gone, _ = removed(text, new)
    assert "import idna" not in gone
    assert "# above" not in gone


@pytest.mark.parametrize("form", FORMS)
def test_a_cell_magic_stays_first_and_a_notebook_without_code_gets_a_cell(form: str) -> None:
    content = notebook(("markdown", "x"), ("code", ["%%bash\n", "ls"]))
    text = json.dumps(content, **FORMS[form])
    new, cell = with_block(text, BLOCK, "work.ipynb")
    made = json.loads(new)
    assert cell == 1
    assert [row["cell_type"] for row in made["cells"]] == ["markdown", "code", "code"]
    assert source_of(new, 1) == BLOCK
    assert made["cells"][1]["id"] == "script-block"
    assert [made["cells"][0], made["cells"][2]] == content["cells"]
    assert removed(text, new)[0] == ""
    empty, _ = with_block(json.dumps(notebook(minor=4), **FORMS[form]), BLOCK, "work.ipynb")
    assert source_of(empty, 0) == BLOCK
    assert "id" not in json.loads(empty)["cells"][0]


def test_what_was_written_is_read_back() -> None:
    text, _ = with_block(json.dumps(notebook(("code", "import six"))), BLOCK, "work.ipynb")
    found = read_notebook(text, "work.ipynb", target(), lambda name: None)
    assert found is not None
    assert [row.text for row in found.manifest.declared] == ["idna==3.7", "six==1.17.0"]
    assert found.manifest.requires_python == ">=3.11"
    assert found.source == "the script block in cell 1"


def test_two_blocks_and_an_old_format_are_refused() -> None:
    twice = json.dumps(notebook(("code", BLOCK), ("code", BLOCK)))
    with pytest.raises(MlenvError, match="PEP 723 allows one"):
        with_block(twice, BLOCK, "work.ipynb")
    sheets = json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": "1"}]}], "nbformat": 3})
    with pytest.raises(MlenvError, match="format 3"):
        with_block(sheets, BLOCK, "work.ipynb")
