"""Rows of ``environment.yml`` are edited where they stand; what surrounds them stays, byte for byte."""

from __future__ import annotations

import pytest

from mlenv.errors import MlenvError
from mlenv.locks import Target
from mlenv.locks.environment_yml import parse_environment
from mlenv.manifest_edit import add_specs, new_environment, remove_specs

OURS = """# our environment
name: demo
channels:
  - conda-forge  # first
dependencies:
  # the language
  - python=3.11
  - numpy=1.26  # pinned: see issue 7
  - "scipy >=1"

  - pip
  - pip:
      - requests==2  # web
variables:
  A: b
"""
FLUSH = "dependencies:\n- b\n- d\nprefix: z\n"


def rows(text: str) -> tuple[list[str], list[str]]:
    """What a reader of YAML finds: specifications, and rows of pip."""
    read = parse_environment(text, "environment.yml", Target(markers={}), lambda _name: None)
    return [spec.text for spec in read.specs], list(read.piped)


def add(text: str, *specs: str, pip: bool = False) -> str:
    return add_specs(text, specs, "environment.yml", pip=pip)


def remove(text: str, *names: str) -> str:
    return remove_specs(text, names, "environment.yml")


@pytest.mark.parametrize(
    ("text", "spec", "line"),
    [
        (OURS, "pandas", "  - pip\n  - pandas\n  - pip:\n"),
        (OURS, "numpy<2", "  - numpy<2  # pinned: see issue 7\n"),
        (OURS, "scipy >=2,<3", "  - scipy >=2,<3\n"),
        (OURS, "conda-forge::zlib", '  - "conda-forge::zlib"\n'),
        (OURS, "zlib[build=h1]", '  - "zlib[build=h1]"\n'),
        (FLUSH, "c", "- b\n- c\n- d\nprefix: z\n"),
        (FLUSH, "e", "- d\n- e\nprefix: z\n"),
        ("name: x", "c", "name: x\ndependencies:\n  - c\n"),
        ("dependencies: []\n", "c", "dependencies:\n  - c\n"),
        ("", "c", "dependencies:\n  - c\n"),
    ],
)
def test_a_row_is_added_where_it_belongs(text: str, spec: str, line: str) -> None:
    edited = add(text, spec)
    assert line in edited
    assert spec in rows(edited)[0]
    assert add(edited, spec) == edited
    kept = [one for one in text.splitlines() if not one.strip().startswith(("- ", "dependencies")) and one.strip()]
    assert all(one in edited.splitlines() for one in kept)


def test_a_bare_name_leaves_the_row_that_is_there() -> None:
    assert add(OURS, "numpy", "python") == OURS


def test_what_was_added_is_taken_out_again() -> None:
    assert remove(add(OURS, "pandas"), "pandas") == OURS
    assert remove(add(FLUSH, "six", pip=True), "six") == FLUSH
    assert rows(remove(OURS, "numpy", "requests")) == (["python=3.11", "scipy >=1", "pip"], [])


def test_rows_of_pip_stand_apart() -> None:
    assert rows(add(OURS, "idna==3.7", "requests>2", pip=True))[1] == ["requests>2", "idna==3.7"]
    assert "  - pip:\n      - idna\n" in add("dependencies:\n  - python\n", "idna", pip=True)


def test_windows_line_ends_stay() -> None:
    text = OURS.replace("\n", "\r\n")
    assert add(text, "pandas") == add(OURS, "pandas").replace("\n", "\r\n")


@pytest.mark.parametrize("flow", ["[python, numpy]", "{a: b}", "&anchor"])
def test_what_is_not_one_row_a_line_is_refused(flow: str) -> None:
    with pytest.raises(MlenvError) as caught:
        add(f"name: x\ndependencies: {flow}\n", "six")
    assert (caught.value.code, caught.value.where) == ("manifest-style", "environment.yml: line 2")


def test_what_nobody_declares_is_not_taken_out() -> None:
    with pytest.raises(MlenvError) as caught:
        remove(OURS, "six")
    assert caught.value.code == "not-declared"


def test_a_new_file_reads_as_what_was_asked() -> None:
    text = new_environment("demo", ["conda-forge", "file:///x y"], ["python=3.12", "numpy >=1,<2"], ["tomli==2"])
    assert rows(text) == (["python=3.12", "numpy >=1,<2"], ["tomli==2"])
