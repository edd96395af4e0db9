"""The quick check of a lock's wheels accepts nothing that ``packaging`` refuses, and reads the same of what both accept."""

from __future__ import annotations

import copy
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.pylock import Pylock, PylockValidationError

from mlenv.locks.pylock_wheels import lightened, wheel_names
from torture.mutations import changed

FILES = [
    path.read_text() for path in sorted((Path(__file__).resolve().parents[1] / "data").glob("locks/pylock-*/*.toml"))
]
WHEEL = {"url": "https://index.example.org/a_b-1.0-py3-none-any.whl", "hashes": {"sha256": "00"}}


def verdict(table: dict[str, Any]) -> bool:
    try:
        Pylock.from_dict(table)
    except (PylockValidationError, ValueError, RecursionError):
        return False
    return True


def lock(*wheels: object, name: str = "a-b", version: object = "1.0") -> dict[str, Any]:
    package = {"name": name, "version": version, "wheels": [WHEEL, *wheels]}
    return {"lock-version": "1.0", "created-by": "x", "packages": [package]}


@given(st.sampled_from([text for text in FILES if "lock-version" in text]), st.integers(0, 2**32))
@settings(max_examples=500, deadline=None)
def test_with_and_without_the_quick_check_the_verdict_is_the_same(text: str, seed: int) -> None:
    table = tomllib.loads(text)
    changed(table, random.Random(seed))
    assert verdict(dict(lightened(table))) == verdict(table)


@pytest.mark.parametrize(
    ("change", "light"),
    [
        ({}, True),
        ({"name": "A.b-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"}, True),
        ({"size": 3}, True),
        ({"size": True}, False),
        ({"size": "3"}, False),
        ({"hashes": {}}, False),
        ({"hashes": {"sha256": 1}}, False),
        ({"hashes": None}, False),
        ({"url": ""}, False),
        ({"url": 1}, False),
        ({"name": 1}, False),
        ({"upload-time": "today"}, False),
        ({"name": "c-1.0-py3-none-any.whl"}, False),
        ({"name": "a_b-1.1-py3-none-any.whl"}, False),
        ({"name": "a_b-1.0-py3-none-any.zip"}, False),
        ({"name": "a_b-1.0-1-py3-none-any.whl"}, False),
        ({"name": "a__b-1.0-py3-none-any.whl"}, False),
        ({"name": "a_b-1.0.0-py3-none-any.whl"}, False),
        ({"url": "https://index.example.org/a%5Fb-1.0-py3-none-any.whl"}, False),
    ],
)
def test_only_plain_wheels_are_taken_out(change: dict[str, object], light: bool) -> None:
    table = lock({**WHEEL, **change})
    before = copy.deepcopy(table)
    assert (len(lightened(table)["packages"][0]["wheels"]) == 1) is light
    assert table == before
    assert verdict(dict(lightened(table))) == verdict(table)


def test_the_names_are_those_of_packaging() -> None:
    for text in FILES:
        table = tomllib.loads(text)
        for row, package in zip(
            table.get("packages", ()), Pylock.from_dict(table).packages if "packages" in table else (), strict=False
        ):
            assert list(wheel_names(row)) == [wheel.filename for wheel in package.wheels or ()]
