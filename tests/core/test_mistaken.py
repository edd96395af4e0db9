"""A file that is not what its name says is reported as such, with the line, and never half read."""

from __future__ import annotations

import pytest
from locks_project import chosen, read

from mlenv.errors import MlenvError
from mlenv.locks.mistaken import ini_instead_of_toml, mistaken

HTML = '\n<!DOCTYPE html>\n<html lang="en"><head><title>requirements.txt at main</title></head></html>\n'
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
EXPLICIT = "# platform: linux-64\n@EXPLICIT\nhttps://conda.example.org/linux-64/_libgcc_mutex-0.1-main.conda#c3473f\n"
CONDA_LIST = (
    "# This file may be used to create an environment using:\n_libgcc_mutex=0.1=main\nnumpy=1.26.4=py311h64_0\n"
)
CONDA_YML = "name: demo\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.11\n"
TOML = '[project]\nname = "demo"\ndependencies = ["six"]\n'
JSON = '{\n  "dependencies": {"six": "*"}\n}\n'
PIP_INSTALL = (
    "Collecting six\n  Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)\nSuccessfully installed six-1.17.0\n"
)
PIP_AGAIN = "Requirement already satisfied: six in ./.venv/lib/python3.11/site-packages (1.17.0)\n"
PIP_LIST = "Package    Version\n---------- -------\nsix        1.17.0\n"
INI = "[metadata]\nname = demo\n\n[options]\ninstall_requires =\n    six\n"


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        (HTML, "a web page", 2),
        (LFS, "a pointer of Git LFS", 1),
        (EXPLICIT, "a conda list (@EXPLICIT)", 2),
        (CONDA_LIST, "a conda list (NAME=VERSION=BUILD)", 2),
        (CONDA_YML, "YAML", 1),
        (TOML, "TOML or INI", 1),
        (JSON, "JSON", 1),
        ('["six",\n"idna"]', "JSON", 1),
        (PIP_INSTALL, "what pip install printed", 1),
        (PIP_AGAIN, "what pip install printed", 1),
        (PIP_LIST, "what pip list printed", 1),
        (INI, "TOML or INI", 1),
        ("#!/bin/sh\npip install six\n", "a script", 1),
    ],
)
def test_a_list_that_is_none_is_named_for_what_it_is(text: str, what: str, line: int) -> None:
    for name in ("requirements.txt", "requirements.in"):
        with pytest.raises(MlenvError) as caught:
            chosen({name: text})
        assert caught.value.code == "requirements-unreadable"
        assert caught.value.message.startswith(f"{name} is not what its name says: it is {what}")
        assert caught.value.where == f"{name}: line {line}"
        assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("Pipfile", JSON, "JSON"),
        ("Pipfile", HTML, "a web page"),
        ("Pipfile.lock", TOML, "TOML or INI"),
        ("Pipfile.lock", LFS, "a pointer of Git LFS"),
        ("pyproject.toml", INI, "INI"),
        ("pyproject.toml", CONDA_YML, "YAML"),
        ("pyproject.toml", JSON, "JSON"),
        ("uv.lock", LFS, "a pointer of Git LFS"),
        ("uv.lock", HTML, "a web page"),
        ("poetry.lock", JSON, "JSON"),
        ("pylock.toml", CONDA_YML, "YAML"),
        ("pdm.lock", HTML, "a web page"),
    ],
)
def test_other_files_are_named_for_what_they_are_too(name: str, text: str, what: str) -> None:
    with pytest.raises(MlenvError) as caught:
        chosen({name: text})
    assert caught.value.message.startswith(f"{name} is not what its name says: it is {what}")
    assert (caught.value.where or "").startswith(f"{name}: line ")


@pytest.mark.parametrize(
    "text",
    [
        "name\nchannels\ncollecting>=1\ncollecting >=1\n",
        "downloading >= 1\nprocessing\n",
        "package ; python_version > '3'\nversion==1\n",
        "# {not json}\nsix\n",
        "html5lib\nxml\n",
        "a=b",
        "",
    ],
)
def test_odd_names_in_a_list_are_no_mistake(text: str) -> None:
    assert mistaken(text) is None


@pytest.mark.parametrize(
    "name",
    [
        "requirements-freeze/requirements.txt",
        "requirements-pip-compile/requirements.txt",
        "requirements-uv/requirements.txt",
    ],
)
def test_real_lists_are_no_mistake(name: str) -> None:
    assert mistaken(read(name)) is None


def test_a_slip_in_a_toml_file_stays_a_slip() -> None:
    """One value without quotes among others with them: the line and column say more than a guess."""
    with pytest.raises(MlenvError) as caught:
        chosen({"pyproject.toml": '[project]\nname = "demo"\nversion = one\n'})
    assert caught.value.where == "pyproject.toml: line 3, column 11"
    assert not ini_instead_of_toml('[project]\nname = "demo"\nversion = one\n')
    assert ini_instead_of_toml(INI)
    assert not ini_instead_of_toml("six\nidna\n")


def test_an_option_that_needs_a_value_says_so() -> None:
    for option, needs in (("-e", "a folder or an address"), ("--editable", "a folder"), ("-r", "the name of a file")):
        with pytest.raises(MlenvError) as caught:
            chosen({"requirements.in": f"six\n{option}\n"})
        assert caught.value.message.startswith(f"{option} needs {needs}")
        assert caught.value.where == "requirements.in: line 2"
