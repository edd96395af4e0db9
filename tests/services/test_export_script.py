"""S62: the lock written into a notebook as a PEP 723 block, and read back: the same packages come of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv.faces.cli import main

LOCK = "idna==3.7\nsix==1.17.0\n"
PRINTED = """\
# /// script
# requires-python = ">=3.{minor}"
# dependencies = [
#     "idna==3.7",
#     "six==1.17.0",
# ]
# ///
"""


def typed(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    status = main([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def reasons(report: dict[str, Any], kind: str) -> list[str]:
    return [row["reason"] for row in report["findings"] if row["kind"] == kind]


@pytest.fixture
def folder(tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "course"
    (root / ".git").mkdir(parents=True)
    (root / "requirements.in").write_text("six\nidna<4\n")
    (root / "requirements.txt").write_text(LOCK)
    cells = [{"cell_type": "code", "source": ["import six\n", "import idna"], "metadata": {}, "outputs": []}]
    content = {"cells": cells, "metadata": {"own": 1}, "nbformat": 4, "nbformat_minor": 4}
    (root / "work.ipynb").write_text(json.dumps(content, indent=2))
    monkeypatch.chdir(root)
    return root


def test_the_block_is_printed_and_nothing_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import sys

    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert main(["export", "script"]) == 0
    printed = capsys.readouterr().out
    assert printed == PRINTED.format(minor=sys.version_info.minor)
    assert main(["export", "script", "work.ipynb"]) == 0
    assert capsys.readouterr().out == printed
    status, told = typed(["export", "script", "--declared"], capsys)
    assert (status, told["data"]["dependencies"], told["data"]["from"]) == (0, ["six", "idna<4"], "requirements.in")
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_written_and_read_back_it_agrees_with_the_lock_until_that_moves(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside the lock: which source counts and why, and the difference of the two, listed."""
    path = folder / "work.ipynb"
    text = path.read_text()
    status, told = typed(["export", "script", "work.ipynb", "--write"], capsys)
    assert (status, told["files"], told["data"]["cell"]) == (0, ["work.ipynb"], 1)
    start, end = text.split('"import six')
    written = path.read_text()
    assert written.startswith(start)
    assert written.endswith(f'"import six{end}')
    _, report = typed(["check", "work.ipynb"], capsys)
    assert reasons(report, "conflict") == []
    why, agrees = reasons(report, "note")
    assert "requirements.txt is used and not the script block in cell 1 of work.ipynb" in why
    assert agrees == "work.ipynb asks for nothing that requirements.txt does not hold."
    assert typed(["export", "script", "work.ipynb", "--write"], capsys)[1]["files"] == []
    (folder / "requirements.txt").write_text(LOCK.replace("1.17.0", "1.16.0"))
    _, report = typed(["check", "work.ipynb"], capsys)
    assert any("six==1.17.0" in reason and "1.16.0" in reason for reason in reasons(report, "conflict"))
    typed(["export", "script", "work.ipynb", "--write"], capsys)
    assert path.read_text() == written.replace("six==1.17.0", "six==1.16.0")


def test_what_is_asked_wrongly_or_is_not_there_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, code in (
        (["--write"], "usage"),
        (["a.ipynb", "b.ipynb"], "usage"),
        (["gone.ipynb", "--write"], "notebook-missing"),
    ):
        status, told = typed(["export", "script", *words], capsys)
        assert (status, told["error"]["code"]) == (2, code)
        assert told["error"]["hint"]
    (folder / "requirements.txt").unlink()
    status, told = typed(["export", "script", "work.ipynb", "--write"], capsys)
    assert (status, told["error"]["code"], told["error"]["hint"]) == (2, "no-lock", "mlenv lock")
    assert "script" not in (folder / "work.ipynb").read_text()


def test_what_no_other_computer_can_get_is_left_out_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = f"""lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.10"
[[packages]]
name = "six"
version = "1.17.0"
index = "https://index.example.org/simple"
wheels = [{{ name = "six-1.17.0-py2.py3-none-any.whl", url = "https://files.example.org/six-1.17.0-py2.py3-none-any.whl", hashes = {{ sha256 = "{"0" * 64}" }} }}]
[[packages]]
name = "own"
directory = {{ path = "lib", editable = true }}
[[packages]]
name = "tool"
vcs = {{ type = "git", url = "https://host.example/tool.git", requested-revision = "main", commit-id = "{"a" * 40}" }}
"""
    for name in ("requirements.in", "requirements.txt"):
        (folder / name).unlink()
    (folder / "pylock.toml").write_text(lock)
    assert main(["export", "script"]) == 0
    told = capsys.readouterr()
    assert '# requires-python = ">=3.10"' in told.out
    assert f'"tool @ git+https://host.example/tool.git@{"a" * 40}"' in told.out
    assert '"six==1.17.0"' in told.out
    assert "own" not in told.out
    assert "not in the block, for only this project has it: own" in told.err


@pytest.mark.real
def test_the_notebook_alone_makes_the_same_environment(
    folder: Path, tmp_path: Path, make_venv: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Sent to somebody who has nothing but the notebook: create --from-notebook gives the locked versions."""
    from scenarios.real_project import Project, mlenv

    typed(["export", "script", "work.ipynb", "--write"], capsys)
    alone = tmp_path / "alone"
    (alone / ".git").mkdir(parents=True)
    (alone / "work.ipynb").write_bytes((folder / "work.ipynb").read_bytes())
    mlenv(alone, "create", "--from-notebook", "work.ipynb", "--yes")
    assert Project(alone).packages == {"idna": "3.7", "six": "1.17.0"}
    assert mlenv(alone, "check", "work.ipynb", "--json").json()["verdict"] == "in-step"
