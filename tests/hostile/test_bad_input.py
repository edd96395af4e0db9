"""The table of bad inputs: each row one clear answer, nothing changed, no traceback, in the blink of an eye."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hostile import (
    rows_bundles,
    rows_conda,
    rows_dotenv,
    rows_environments,
    rows_foreign,
    rows_indexes,
    rows_init,
    rows_kernels,
    rows_lists,
    rows_locks,
    rows_manifests,
    rows_places,
    rows_pythons,
    rows_requirements,
    rows_words,
)
from hostile.play import Answer, fill, in_process, lay, through_a_process, tree
from hostile.row import Row

pytestmark = pytest.mark.real

TABLES = (
    rows_bundles,
    rows_words, rows_requirements, rows_manifests, rows_lists, rows_locks, rows_conda, rows_pythons, rows_environments,
    rows_kernels, rows_places, rows_indexes, rows_foreign, rows_dotenv, rows_init,
)  # fmt: skip
ROWS: dict[str, Row] = {f"{table.__name__.rpartition('_')[2]}: {row.id}": row for table in TABLES for row in table.ROWS}
SOME = dict([(name, row) for name, row in ROWS.items() if "\0" not in "".join(row.typed)][::14])
LONGEST_S = 6.0
"""2 s on a quiet machine; this one may have much to do besides."""
KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")


def test_the_table_is_long_and_every_row_has_a_name_of_its_own() -> None:
    assert len(ROWS) >= 200
    assert len(ROWS) == sum(len(table.ROWS) for table in TABLES)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_bad_input(row: Row, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line itself, called in this process."""
    answer, touched = _played(row, root, monkeypatch, in_process)
    assert touched == []
    assert answer.code == (2 if not row.verdict else 0 if row.verdict == "in-step" else 1)
    _judge(row, answer)


@pytest.mark.parametrize("row", SOME.values(), ids=SOME.keys())
def test_bad_input_through_a_process(row: Row, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fourteenth row as a user types it."""
    answer, touched = _played(row, root, monkeypatch, through_a_process)
    assert touched == []
    assert answer.code == (2 if not row.verdict else 0 if row.verdict == "in-step" else 1)
    _judge(row, answer)


def _played(row: Row, root: Path, monkeypatch: pytest.MonkeyPatch, run: object) -> tuple[Answer, list[str]]:
    """Return the answer, and what differs below the test's whole folder (home, project, neighbours) afterwards."""
    for name, text in row.env.items():
        monkeypatch.setenv(name, fill(text, root))
    lay(root, row.files)
    if row.scene:
        row.scene(root)
    before = tree(root.parent)
    answer = run(root, row.typed)  # type: ignore[operator]
    after = tree(root.parent)
    return answer, sorted({name for name in before.keys() | after.keys() if before.get(name) != after.get(name)})


def _judge(row: Row, answer: Answer) -> None:
    assert "Traceback" not in answer.out + answer.err
    assert 'File "' not in answer.err
    assert "\x1b" not in answer.out + answer.err
    assert answer.seconds < LONGEST_S
    wire = answer.wire
    if row.verdict:
        assert wire.get("verdict") == row.verdict, wire
        reasons = [(found["package"], found["reason"]) for found in wire["findings"] if found["kind"] == row.kind]
        assert any(row.says in reason or row.says == package for package, reason in reasons), wire["findings"]
        assert row.hint in wire["next"]["command"]
        return
    error = wire["error"]
    assert error["code"] == row.code, error
    assert KEBAB.fullmatch(error["code"])
    assert row.where in error["where"]
    assert row.says.lower() in error["message"].lower()
    assert error["hint"]
    assert row.hint in error["hint"]
    for text in (error["message"], error["where"], error["hint"]):
        assert len(text.splitlines()) <= 1, text
        assert len(text) <= 1100
    assert answer.err.startswith("error: ")
    assert len(answer.err.splitlines()) <= 5
