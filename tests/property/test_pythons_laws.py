"""Ranges of Python versions are compared by what they accept, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from mlenv.locks.pipfile import parse_pipfile
from mlenv.locks.poetry_versions import poetry_specifier
from mlenv.locks.requirement import same_pythons
from mlenv.locks.target import Target

EVERY = tuple(
    f"{major}.{minor}.{micro}"
    for major, minors in ((2, range(10)), (3, range(24)), (4, range(4)), (5, range(2)))
    for minor in minors
    for micro in range(14)
)
"""Denser than any Python that there is: every bound that the strategy draws lies inside."""

minors = st.integers(0, 20)
versions = st.one_of(
    st.just("3"),
    st.just("4"),
    st.just("2.7"),
    minors.map(lambda minor: f"3.{minor}"),
    st.tuples(minors, st.integers(0, 12)).map(lambda both: f"3.{both[0]}.{both[1]}"),
)
plain = st.tuples(st.sampled_from((">=", "<=", ">", "<", "==", "!=")), versions).map("".join)
wild = st.tuples(st.sampled_from(("==", "!=")), versions.filter(lambda text: text.count(".") < 2)).map(
    lambda both: f"{both[0]}{both[1]}.*"
)
compatible = versions.filter(lambda text: "." in text).map(lambda text: f"~={text}")
ranges = st.lists(st.one_of(plain, wild, compatible), min_size=0, max_size=3).map(",".join)


def accepted(text: str) -> list[str]:
    return list(SpecifierSet(text).filter(EVERY))


@settings(max_examples=300, deadline=None)
@given(a=ranges, b=ranges)
def test_ranges_are_the_same_where_they_accept_the_same(a: str, b: str) -> None:
    assert same_pythons(a, b) is (accepted(a) == accepted(b))


@settings(max_examples=200, deadline=None)
@given(a=ranges, order=st.randoms())
def test_neither_order_nor_spaces_count(a: str, order: object) -> None:
    parts = a.split(",")
    order.shuffle(parts)  # type: ignore[attr-defined]
    assert same_pythons(a, " , ".join(f" {part}" for part in parts) if a else "")


@pytest.mark.parametrize(
    "spellings",
    [
        (
            ">=3.9,<4",
            ">=3.9, <4.0",
            "~=3.9",
            "<4.0.0,>=3.9.0",
            "poetry ^3.9",
            "poetry >=3.9,<4.0",
        ),
        ("==3.11.*", ">=3.11,<3.12", "~=3.11.0", "poetry ~3.11", "poetry 3.11.*", "Pipfile 3.11"),
        (">=3.9", ">=3.9.0", "poetry >=3.9"),
        ("==3.11.7", "Pipfile 3.11.7", "poetry 3.11.7", "==3.11.7.0"),
        ("", "poetry *", "Pipfile *"),
        (">=3.9,!=3.9.7", "!=3.9.7,>=3.9.0", "poetry >=3.9,!=3.9.7"),
        ("==3.*", ">=3,<4", "~=3.0", "Pipfile 3", "poetry ^3"),
        ("poetry ^3.9", "poetry >=3.9 <4"),
    ],
)
def test_spellings_of_one_range_agree_and_differ_from_others(spellings: tuple[str, ...]) -> None:
    texts = [meant(spelling) for spelling in spellings]
    assert all(same_pythons(text, texts[0]) for text in texts), texts
    assert not any(same_pythons(text, other) for text in texts for other in (">=3.8.1,<4", "==3.10.*", ">=3.9,<3.14"))


def meant(spelling: str) -> str:
    """Return the range that a spelling of Poetry's or a Pipfile's stands for; others as they are."""
    tool, _, text = spelling.partition(" ")
    if tool == "poetry":
        found = poetry_specifier(text)
        return "unclear" if found is None else str(found)
    if tool == "Pipfile":
        key = "python_full_version" if text.count(".") == 2 else "python_version"
        return parse_pipfile(f'[requires]\n{key} = "{text}"\n', "Pipfile", Target(markers={})).requires_python
    return spelling


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (">=3.9", ">=3.9.1"),
        (">=3.9,<4", ">=3.9"),
        (">=3.9", ">3.9"),
        ("==3.11.*", "==3.11"),
        ("<3.13", "<=3.13"),
        (">=3.9,!=3.10.*", ">=3.9"),
        (">3.8.99", ">=3.8"),
        (">=3.9,<3.100", ">=3.9,<3.99"),
    ],
)
def test_what_accepts_other_versions_is_another_range(a: str, b: str) -> None:
    assert not same_pythons(a, b)
