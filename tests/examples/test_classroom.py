"""The course of examples/classroom: checked, scanned and run in one go, as the README shows it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from scenarios.real_project import mlenv, specs

pytestmark = pytest.mark.real
REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("## Many notebooks")[1].split("\n## ")[0]


def shown(start: str) -> list[str]:
    """The words of the table that the README shows below a command, line by line."""
    block = README.split(f"$ {start}\n")[1].split("```")[0].split("\n$ ")[0]
    return [" ".join(line.split()) for line in block.strip().splitlines()]


def test_the_course_is_checked_scanned_and_run(tmp_path: Path, mlenv_home: Path) -> None:
    """One fine notebook, one that installs by hand, one whose kernel is not here: the README's tables are these."""
    course = tmp_path / "classroom"
    shutil.copytree(REPOSITORY / "examples" / "classroom", course)
    before = {path.name: path.read_bytes() for path in course.iterdir()}
    mlenv(course, "create", "--frozen")
    names = specs(mlenv_home)
    checked = mlenv(course, "check", "--all").stdout
    assert [" ".join(line.split()) for line in checked.splitlines()] == shown("mlenv check --all")
    scanned = mlenv(course, "scan", code=1).stdout
    # Whose pip comes first is another on every computer.
    place = re.compile(r"(?:another Python|the system's Python) \(.*?\)|the shell's .*? is|nowhere: .*? PATH")
    told = [place.sub("INTO", " ".join(line.split())) for line in scanned.splitlines()]
    assert told == [place.sub("INTO", line) for line in shown("mlenv scan")]
    outputs = {}
    for name in ("ada", "ben", "cleo"):
        mlenv(course, "run", f"{name}.ipynb", "--check", "--output", str(tmp_path / f"{name}.ipynb"))
        done = nbformat.read(tmp_path / f"{name}.ipynb", as_version=4)
        outputs[name] = done.cells[-1].outputs[-1].data["text/plain"]
        assert json.loads(before[f"{name}.ipynb"])["metadata"] == done.metadata
    assert outputs == {"ada": "'18.0 million bytes in 12 files'", "ben": "'1.5 MB'", "cleo": "'1st, 2nd, 3rd'"}
    mlenv(course, "run", "ada.ipynb", "-p", "files", "3", "--output", str(tmp_path / "three.ipynb"))
    done = nbformat.read(tmp_path / "three.ipynb", as_version=4)
    assert done.cells[-1].outputs[-1].data["text/plain"] == "'4.5 million bytes in three files'"
    assert {name: text for name, text in before.items() if (course / name).read_bytes() != text} == {}
    assert specs(mlenv_home) == names
