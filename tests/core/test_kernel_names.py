"""Ids and display names of kernels."""

from __future__ import annotations

import re

import pytest

from mlenv import kernel_names
from mlenv.errors import MlenvError

LEGAL = re.compile(r"^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$")

NAMES = {
    "plain": ("demo", "demo"),
    "spaces": ("My first  project", "my-first-project"),
    "diacritics": ("Übung für Jürgen Žižek", "ubung-fur-jurgen-zizek"),
    "letters that do not decompose": ("Straße Łódź Ærø", "strasse-lodz-aero"),
    "Japanese": ("機械学習", "project"),
    "Japanese with a word": ("機械学習 demo", "demo"),
    "full-width letters": ("\uff24\uff25\uff2d\uff2f", "demo"),
    "dots only": ("..", "project"),
    "path": ("../../etc", "etc"),
    "shell": ("$(rm -rf x) & 'q'", "rm-rf-x-q"),
    "empty": ("", "project"),
    "reserved": ("python3", "python3"),
}


@pytest.mark.parametrize(("name", "slug"), NAMES.values(), ids=NAMES.keys())
def test_an_id_is_legal_readable_and_never_reserved(name: str, slug: str) -> None:
    kernel_id = kernel_names.kernel_id(name, "/home/a/demo")

    assert LEGAL.fullmatch(kernel_id)
    assert re.fullmatch(re.escape(slug) + "-[0-9a-f]{8}", kernel_id)
    assert kernel_id not in kernel_names.RESERVED


def test_a_name_of_200_characters_is_cut_at_a_word() -> None:
    name = "a very long name of a project about " + "x" * 164
    assert len(name) == 200

    kernel_id = kernel_names.kernel_id(name, "/p")

    assert LEGAL.fullmatch(kernel_id)
    assert kernel_id.startswith("a-very-long-name-of-a-project-about-")
    assert LEGAL.fullmatch(kernel_names.kernel_id("x" * 200, "/p"))


def test_ids_differ_by_location_and_stay_the_same_for_one() -> None:
    assert kernel_names.kernel_id("demo", "/a/demo") == kernel_names.kernel_id("demo", "/a/demo")
    assert kernel_names.kernel_id("demo", "/a/demo") != kernel_names.kernel_id("demo", "/b/demo")


def test_a_location_that_is_not_unicode_has_an_id_too() -> None:
    assert LEGAL.fullmatch(kernel_names.kernel_id("demo", "/a/\udcff/demo"))


@pytest.mark.parametrize("name", ["demo", "a", "0", "my_kernel-2", "a" * 64])
def test_a_legal_name_is_accepted_as_it_is(name: str) -> None:
    assert kernel_names.check_id(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "..", ".", "a/b", "../x", "Demo", "-a", "a-", "_a", "a\n", "demo\n", "a b", "é", "a" * 65, "\u0661"],
)
def test_an_illegal_name_is_refused_with_a_suggestion(name: str) -> None:
    with pytest.raises(MlenvError) as caught:
        kernel_names.check_id(name, where="pyproject.toml: tool.mlenv.kernel-name")

    assert caught.value.code == "kernel-name"
    assert caught.value.where == "pyproject.toml: tool.mlenv.kernel-name"
    suggestion = re.search(r'"(.*)"', caught.value.hint)
    assert suggestion
    assert kernel_names.is_legal_id(suggestion.group(1))


@pytest.mark.parametrize("name", sorted(kernel_names.RESERVED))
def test_names_of_other_kernels_are_refused(name: str) -> None:
    with pytest.raises(MlenvError, match="belongs to another kernel"):
        kernel_names.check_id(name)


def test_a_taken_id_gets_a_number_and_case_does_not_matter() -> None:
    assert kernel_names.another_id("demo-1", []) == "demo-1"
    assert kernel_names.another_id("demo-1", ["Demo-1"]) == "demo-1-2"
    assert kernel_names.another_id("demo-1", ["demo-1", "demo-1-2"]) == "demo-1-3"


def test_the_display_name_tells_projects_of_one_name_apart() -> None:
    taken: list[str] = []
    for location in ("/x/a/demo", "/x/b/demo", "/y/b/demo", "/x/b/demo", "/x/b/demo"):
        taken.append(kernel_names.display_name("demo", location, taken))

    assert taken == [
        "Python (demo)",
        "Python (demo, b)",
        "Python (demo, y/b)",
        "Python (demo, x/b)",
        "Python (demo, 2)",
    ]


def test_the_display_name_keeps_what_a_person_wrote() -> None:
    assert kernel_names.display_name("機械学習 für Žižek", "/p", []) == "Python (機械学習 für Žižek)"


def test_the_display_name_is_one_line_of_readable_length() -> None:
    shown = kernel_names.display_name("a\nb\x1b[31m" + "x" * 200, "/p", [])

    assert shown.isprintable()
    assert len(shown) < 75
    assert shown.startswith("Python (a b ")
