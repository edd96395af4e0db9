"""`mlenv scan`: where the install lines of notebooks lead, told from files; nothing is started or written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from mlenv.faces.cli import main
from notebook_files import write_notebook

MANY = "!pip install six\n%pip install 'idna<4'\n!pip install humanize\n!apt-get install -y graphviz"


def typed(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = main([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture
def folder(tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder; the shell's first pip belongs to a Python of its own, which must not be started."""
    (tmp_path / "course" / ".git").mkdir(parents=True)
    bin_folder = tmp_path / "elsewhere" / "bin"
    bin_folder.mkdir(parents=True)
    for name, text in (("pip", f"#!{bin_folder}/python3\n"), ("python3", "#!/bin/sh\ntouch started\n")):
        (bin_folder / name).write_text(text)
        (bin_folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


def test_the_shells_pip_belongs_elsewhere_and_the_right_line_is_given(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """S5: cell, line, where it would install, what to type; files are as they were and nothing was started."""
    write_notebook(folder / "work.ipynb", "import os", MANY)
    (folder / "requirements.txt").write_text("humanize==4.9.0\n")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    status, outcome = typed(["scan"], capsys)
    rows = outcome["data"]["lines"]
    assert status == 1
    assert [(row["cell"], row["line"], row["into"]["kind"], row["instead"]) for row in rows] == [
        (2, 1, "shell", "%mlenv add six"),
        (2, 2, "kernel", '%mlenv add "idna<4"'),
        (2, 3, "shell", "nothing: requirements.txt has it (%mlenv sync)"),
        (2, 4, "not-python", "nothing: not a Python package"),
    ]
    assert rows[0]["into"]["prefix"] == str(folder.parent / "elsewhere")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert not list(folder.parent.rglob("started"))


def test_a_kernel_of_the_project_has_its_own_pip_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the project's kernel the shell finds the environment's pip, where it has one; a notebook of python3 does not."""
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (folder / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    (programs / "pip").write_text(f"#!{programs}/python3\n")
    (programs / "pip").chmod(stat.S_IRWXU)
    write_notebook(folder / "own.ipynb", "!pip install six", kernel="colleague-env")
    write_notebook(folder / "other.ipynb", "!pip install six", kernel="python3")
    _, outcome = typed(["scan"], capsys)
    into = {row["notebook"]: row["into"] for row in outcome["data"]["lines"]}
    assert (into["own.ipynb"]["kind"], into["own.ipynb"]["text"]) == ("kernel", "the kernel's environment .venv")
    assert into["other.ipynb"]["kind"] == "shell"


def test_one_table_and_one_status_for_many(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken notebook is a row with its error and status 2; where nothing installs, the status is 0."""
    write_notebook(folder / "a" / "clean.ipynb", "import six")
    assert main(["scan", "a"]) == 0
    assert capsys.readouterr().out == "no install lines in 1 notebook\n"
    write_notebook(
        folder / "b" / "work.ipynb", "!pip install six", "!pip install git+https://user:t0ken@host.example/x.git#egg=x"
    )
    assert main(["scan", "a", "b/work.ipynb"]) == 1
    told = capsys.readouterr().out
    assert told.splitlines()[0].split() == ["notebook", "cell", "line", "what", "into", "instead"]
    assert "b/work.ipynb  1     1     !pip install six" in told
    assert told.splitlines()[-1] == "2 install lines in 1 of 2 notebooks; nothing was changed"
    assert "t0ken" not in told
    (folder / "b" / "torn.ipynb").write_text('{"cells": [')
    status, outcome = typed(["scan", "a", "b", "gone.ipynb"], capsys)
    assert status == 2
    assert len(outcome["data"]["lines"]) == 2
    assert [(row["notebook"], row["error"]["code"]) for row in outcome["data"]["errors"]] == [
        ("b/torn.ipynb", "notebook-unreadable"),
        ("gone.ipynb", "notebook-missing"),
    ]
    assert "t0ken" not in json.dumps(outcome)
    assert typed(["scan", "nowhere"], capsys)[1]["error"]["code"] == "notebook-missing"


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("!pip install -r requirements.txt", "%mlenv sync"),
        ("!pip install -r other.txt", "mlenv create --from-notebook work.ipynb"),
        ("!pip install -e .", "declare it in pyproject.toml"),
        ("!pip install --upgrade pip", "nothing: mlenv keeps it"),
        ("!pip install {name}", "%mlenv add NAME"),
        ("!conda install -y -c conda-forge numpy=1.26 python=3.11", "%mlenv add numpy==1.26"),
        ("!pip install --user six", "%mlenv add six"),
        ("!pip install git+https://host.example/x.git", '%mlenv add "NAME @ git+https://host.example/x.git"'),
    ],
)
def test_what_to_type_instead(folder: Path, capsys: pytest.CaptureFixture[str], line: str, instead: str) -> None:
    write_notebook(folder / "work.ipynb", line)
    (folder / "requirements.txt").write_text("idna==3.7\n")
    _, outcome = typed(["scan", "work.ipynb"], capsys)
    assert [row["instead"] for row in outcome["data"]["lines"]] == [instead]


def test_a_tree_that_is_no_project_is_not_walked_to_its_end(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlenv.services.notebook_imports._MOST_FOLDERS", 3)
    for name in ("a", "b", "c/d"):
        (folder / name).mkdir(parents=True)
    write_notebook(folder / "a" / "one.ipynb", "1")
    status, said = typed(["scan", "."], capsys)
    assert (status, said["error"]["code"]) == (2, "folder-too-large")
    assert typed(["scan", "a"], capsys)[0] == 0
