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
from mlenv.services import change
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
    history.note(root, entry, history.write_files(root, entry.id, FILES, {}))
    generations.switch(root, root / ".venv", generation)
    with holding(context, root, "sync") as (project, _):
        assert [known.done for known in history.entries(root)] == [True]
        assert project.prefix == str(root / ".venv")
