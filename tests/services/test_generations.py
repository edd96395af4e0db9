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
    written = history.write_files(root, entry, files, stamps)
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


def test_an_undo_that_cannot_switch_leaves_the_files_as_they_are(root: Path) -> None:
    """Its error says that nothing was changed; the same command works once the way is free."""
    (root / "pyproject.toml").write_text("one")
    first = _change(root, "create", {"pylock.toml": "one"})
    second = _change(root, "add", {"pyproject.toml": "two", "pylock.toml": "two"})
    in_the_way = root / ".mlenv" / f"link-{first.name}"
    in_the_way.mkdir()
    with pytest.raises(MlenvError):
        generations.restore(root, root / ".venv")
    assert generations.current(root / ".venv") == second
    assert ((root / "pyproject.toml").read_text(), (root / "pylock.toml").read_text()) == ("two", "two")
    in_the_way.rmdir()
    assert generations.restore(root, root / ".venv")[1] == ("pyproject.toml", "pylock.toml")


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


def _killed_after_switch(root: Path, files: dict[str, str]) -> Path:
    """A change whose process was killed right after the switch."""
    link, new = root / ".venv", _generation(root)
    entry = history.begin(root, "add", generations.shown(link), f"envs/{new.name}")
    history.write_files(root, entry, files, {})
    generations.switch(root, link, new)
    return new


def test_a_change_that_was_killed_after_the_switch_can_be_undone(root: Path) -> None:
    """Else undo would go back by two changes, and leave the files of the second."""
    first = _change(root, "create", {"pylock.toml": "one"})
    _killed_after_switch(root, {"pylock.toml": "two"})
    generations.heal(root)
    generations.settle(root, root / ".venv")
    entry, back, _ = generations.restore(root, root / ".venv")
    assert (entry.verb, back, generations.current(root / ".venv")) == ("add", ("pylock.toml",), first)


@pytest.mark.parametrize("moment", ["before the rename", "after it"])
def test_an_environment_whose_adoption_was_killed_is_never_collected_as_waste(root: Path, moment: str) -> None:
    """Somebody's own environment lies under an intermediate name, or kept and not yet noted: undo brings it back."""
    own = root / ".venv"
    own.mkdir()
    (own / "pyvenv.cfg").write_text("home = /usr/bin")
    inode = own.stat().st_ino
    new = _killed_after_switch(root, {})
    if moment == "before the rename":
        (new.parent / f"adopted-{new.name}").rename(root / ".mlenv" / f"link-{new.name}")
    generations.heal(root)
    generations.settle(root, own)
    generations.collect(root, own)
    generations.restore(root, own)
    assert (own.is_symlink(), own.stat().st_ino) == (False, inode)


def test_an_undo_that_was_killed_after_bringing_a_folder_back_can_be_run_again(root: Path) -> None:
    """The link lies where the folder was kept, the folder where the link was."""
    own = root / ".venv"
    own.mkdir()
    (own / "pyvenv.cfg").write_text("")
    new = _change(root, "add", {})
    adopted = new.parent / f"adopted-{new.name}"
    own.rename(root / "aside")
    adopted.rename(own)
    (root / "aside").rename(adopted)
    generations.restore(root, own)
    assert (own.is_symlink(), os.path.lexists(adopted)) == (False, False)


def test_undo_brings_back_a_link_to_an_environment_elsewhere(root: Path) -> None:
    """A .venv that somebody linked to a shared environment is not forgotten by the first change."""
    shared = root / "shared"
    shared.mkdir()
    (shared / "pyvenv.cfg").write_text("")
    (root / ".venv").symlink_to("shared")
    _change(root, "add", {})
    generations.restore(root, root / ".venv")
    assert os.path.realpath(root / ".venv") == str(shared)


def test_undo_leaves_an_environment_alone_that_somebody_made_in_place_of_its_own(root: Path) -> None:
    """rm -r .venv && python -m venv .venv: undo says so, and touches neither it nor the files."""
    _change(root, "create", {"pylock.toml": "one"})
    _change(root, "add", {"pylock.toml": "two"})
    (root / ".venv").unlink()
    (root / ".venv").mkdir()
    (root / ".venv" / "pyvenv.cfg").write_text("mine")
    with pytest.raises(MlenvError) as caught:
        generations.restore(root, root / ".venv")
    seen = ((root / ".venv" / "pyvenv.cfg").read_text(), (root / "pylock.toml").read_text())
    assert (caught.value.code, seen) == ("environment-changed", ("mine", "two"))


def test_files_that_cannot_all_be_written_are_all_as_before(root: Path) -> None:
    """The manifest is written, the lock was edited meanwhile: the manifest goes back."""
    (root / "pyproject.toml").write_text("one")
    (root / "pylock.toml").write_text("one")
    stamps = {name: site.stamp(str(root / name)) for name in ("pyproject.toml", "pylock.toml")}
    (root / "pylock.toml").write_text("edited")
    entry = history.begin(root, "add", None, None)
    with pytest.raises(MlenvError):
        history.write_files(root, entry, {"pyproject.toml": "two", "pylock.toml": "two"}, stamps)
    assert ((root / "pyproject.toml").read_text(), (root / "pylock.toml").read_text()) == ("one", "edited")


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../outside.txt", "before": None, "after": None, "backup": "backups/ab/0"},
        {"path": ".git/hooks/pre-commit", "before": None, "after": None, "backup": "backups/ab/0"},
        {"path": "a.txt", "before": None, "after": None, "backup": "../../outside.txt"},
    ],
)
def test_a_history_that_mlenv_did_not_write_makes_undo_write_nothing(root: Path, change: dict[str, str | None]) -> None:
    """A project folder may come from somebody else, its private folder with it."""
    row = {"id": "ab", "verb": "add", "when": 0.0, "old": None, "new": None, "files": [change], "done": True}
    store.private_dir(root)
    store.write_json(root / ".mlenv" / "history.json", {"schema": 1, "entries": [row]})
    with pytest.raises(MlenvError) as caught:
        generations.restore(root, root / ".venv")
    assert caught.value.code == "nothing-to-undo"


def test_a_journal_that_mlenv_did_not_write_moves_nothing(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Paths outside the project are not followed."""
    precious = tmp_path_factory.mktemp("precious") / "keys"
    precious.mkdir()
    store.private_dir(root)
    journal = {"schema": 1, "link": str(root / "stolen"), "adopted": str(precious)}
    store.write_json(root / ".mlenv" / "exchange.json", journal)
    generations.heal(root)
    assert precious.is_dir()


def test_what_a_killed_verb_left_in_the_work_folder_goes(root: Path) -> None:
    """Copies and intermediate files do not pile up."""
    (store.private_dir(root) / "work" / "ab12").mkdir(parents=True)
    generations.heal(root)
    assert not list((root / ".mlenv" / "work").iterdir())
