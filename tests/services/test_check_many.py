"""`mlenv check` of many notebooks and projects: one row each, one exit status, each project measured once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv.faces.cli import main
from mlenv.services import check_many
from mlenv.services.check import Measured, measure
from notebook_files import write_notebook


def typed(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = main([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.fixture
def repository(
    tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Two projects: ``good`` is in step and has three notebooks, ``bare`` has no environment and no notebook."""
    root = tmp_path / "mono"
    (root / ".git").mkdir(parents=True)
    for name in ("good", "bare"):
        (root / name).mkdir()
        (root / name / "requirements.txt").write_text("six==1.17.0\n")
    make_venv(root / "good" / ".venv", None, "six==1.17.0")
    write_notebook(root / "good" / "fine.ipynb", "import six")
    write_notebook(root / "good" / "installs.ipynb", "!pip install six")
    write_notebook(root / "good" / "lost.ipynb", "import six", kernel="colleague-env")
    monkeypatch.chdir(root)
    return root


def test_one_table_one_status_and_each_project_measured_once(
    repository: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []

    def counted(*words: Any) -> Measured:
        measured.append(words[1].root.name)
        return measure(*words)

    monkeypatch.setattr(check_many, "measure", counted)
    assert main(["check", "good"]) == 0
    head, *rows, last = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "notebook or project"
    assert [row.split()[:2] for row in rows] == [
        ["good/fine.ipynb", "in-step"],
        ["good/installs.ipynb", "in-step"],
        ["good/lost.ipynb", "in-step"],
    ]
    assert "mlenv scan good/installs.ipynb" in rows[1]
    assert "mlenv run good/lost.ipynb" in rows[2]
    assert "its kernel colleague-env is not on this computer" in rows[2]
    assert last == "3 notebooks: 3 in-step"
    assert measured == ["good"]
    status, told = typed(["check", "--all"], capsys)
    assert (status, told["schema"], told["verdict"]) == (1, 1, "no-env")
    assert [(row["name"], row["notebook"], row["verdict"]) for row in told["reports"]] == [
        ("bare/", None, "no-env"),
        ("good/fine.ipynb", "good/fine.ipynb", "in-step"),
        ("good/installs.ipynb", "good/installs.ipynb", "in-step"),
        ("good/lost.ipynb", "good/lost.ipynb", "in-step"),
    ]
    assert told["reports"][0]["next"]["command"] == "mlenv create --project bare"
    assert sorted(measured) == ["bare", "good", "good"]


def test_what_is_broken_is_a_row_and_not_the_end(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A torn notebook, one that is gone, a manifest that cannot be read, a notebook without any project."""
    (repository / "good" / "torn.ipynb").write_text('{"cells": [')
    (repository / "odd").mkdir()
    (repository / "odd" / "pyproject.toml").write_text("x = ")
    write_notebook(repository / "stray.ipynb", "import six")
    status, told = typed(["check", "--all", "good/gone.ipynb"], capsys)
    assert (status, told["verdict"]) == (2, "error")
    errors = {row["name"]: row["error"]["code"] for row in told["reports"] if "error" in row}
    assert errors == {
        "good/gone.ipynb": "notebook-missing",
        "good/torn.ipynb": "notebook-unreadable",
        "odd/": "manifest-unreadable",
        "stray.ipynb": "no-project",
    }
    assert [row["verdict"] for row in told["reports"] if row["name"] == "good/fine.ipynb"] == ["in-step"]
    assert main(["check", "good/torn.ipynb", "good/fine.ipynb"]) == 2
    assert ["good/torn.ipynb", "error"] in [line.split()[:2] for line in capsys.readouterr().out.splitlines()]


def test_a_notebook_that_declares_packages_itself_is_held_against_its_project(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """S62 among many: which source is used and why, and the difference, in the row of that notebook alone."""
    write_notebook(
        repository / "good" / "own.ipynb", '# /// script\n# dependencies = ["six<1.17"]\n# ///', "import six"
    )
    status, told = typed(["check", "good/own.ipynb", "good/fine.ipynb"], capsys)
    assert status == 0
    rows = {row["name"]: [finding["reason"] for finding in row["findings"]] for row in told["reports"]}
    assert rows["good/fine.ipynb"] == []
    assert any("requirements.txt is used and not the script block" in reason for reason in rows["good/own.ipynb"])
    assert any("six<1.17" in reason for reason in rows["good/own.ipynb"])


def test_one_notebook_alone_is_answered_as_ever(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = typed(["check", "good/fine.ipynb"], capsys)
    assert (status, told["verdict"]) == (0, "in-step")
    assert "reports" not in told


def test_what_is_neither_notebook_nor_folder_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "empty").mkdir()
    for words in (["check", "empty"], ["check", "list.txt", "good"], ["check", "--all", "--platform", "windows"]):
        status, told = typed(words, capsys)
        assert status == 2
        assert told["error"]["code"] in {"notebook-missing", "usage"}
        assert told["error"]["hint"]


def test_progress_is_told_for_each_project(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--all", "--events"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["done"] for line in lines[:-1]] == [1, 2]
    outcome = lines[-1]["outcome"]
    assert outcome["data"]["verdict"] == "no-env"
    assert len(outcome["lines"]) == 6
    assert str(repository) not in os.linesep.join(outcome["lines"])
