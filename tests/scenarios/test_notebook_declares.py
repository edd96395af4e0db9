"""S62: a notebook that declares packages of its own, beside a lock and alone; typed as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlenv.faces.cli import main
from mlenv.services.context import Context, Options, silent
from mlenv.services.from_notebook import with_python_of

JUV = Path(__file__).parent.parent / "data" / "notebooks" / "juv" / "work.ipynb"


def typed(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    status = main([*words, "--json"])
    report: dict[str, object] = json.loads(capsys.readouterr().out)
    return status, report


def findings(report: dict[str, object], kind: str) -> list[str]:
    rows = report["findings"]
    assert isinstance(rows, list)
    return [row["reason"] for row in rows if row["kind"] == kind]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "work.ipynb").write_bytes(JUV.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_beside_a_lock_the_source_is_stated_and_the_difference_listed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "requirements.txt").write_text("six==1.16.0\nidna==3.7\n")
    status, report = typed(["check", "work.ipynb"], capsys)
    assert (status, report["verdict"]) == (1, "no-env")
    assert report["lock"] == {"path": "requirements.txt", "kind": "requirements"}
    (why,) = findings(report, "note")
    assert "requirements.txt is used and not the script block in cell 1 of work.ipynb" in why
    assert len(findings(report, "conflict")) == 3
    _, plain = typed(["check"], capsys)
    assert findings(plain, "conflict") == []


def test_alone_the_notebook_is_manifest_and_lock(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, report = typed(["check", "work.ipynb"], capsys)
    assert (status, report["verdict"]) == (1, "no-env")
    assert report["lock"] == {"path": "work.ipynb", "kind": "uv"}
    project, action = report["project"], report["next"]
    assert isinstance(project, dict)
    assert isinstance(action, dict)
    assert project["manifest"] == "work.ipynb"
    assert action["command"] == "mlenv create --from-notebook work.ipynb"
    assert sorted(entry.name for entry in folder.iterdir()) == [".git", "work.ipynb"]


def test_from_notebook_proposes_what_it_declares(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "--from-notebook", "work.ipynb"]) == 1
    told = capsys.readouterr().out
    assert "work.ipynb declares humanize<4.10, six>=1.17.0 (the script block in cell 1)" in told
    assert "nothing was installed" in told


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("check other.ipynb", "notebook-missing"),
        ("check list.txt", "notebook-missing"),
        ("check plain.ipynb", "no-project"),
    ],
)
def test_what_is_no_notebook_or_declares_nothing_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str, code: str
) -> None:
    (folder / "list.txt").write_text("six\n")
    (folder / "plain.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": "import six"}]}))
    status, report = typed(words.split(), capsys)
    assert status == 2
    error = report["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    assert error["hint"]


def test_the_python_that_it_declares_is_taken_unless_one_is_named(folder: Path) -> None:
    plain = Context(cwd=folder, report=silent)
    assert with_python_of(plain, "work.ipynb").options.python == ">=3.11"
    named = Context(cwd=folder, report=silent, options=Options(python="3.12"))
    assert with_python_of(named, "work.ipynb").options.python == "3.12"
    (folder / "work.ipynb").write_text(json.dumps({"cells": [{"cell_type": "code", "source": "import six"}]}))
    assert with_python_of(plain, "work.ipynb").options.python is None
