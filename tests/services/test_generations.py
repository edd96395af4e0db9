"""Generations: the switch, what undo brings back, what is collected and what never is."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from mlenv import generations, history, store
from mlenv.errors import MlenvError
from mlenv.probe import site


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty project."""
    return tmp_path


def _generation(root: Path, content: str = "") -> Path:
    path = generations.new_path(root)
    path.mkdir()
    (path / "pyvenv.cfg").write_text(content)
    return path


def _change(root: Path, verb: str, files: dict[str, str]) -> Path:
    """Carry a whole change out: a new generation, files, the switch."""
    link, new = root / ".venv", _generation(root, verb)
    old = generations.current(link)
    entry = history.begin(root, verb, f"envs/{old.name}" if old else None, f"envs/{new.name}")
    stamps = {name: site.stamp(str(root / name)) for name in files}
    written = history.write_files(root, entry.id, files, stamps)
    previous = generations.switch(root, link, new)
    history.finish(root, entry, previous, written)
    return new


def test_the_link_is_relative_so_that_a_copy_shows_its_own_environment(root: Path) -> None:
    """A copied project must never install into the original."""
    new = _change(root, "create", {})
    assert (os.readlink(root / ".venv"), generations.current(root / ".venv")) == (f".mlenv/envs/{new.name}", new)


def test_undo_brings_back_environment_and_files(root: Path) -> None:
    """Environment, lock and manifest are as before the change."""
    (root / "pyproject.toml").write_text("one")
    first = _change(root, "create", {"pylock.toml": "one"})
    _change(root, "add", {"pyproject.toml": "two", "pylock.toml": "two"})
    entry, back, kept = generations.restore(root, root / ".venv")
    assert (entry.verb, back, kept) == ("add", ("pyproject.toml", "pylock.toml"), ())
    assert generations.current(root / ".venv") == first
    assert ((root / "pyproject.toml").read_text(), (root / "pylock.toml").read_text()) == ("one", "one")


def test_undo_leaves_a_file_alone_that_was_edited_since(root: Path) -> None:
    """Somebody's edit is worth more than the old content."""
    _change(root, "create", {"pylock.toml": "one"})
    _change(root, "add", {"pylock.toml": "two"})
    (root / "pylock.toml").write_text("mine")
    _, back, kept = generations.restore(root, root / ".venv")
    assert (back, kept, (root / "pylock.toml").read_text()) == ((), ("pylock.toml",), "mine")


def test_undo_removes_a_file_that_the_change_made(root: Path) -> None:
    """What was not there before is not there after."""
    _change(root, "create", {})
    _change(root, "add", {"pylock.toml": "two"})
    generations.restore(root, root / ".venv")
    assert not (root / "pylock.toml").exists()


def test_an_adopted_environment_comes_back_as_the_folder_it_was(root: Path) -> None:
    """Somebody's own .venv is exchanged in one step, kept, and undone to the same folder."""
    own = root / ".venv"
    own.mkdir()
    (own / "pyvenv.cfg").write_text("home = /usr/bin")
    inode = own.stat().st_ino
    _change(root, "add", {})
    assert own.is_symlink()
    generations.restore(root, own)
    assert (own.is_symlink(), own.stat().st_ino) == (False, inode)


def test_a_folder_that_is_no_environment_is_left_alone(root: Path) -> None:
    """A folder called .venv with somebody's data is not exchanged."""
    (root / ".venv").mkdir()
    (root / ".venv" / "thesis.txt").write_text("x")
    with pytest.raises(MlenvError) as caught:
        generations.switch(root, root / ".venv", _generation(root))
    assert (caught.value.code, (root / ".venv" / "thesis.txt").exists()) == ("environment-foreign", True)
    assert not list((root / ".mlenv").glob("link-*"))


def test_two_previous_environments_stay_and_older_ones_go(root: Path) -> None:
    """undo works twice; the disk does not fill up."""
    made = [_change(root, f"change {number}", {}) for number in range(5)]
    generations.collect(root, root / ".venv")
    assert [path.exists() for path in made] == [False, False, True, True, True]


def test_an_environment_that_a_live_kernel_uses_is_never_removed(root: Path) -> None:
    """The shared lock of the kernel keeps it; when the kernel is gone it goes."""
    first = _change(root, "create", {})
    lock = root / ".mlenv" / "live" / f"{first.name}.lock"
    lock.parent.mkdir()
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        for number in range(4):
            _change(root, f"change {number}", {})
        generations.collect(root, root / ".venv")
        assert first.exists()
    generations.collect(root, root / ".venv")
    assert not first.exists()


def test_a_kill_before_the_switch_leaves_the_old_environment_and_no_entry_to_undo(root: Path) -> None:
    """A change that was begun and not finished is no change."""
    first = _change(root, "create", {"pylock.toml": "one"})
    new = _generation(root)
    history.begin(root, "add", f"envs/{first.name}", f"envs/{new.name}")
    assert generations.current(root / ".venv") == first
    with pytest.raises(MlenvError):
        generations.restore(root, root / ".venv")


def test_a_kill_in_the_middle_of_an_exchange_is_healed(root: Path) -> None:
    """Where the folder had just been moved away, the next command puts it back first."""
    own = root / ".venv"
    adopted = store.private_dir(root) / "envs" / "adopted-1"
    adopted.mkdir(parents=True)
    (adopted / "pyvenv.cfg").write_text("")
    journal = {"schema": 1, "link": str(own), "adopted": str(adopted), "target": "x"}
    store.write_json(root / ".mlenv" / "exchange.json", journal)
    generations.heal(root)
    assert ((own / "pyvenv.cfg").exists(), (root / ".mlenv" / "exchange.json").exists()) == (True, False)


@pytest.mark.parametrize("damage", ["", "{", '{"schema": 1, "count": 2, "packages": {"six": "1"}}', '{"schema": 99}'])
def test_a_marker_that_is_not_whole_is_no_marker(root: Path, damage: str) -> None:
    """Only a complete ready marker of a known form says ready."""
    new = _generation(root)
    (new / "mlenv-ready.json").write_text(damage)
    assert generations.ready(new) is None
