"""The cached selection: what is written is what is read, and nothing else counts."""

from __future__ import annotations

import json

import pytest

from mlenv.model import Declared, FileStamp, Finding, Pin, Selection, Source
from mlenv.selection_text import cache_name, parse_selection, selection_text

WHOLE = Selection(
    root="/p",
    name="p",
    manifest="pyproject.toml",
    lock="uv.lock",
    kind="uv",
    exact=False,
    pins=(Pin(name="six", version="1.17.0"), Pin(name="p", source=Source(kind="editable", url="."))),
    declared=(Declared(name="six", text="six<2", origin="pyproject.toml"),),
    findings=(Finding(kind="relock", reason="changed", package="six"),),
    extras=("plot",),
    groups=("dev",),
    python="3.12.1",
    inputs=(FileStamp(path="/p/uv.lock", mtime_ns=1, size=2, inode=3),),
    environment="/p/.venv",
)


def test_a_selection_is_read_as_it_was_written() -> None:
    """Every field comes back, tuples as tuples."""
    assert parse_selection(selection_text(WHOLE, "1.0"), "1.0") == WHOLE


def test_a_selection_of_another_mlenv_counts_only_where_any_will_do() -> None:
    """Host code makes it anew; a kernel that is older than the host takes it."""
    text = selection_text(WHOLE, "1.0")
    assert (parse_selection(text, "1.1"), parse_selection(text)) == (None, WHOLE)


def test_a_field_of_a_newer_mlenv_is_left_out() -> None:
    """A live kernel of an older version reads on."""
    content = json.loads(selection_text(WHOLE, "1.0"))
    content["selection"]["new"] = content["selection"]["pins"][0]["new"] = "x"
    assert parse_selection(json.dumps(content)) == WHOLE


@pytest.mark.parametrize("damage", [lambda text: text[:-9], lambda text: "", lambda text: "[]", lambda text: "null"])
def test_a_text_that_is_cut_short_is_none(damage: object) -> None:
    """Losing a cache costs only time."""
    assert parse_selection(damage(selection_text(WHOLE, "1.0"))) is None  # type: ignore[operator]


def test_projects_and_pythons_do_not_share_a_file() -> None:
    """Each has a name of its own."""
    names = {cache_name(root, tag) for root in ("/a", "/b") for tag in ("cpython-312", "cpython-313")}
    assert len(names) == 4
