"""The last steps of a change: the project's files and the environment, both or neither."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlenv import generations, history
from mlenv.engines.choose import EngineChoice, Tools
from mlenv.errors import MlenvError
from mlenv.locks import Choice, Selected
from mlenv.model import Event, Selection
from mlenv.probe.interpreters import host
from mlenv.services import change, tools
from mlenv.services.add import _unless_taken_out
from mlenv.services.context import Context, silent
from mlenv.services.holding import holding
from mlenv.services.project import load
from mlenv.services.wish import Wish


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a manifest and a lock."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\n')
    (tmp_path / "pylock.toml").write_text("old")
    return tmp_path


def _wish(root: Path, files: Mapping[str, str]) -> Wish:
    return Wish(
        verb="add",
        selected=Selected(
            selection=Selection(root=str(root), name="p"),
            choice=Choice(reason=""),
            content=None,
            manifest=None,
            files_read=(),
        ),
        interpreter=host(),
        engine=EngineChoice(name="uv", why=""),
        tools=Tools(),
        files=files,
    )


def _generation(root: Path) -> Path:
    path = generations.new_path(root)
    path.mkdir()
    (path / "pyvenv.cfg").write_text("")
    return path


def _beside(generation: Path) -> change._Place:
    return change._Place(generation=generation, folder=generation, old=None)


def _texts(root: Path) -> tuple[str, str]:
    return (root / "pyproject.toml").read_text(), (root / "pylock.toml").read_text()


FILES = {"pyproject.toml": '[project]\nname = "q"\n', "pylock.toml": "new"}


def test_files_go_back_where_the_environment_cannot_be_switched(root: Path) -> None:
    """Somebody put a folder of data where the environment belongs, while it was being built."""
    project, before, generation = load(root), _texts(root), _generation(root)
    (root / ".venv").mkdir()
    (root / ".venv" / "thesis.txt").write_text("x")
    with pytest.raises(MlenvError) as caught:
        change._write_and_switch(Context(cwd=root, report=silent), project, _wish(root, FILES), _beside(generation), -1)
    assert (caught.value.code, _texts(root), generation.exists()) == ("environment-foreign", before, False)
    assert (root / ".venv" / "thesis.txt").exists()


def test_an_interrupt_before_the_switch_leaves_everything_as_it_was(root: Path) -> None:
    """The user stops the cell after the lock was written."""

    def stop(event: Event) -> None:
        raise KeyboardInterrupt

    project, before, generation = load(root), _texts(root), _generation(root)
    with pytest.raises(KeyboardInterrupt):
        change._write_and_switch(Context(cwd=root, report=stop), project, _wish(root, FILES), _beside(generation), -1)
    assert (_texts(root), generation.exists(), os.path.lexists(root / ".venv")) == (before, False, False)


def test_the_next_verb_finishes_what_a_kill_interrupted(root: Path) -> None:
    """Killed between the switch and its note: the next verb notes it, so that undo goes back by this change."""
    context, generation = Context(cwd=root, report=silent), _generation(root)
    entry = history.begin(root, "add", None, f"envs/{generation.name}")
    history.write_files(root, entry, FILES, {})
    generations.switch(root, root / ".venv", generation)
    with holding(context, load(root), "sync") as (project, _):
        assert [known.done for known in history.entries(root)] == [True]
        assert project.prefix == str(root / ".venv")
    # The step between the two: whoever creates again finds all in step, and would not come to it.
    assert (root / ".gitignore").read_text().split() == [".venv", ".mlenv", ".env"]


def test_a_file_that_a_killed_writer_left_goes(root: Path) -> None:
    """A temporary file beside a project file is removed by the next verb; a file of somebody else's stays."""
    (root / ".pylock.toml.0123456789ab.tmp").write_text("half")
    (root / ".mlenv").mkdir()
    (root / ".mlenv" / ".history.json.0123456789ab.tmp").write_text("half")
    (root / ".mlenv" / "..gitignore.0123456789ab.tmp").write_text("half")
    (root / ".mine.tmp").write_text("mine")
    with holding(Context(cwd=root, report=silent), load(root), "sync"):
        pass
    assert not (root / ".pylock.toml.0123456789ab.tmp").exists()
    assert not list((root / ".mlenv").glob("*.tmp"))
    assert (root / ".mine.tmp").exists()


def test_a_change_of_files_that_was_killed_half_way_is_not_taken_for_whole(root: Path) -> None:
    """Killed between two files: what undo would take back is not noted as done."""
    entry = history.begin(root, "lock", None, None)
    written = history.write_files(root, entry, FILES, {})
    name, *_ = FILES
    history.put_back(root, written[0])
    with holding(Context(cwd=root, report=silent), load(root), "sync"):
        assert [known.done for known in history.entries(root)] == [False], name


def test_an_engine_that_was_killed_once_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a kill at the wrong moment would make the environment with another engine."""
    fake, seen = tmp_path / "uv", tmp_path / "seen"
    fake.write_text(f'#!/bin/sh\nif [ -e {seen} ]; then echo "uv 0.9.1"; else touch {seen}; kill -9 $$; fi\n')
    fake.chmod(0o755)
    monkeypatch.setenv("MLENV_UV", str(fake))
    assert tools.tools().uv == str(fake)


def test_a_remove_that_was_killed_goes_on_when_it_is_typed_again(root: Path) -> None:
    """Killed after the manifest was written: nobody declares the package any more, and that is no refusal then."""

    def refuse() -> dict[str, str]:
        raise MlenvError("not-declared", "typing-extensions is not declared")

    project = load(root)
    (root / "pyproject.toml").write_text('[project]\nname = "q"\ndependencies = ["Typing_Extensions>=4"]\n')
    with pytest.raises(MlenvError):
        _unless_taken_out(project, "remove", ("typing-extensions",), refuse)
    entry = history.begin(root, "remove", "envs/one", "envs/two")
    history.write_files(root, entry, FILES, {})
    assert _unless_taken_out(project, "remove", ("typing-extensions",), refuse) == {}
    for verb, name in (("remove", "extensions"), ("remove", "typo"), ("add", "typing-extensions")):
        with pytest.raises(MlenvError):
            _unless_taken_out(project, verb, (name,), refuse)
    (root / "pyproject.toml").write_text("edited since")
    with pytest.raises(MlenvError):
        _unless_taken_out(project, "remove", ("typing-extensions",), refuse)
