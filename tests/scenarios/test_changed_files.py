"""`check --deep`: every file against RECORD, with the list of those that were deleted, edited or cut, in every face."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scenarios.real_project import Project, create

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


def _own_copy(path: Path) -> Path:
    """Take a file out of uv's cache, to which it is linked."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)
    return path


@pytest.fixture
def project(root: Path) -> Project:
    """Four packages; two of them with one file edited, one cut, one deleted, one emptied."""
    project = create(root, "six", "idna", "attrs", "iniconfig")
    six = _own_copy(project.site / "six.py")
    six.write_text(six.read_text().replace("Copyright", "copyright"))
    core = _own_copy(project.site / "idna" / "core.py")
    core.write_bytes(core.read_bytes()[:-7])
    (project.site / "idna" / "codec.py").unlink()
    _own_copy(project.site / "idna" / "py.typed").write_bytes(b"x")
    return project


def test_deleted_edited_and_cut_files_are_listed(project: Project) -> None:
    """Text and wire name each file with what is wrong; packages that are whole are not named; sync mends both."""
    told = project.mlenv("check", "--deep", code=1).stdout
    lines = [line.strip() for line in told.splitlines()]
    assert "six: six.py was changed" in lines
    assert "idna: idna/codec.py is missing" in lines
    assert "idna: idna/core.py has another size" in lines
    assert "attrs" not in told
    report = project.mlenv("check", "--deep", "--json", code=1).json()
    files = {row["package"]: sorted(row.get("files", ())) for row in report["findings"]}
    assert files == {
        "six": ["six.py was changed"],
        "idna": ["idna/codec.py is missing", "idna/core.py has another size", "idna/py.typed has another size"],
    }
    assert {row["kind"] for row in report["findings"]} == {"damaged"}
    assert report["verdict"] == "broken"
    project.mlenv("sync", "--deep")
    assert project.mlenv("check", "--deep", "--json").json()["verdict"] == "in-step"


def test_what_no_hash_is_recorded_for_is_not_judged(root: Path) -> None:
    """Compiled files, RECORD itself, files with another time or another mode: none is a change."""
    project = create(root, "six")
    (project.site / "__pycache__").mkdir(exist_ok=True)
    (project.site / "__pycache__" / "six.cpython-311.pyc").write_bytes(b"not as it was")
    os.utime(_own_copy(project.site / "six.py"), (1, 1))
    (project.site / "six.py").chmod(0o400)
    assert project.mlenv("check", "--deep", "--json").json()["verdict"] == "in-step"


def test_a_long_list_is_cut_for_people_and_whole_for_programs(root: Path) -> None:
    project = create(root, "idna", "attrs")
    gone = [path for name in ("attr", "attrs") for path in (project.site / name).glob("*.py")]
    gone += [path for path in (project.site / "idna").glob("*.py") if path.name != "__init__.py"]
    for path in gone:
        path.unlink()
    assert len(gone) > 20
    told = project.mlenv("check", "--deep", code=1).stdout
    assert f"    ... and {len(gone) - 20} more files (--json lists them)" in told.splitlines()
    report = project.mlenv("check", "--deep", "--json", code=1).json()
    assert sum(len(row["files"]) for row in report["findings"]) == len(gone)
