"""Channels of the project and of the user: their order, what names mean, and where credentials stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlenv.errors import MlenvError
from mlenv.services.conda.channels import Condarc, channels_for, first_channels, read_condarc

CLEAN, TOKEN = "https://c.example.org/team", "https://c.example.org/t/tk-1/team"


def test_the_file_s_channels_come_first_then_the_user_s() -> None:
    user = Condarc(channels=("b", "a"))
    assert channels_for(("a",), user, "environment.yml").names == ("a", "b")
    assert channels_for(("a", "nodefaults"), user, "environment.yml").names == ("a",)
    assert channels_for((), user, "").names == ("b", "a")
    assert channels_for((), Condarc(), "").names == ("conda-forge",)


def test_names_mean_what_the_user_s_file_says() -> None:
    user = Condarc(default_channels=("https://d.example.org/x",), custom=(("mine", "https://m.example.org/y/"),))
    assert channels_for(("defaults", "mine"), user, "").names == (
        "https://d.example.org/x",
        "https://m.example.org/y/mine",
    )
    assert channels_for(("defaults",), Condarc(), "").names == ("main", "r")


@pytest.mark.parametrize(
    ("address", "clean", "fetch", "user"),
    [
        (TOKEN, CLEAN, TOKEN, ""),
        ("https://me:pw@c.example.org/team", CLEAN, CLEAN, "me:pw"),
        ("https://me:pw@c.example.org/t/tk-1/team/", CLEAN, TOKEN, "me:pw"),
    ],
)
def test_credentials_are_taken_out_and_handed_over_apart(address: str, clean: str, fetch: str, user: str) -> None:
    """A channel that the project names without them is fetched with those that the user has for it."""
    for named in ((), (CLEAN,)):
        found = channels_for(named, Condarc(channels=(address,)), "environment.yml")
        assert found.names[0].rstrip("/") == clean
        assert found.secrets == ((clean, fetch, user),)
    assert [one.rstrip("/") for one in first_channels(Condarc(channels=(address,)))] == [clean]


def test_an_alias_may_carry_a_token() -> None:
    found = channels_for(("team",), Condarc(alias="https://c.example.org/t/tk-1/"), "")
    assert (found.alias, found.names) == ("https://c.example.org/", ("team",))
    assert found.secrets == (("https://c.example.org", "https://c.example.org/t/tk-1", ""),)


@pytest.mark.parametrize(
    ("row", "code"), [(TOKEN, "requirement-secret"), ("https://u:p@x.example.org/c", "requirement-secret"),
                      ("https://x.example.org/$HOME", "address-unsafe"), ("$TOKEN", "address-unsafe")],
)  # fmt: skip
def test_a_file_of_the_project_carries_neither_secrets_nor_variables(row: str, code: str) -> None:
    with pytest.raises(MlenvError) as caught:
        channels_for((row,), Condarc(), "environment.yml")
    assert caught.value.code == code
    assert "tk-1" not in str(caught.value)


def test_the_user_s_files_are_merged_the_named_one_first(tmp_path: Path) -> None:
    (tmp_path / ".condarc").write_text("channels: [b, c]\nchannel_alias: https://b.example.org\noffline: true\n")
    (tmp_path / "named").write_text("channels:\n  - a\n  - https://c.example.org/t/${TOKEN}/x\n")
    found = read_condarc({"HOME": str(tmp_path), "CONDARC": str(tmp_path / "named"), "TOKEN": "tk-9"})
    assert found.channels == ("a", "https://c.example.org/t/tk-9/x", "b", "c")
    assert (found.alias, found.offline) == ("https://b.example.org", True)
    assert read_condarc({"HOME": str(tmp_path / "nobody")}) == Condarc()
