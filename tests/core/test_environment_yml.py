"""``environment.yml`` and match specifications: every spelling that people and tools use."""

from __future__ import annotations

import pytest
from locks_project import chosen, kinds, versions

from mlenv.errors import MlenvError
from mlenv.locks.conda_spec import parse_spec
from mlenv.locks.place import Place

PLACE = Place(file="environment.yml", code="environment-unreadable")
HEAD = "name: demo\nchannels:\n  - conda-forge\ndependencies:\n"


@pytest.mark.parametrize(
    ("text", "name", "version", "build", "pinned"),
    [
        # What py-rattler 0.28.0 makes of the same: name, version and build agree.
        ("numpy", "numpy", "", "", False),
        ("numpy=1.26", "numpy", "=1.26", "", True),
        ("numpy=1.26.4", "numpy", "=1.26.4", "", True),
        ("numpy==1.26.4", "numpy", "==1.26.4", "", True),
        ("numpy=1.26.4=py311h64a7726_0", "numpy", "==1.26.4", "py311h64a7726_0", True),
        ("numpy==1.26.4=py311h64a7726_0", "numpy", "==1.26.4", "py311h64a7726_0", True),
        ("numpy 1.26.4", "numpy", "==1.26.4", "", True),
        ("numpy 1.26.4 py311_0", "numpy", "==1.26.4", "py311_0", True),
        ("numpy 1.26.*", "numpy", "1.26.*", "", False),
        ("numpy=1.26.*", "numpy", "1.26.*", "", False),
        ("numpy>=1.26,<2", "numpy", ">=1.26,<2", "", False),
        ("numpy >=1.26, <2", "numpy", ">=1.26,<2", "", False),
        ("numpy > 1.26", "numpy", ">1.26", "", False),
        ("numpy >=1.26,<2 *_cpython", "numpy", ">=1.26,<2", "*_cpython", False),
        ("conda-forge::numpy", "numpy", "", "", False),
        ("conda-forge/linux-64::numpy==1.26.4", "numpy", "==1.26.4", "", True),
        ("numpy[version='>=1.26,<2']", "numpy", ">=1.26,<2", "", False),
        ('numpy[version=">=1.26", build="py*"]', "numpy", ">=1.26", "py*", False),
        ("conda-forge::numpy[build=*mkl*]", "numpy", "", "*mkl*", False),
        ("python 3.10|3.11.*", "python", "3.10|3.11.*", "", False),
        ("libblas=*=*mkl", "libblas", "", "*mkl", False),
        ("libblas * *mkl", "libblas", "", "*mkl", False),
        ("NumPy", "numpy", "", "", False),
        ("_libgcc_mutex=0.1=main", "_libgcc_mutex", "==0.1", "main", True),
        ("https://conda.example.org/x/linux-64/numpy-1.26.4-py311_0.conda#00", "numpy", "==1.26.4", "py311_0", True),
    ],
)
def test_specifications_are_read_in_every_spelling(
    text: str, name: str, version: str, build: str, pinned: bool
) -> None:
    found = parse_spec(text, PLACE)
    assert (found.name, found.version, found.build, found.pinned) == (name, version, build, pinned)


@pytest.mark.parametrize("text", ["", "=1.2", "-e .", "--index-url x", "::", "[version=1]"])
def test_what_is_no_specification_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(MlenvError) as problem:
        chosen({"environment.yml": HEAD + f"  - python\n  - '{text}'\n"})
    assert (problem.value.code, "dependencies[1]" in problem.value.where) == ("environment-unreadable", True)


def test_several_pip_parts_with_options_and_further_files_are_one_list() -> None:
    text = (
        HEAD + "  - python\n  - pip:\n      - --index-url https://index.example.org/simple\n      - -r more.txt\n"
        "      - rich>=13 ; sys_platform == 'win32'\n  - numpy\n  - pip:\n      - six==1.16.0\n      - -e .\n"
    )
    found = chosen(
        {"environment.yml": text, "more.txt": "idna>=3\n", "pyproject.toml": '[tool.mlenv]\nengine = "uv"\n'}
    )
    assert found.choice.manifest == "environment.yml"
    assert [(row.name, row.conda) for row in found.selection.declared] == [
        ("python", True), ("numpy", True), ("idna", False), ("six", False),
    ]  # fmt: skip
    assert found.manifest is not None
    assert found.manifest.options == ("--index-url https://index.example.org/simple",)
    assert "more.txt" in found.files_read
    assert kinds(found) == [("undecidable", None)]  # a folder that does not say which package it is


def test_pins_in_every_row_make_a_lock_and_builds_an_exact_one() -> None:
    rows = "  - python=3.11.7\n  - numpy=1.26\n  - pip\n  - pip:\n      - idna==3.7\n"
    found = chosen({"environment.yml": HEAD + rows})
    assert (found.choice.lock, found.selection.exact) == ("environment.yml", False)
    assert versions(found) == {"python": None, "numpy": None, "idna": "3.7"}
    assert {pin.name: pin.specifier for pin in found.selection.pins} == {
        "python": "=3.11.7",
        "numpy": "=1.26",
        "idna": "",
    }
    loose = chosen({"environment.yml": HEAD + rows.replace("idna==3.7", "idna>=3")})
    assert (loose.choice.lock, loose.choice.manifest) == (None, "environment.yml")


def test_the_order_of_locks_has_an_environment_last() -> None:
    text = HEAD + "  - python=3.11.7\n"
    found = chosen({"environment.yml": text, "requirements.txt": "six==1.16.0\n"})
    assert (found.choice.lock, found.choice.manifest) == ("requirements.txt", "environment.yml")


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("dependencies:\n  - {conda: [x]}\n", "environment-unreadable", "dependencies[0]"),
        ("dependencies:\n  - {pip: six}\n", "environment-unreadable", "dependencies[0].pip"),
        ("dependencies: six\n", "environment-unreadable", "dependencies"),
        ("dependencies:\n  - [six]\n", "environment-unreadable", "dependencies[0]"),
        ("dependencies:\n  - six\n   - idna\n", "environment-unreadable", "dependencies[0]"),
        ("dependencies:\n  - pip:\n    - 'six ==== 1'\n", "requirements-unreadable", "line 1"),
        ("name: demo\nname: demo\n", "environment-unreadable", "line 2"),
    ],
)
def test_what_cannot_be_read_is_one_error_with_its_place(text: str, code: str, place: str) -> None:
    with pytest.raises(MlenvError) as problem:
        chosen({"environment.yml": text})
    assert (problem.value.code, place in problem.value.where) == (code, True)


def test_a_file_with_nothing_in_it_declares_nothing() -> None:
    found = chosen({"environment.yml": "name: demo\n"})
    assert (found.choice.lock, found.choice.manifest, found.selection.declared) == (None, "environment.yml", ())


def test_selectors_of_conda_lock_s_are_for_their_platform() -> None:
    rows = "  - python\n  - pywin32  # [win]\n  - libfoo  # [linux64]\n  - 'bar >=1'  # [osx]\n  - baz  # see [1]\n"
    names = [row.name for row in chosen({"environment.yml": HEAD + rows}).selection.declared]
    assert names == ["python", "libfoo", "baz"]
