"""`.env` as text: what each kind of line means, and errors that name the line and nothing of what stands in it."""

from __future__ import annotations

import pytest

from mlenv.dotenv_text import final_values, names_in_example, parse_dotenv
from mlenv.errors import MlenvError


def values(text: str, environ: dict[str, str] | None = None, *, override: bool = False) -> dict[str, str]:
    return final_values(parse_dotenv(text, ".env"), environ or {}, override=override)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1", {"A": "1"}),
        ("export A=1\nexport\tB = 2", {"A": "1", "B": "2"}),
        ("# comment\n\n  A=1 # said\nB=a#b\nC= # said", {"A": "1", "B": "a#b", "C": ""}),
        ("A=\nB=''\nC=\"\"", {"A": "", "B": "", "C": ""}),
        ("A='it is # this'\nB=\"two\nlines\"", {"A": "it is # this", "B": "two\nlines"}),
        ('A="a\\"b\\n"\nB=\'a\\n\\\'b\'', {"A": 'a"b\n', "B": "a\\n'b"}),
        ("A=it's\n", {"A": "it's"}),
        ("A=1\r\nB=2\rC=3\n", {"A": "1", "B": "2", "C": "3"}),
        ("\ufeffA=1", {"A": "1"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=x\nB=${A}/y\nC=${NONE:-z}${NONE}", {"A": "x", "B": "x/y", "C": "z"}),
        ("'A'=1", {"A": "1"}),
        ("", {}),
    ],
)  # fmt: skip
def test_each_kind_of_line(text: str, expected: dict[str, str]) -> None:
    assert values(text) == expected


def test_in_references_what_is_set_wins_unless_the_file_does() -> None:
    text = "HOST=file\nURL=http://${HOST}"
    assert values(text, {"HOST": "set"})["URL"] == "http://set"
    assert values(text, {"HOST": "set"}, override=True)["URL"] == "http://file"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("A=1\nsk-SECRET", 2, "there is no NAME="),
        ("A=1\n\n# x\nexport SECRET", 4, "there is no NAME="),
        ("A=1\n=SECRET", 2, "there is no NAME="),
        ("A=1\nB=\"SECRET\nC=2", 2, "a quote is not closed"),
        ("A=1\nB='SECRET' SECRET", 2, "something follows the closing quote"),
        ("KEY=-----BEGIN\nSECRET/SECRET+SECRET==", 2, "no name of a variable"),
        ("KEY=1\n" + "SECRET" * 30 + "=", 2, "no name of a variable"),
        ("KEY=1\nB=SEC\0RET", 2, "NUL"),
    ],
)  # fmt: skip
def test_what_does_not_parse_is_told_by_its_line_alone(text: str, line: int, says: str) -> None:
    with pytest.raises(MlenvError) as caught:
        parse_dotenv(text, ".env")
    error = caught.value
    assert (error.code, error.where) == ("dotenv-invalid", f".env: line {line}")
    assert says in error.message
    assert "SEC" not in f"{error.message}{error.hint}{error.where}{error.details}"


def test_a_value_that_grows_beyond_what_programs_can_be_given_is_refused() -> None:
    doubling = "A=xxxxxxxx\n" + "".join("A=${A}${A}\n" for _ in range(60))
    with pytest.raises(MlenvError, match="127 KiB") as caught:
        values(doubling, override=True)
    assert caught.value.where.startswith(".env: line ")


def test_names_of_an_example_are_those_of_all_its_lines() -> None:
    assert names_in_example("# A word\nA=\nexport B=1\n# C=\n#D=2\n") == ("A", "B", "C", "D")
