"""Parameters by papermill's rules: which texts are which values, and where the cell that sets them goes."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mlenv.errors import MlenvError
from mlenv.notebooks.parameters import parameter_values, unknown_parameters, with_parameters


def cell(source: str, *tags: str) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": list(tags)} if tags else {}, "outputs": []}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("True", True),
        ("False", False),
        ("None", None),
        ("true", "true"),
        ("a b", "a b"),
        ("", ""),
        ("'quoted'", "'quoted'"),
        ("1.2.3", "1.2.3"),
        ('"; import os', '"; import os'),
        ("a\nb", "a\nb"),
    ],
)
def test_a_text_is_the_value_that_papermill_takes_it_for(text: str, value: object) -> None:
    """And the cell sets exactly that value, whatever stands in the text."""
    values = parameter_values([("name", text)])
    assert values == {"name": value}
    assert type(values["name"]) is type(value)
    (made,) = with_parameters([], values, with_id=False)
    space: dict[str, Any] = {}
    exec(made["source"], space)
    assert space["name"] == value


def test_numbers_that_have_no_literal_are_set_all_the_same() -> None:
    (made,) = with_parameters([], parameter_values([("a", "nan"), ("b", "-inf")]), with_id=False)
    space: dict[str, Any] = {}
    exec(made["source"], space)
    assert math.isnan(space["a"])
    assert space["b"] == -math.inf


@pytest.mark.parametrize("name", ["", "a b", "a-b", "class", "x; import os", "1a", "a.b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(MlenvError, match="no name that a parameter can have"):
        parameter_values([(name, "1")])


def test_the_cell_follows_the_defaults_or_replaces_the_one_of_before_or_comes_first() -> None:
    plain = [cell("import six"), cell("rate = 1", "parameters"), cell("print(rate)")]
    first = with_parameters(plain, {"rate": 2}, with_id=True)
    assert [row["source"] for row in first] == ["import six", "rate = 1", "# Parameters\nrate = 2", "print(rate)"]
    assert first[2]["metadata"] == {"tags": ["injected-parameters"]}
    assert first[2]["id"] == "injected-parameters"
    again = with_parameters(first, {"rate": 3}, with_id=True)
    assert [row["source"] for row in again] == ["import six", "rate = 1", "# Parameters\nrate = 3", "print(rate)"]
    untagged = with_parameters([cell("print(rate)")], {"rate": 2}, with_id=False)
    assert [row["source"] for row in untagged] == ["# Parameters\nrate = 2", "print(rate)"]
    assert "id" not in untagged[0]
    assert with_parameters(plain, {}, with_id=True) == plain


def test_names_that_nothing_reads_are_known() -> None:
    cells = [cell("rate: float = 1\nsteps, name = 2, 'x'", "parameters")]
    assert unknown_parameters(cells, ("rate", "steps", "name", "typo")) == ("typo",)
    assert unknown_parameters([cell("x = 1")], ("x",)) == ("x",)
    assert unknown_parameters([cell("x = (", "parameters")], ("y",)) == ()
