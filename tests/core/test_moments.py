"""A day is one moment on every machine, is found again in every lock, and tells which Pythons there were."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mlenv import locks
from mlenv.engines.failures import parse_failure
from mlenv.errors import MlenvError
from mlenv.locks.dated import recorded_moment, with_day_line
from mlenv.moments import PYTHON_RELEASED, parse_moment, released_before, shown_moment

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MOMENT = "2022-07-17T00:00:00Z"


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2022-07-17", MOMENT),
        ("2022-07-17T00:00:00Z", MOMENT),
        ("2022-07-17t00:00:00z", MOMENT),
        ("2022-07-17 02:00+02:00", MOMENT),
        ("2022-07-16T14:00:00-10:00", MOMENT),
        ("2024-02-29", "2024-02-29T00:00:00Z"),
        ("2026-06-02", "2026-06-02T00:00:00Z"),
    ],
)
def test_a_day_is_its_first_moment_in_utc(typed: str, moment: str) -> None:
    assert parse_moment(typed, NOW) == moment
    assert parse_moment(moment, NOW) == moment
    assert shown_moment(moment) == f"{moment[:10]} {moment[11:16]} UTC"


@pytest.mark.parametrize(
    "typed",
    ["", "2022", "2022-7-17", "2023-02-29", "20220717", "2022-07-17T", "2022-07-17T25:00Z", "2026-06-03", "0000-01-01"],
)
def test_what_is_no_day_of_the_past_is_refused_with_the_forms(typed: str) -> None:
    with pytest.raises(MlenvError) as error:
        parse_moment(typed, NOW)
    assert error.value.code == "date-invalid"
    assert "2022-07-17" in error.value.hint


@pytest.mark.parametrize(
    ("version", "moment", "there"),
    [
        ("3.10.13", MOMENT, True),
        ("3.11.0", MOMENT, False),
        ("3.11.0", "2022-10-25T00:00:00Z", True),
        ("3.11.0", "2022-10-24T23:00:00Z", False),
        ("3.15.0", "2026-10-30T00:00:00Z", False),
        ("3.15.0", "2027-01-01T00:00:00Z", True),
        ("3.5.1", MOMENT, True),
        ("2.7", MOMENT, False),
    ],
)
def test_a_python_is_of_a_time_if_its_first_release_was_before(version: str, moment: str, there: bool) -> None:
    assert released_before(version, moment) is there


def test_the_table_of_pythons_has_no_gap_and_is_in_order() -> None:
    assert list(PYTHON_RELEASED) == list(range(6, max(PYTHON_RELEASED) + 1))
    assert list(PYTHON_RELEASED.values()) == sorted(PYTHON_RELEASED.values())


def test_the_moment_is_found_again_in_each_kind_of_lock() -> None:
    plain = 'lock-version = "1.0"\ncreated-by = "uv"\n\n[[packages]]\nname = "six"\nversion = "1.0"\n'
    sealed = locks.seal(plain, ["six"], requires_python=">=3.9", as_of=MOMENT)
    assert recorded_moment("pylock.toml", sealed) == MOMENT
    assert recorded_moment("pylock.toml", sealed.replace("\n", "\r\n")) == MOMENT
    assert recorded_moment("pylock.toml", locks.seal(sealed, ["six"])) == ""
    uv = f'version = 1\n\n[options]\nprerelease-mode = "allow"\nexclude-newer = "{MOMENT}"\n\n[[package]]\n'
    assert recorded_moment("uv.lock", uv) == MOMENT
    span = uv.replace("\n\n[[", '\nexclude-newer-span = "P7D"\n\n[[')
    assert recorded_moment("uv.lock", span) == ""
    dated = with_day_line("# This file was made by mlenv; x\nsix==1.0\n", MOMENT)
    assert dated.startswith("# This file was made by mlenv; x\n# as of: ")
    assert recorded_moment("requirements.txt", dated) == MOMENT
    assert with_day_line(dated, "") == "# This file was made by mlenv; x\nsix==1.0\n"
    later = "2023-01-01T00:00:00Z"
    assert recorded_moment("requirements.txt", with_day_line(dated, later)) == later


@pytest.mark.parametrize("planted", ["yesterday", "--index-url=http://evil.example.org", "2022-07-17", ""])
def test_what_somebody_wrote_in_its_place_is_never_handed_on(planted: str) -> None:
    assert recorded_moment("pylock.toml", f'[tool.mlenv]\npackages = 1\nas-of = "{planted}"\n') == ""
    assert recorded_moment("uv.lock", f'[options]\nexclude-newer = "{planted}"\n') == ""
    assert recorded_moment("requirements.txt", f"# as of: {planted}\nsix==1.0\n") == ""


UV = """error: No solution found when resolving dependencies
  cause: Because there are no versions of river and you require river, we can conclude that your requirements are unsatisfiable.

hint: `river` was filtered by `exclude-newer` to only include packages uploaded before 2022-07-17T00:00:00Z. The latest
"""


def test_the_engines_words_for_days_are_told_in_ours() -> None:
    later = parse_failure("uv", "", UV, 1)
    assert (later.code, later.package) == ("uploaded-later", "river")
    warning = (
        "warning: `river-1.0-py3-none-any.whl` is missing an upload date, but user provided: 2022-07-17T00:00:00Z\n"
    )
    undated = parse_failure("uv", "", warning + UV, 1)
    assert (undated.code, undated.package) == ("index-undated", "river")
    gone = (
        "error: No solution\n  cause: Because nothere was not found in the package registry and you require nothere, we"
    )
    assert parse_failure("uv", "", warning + gone, 1).code == "package-missing"
    by_pip = parse_failure(
        "pip", "", "ERROR: Index http://x.example.org/simple/six/ does not provide upload-time metadata.", 1
    )
    assert (by_pip.code, by_pip.package) == ("index-undated", "six")
