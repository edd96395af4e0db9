"""The one writer, the one lock, and what may be deleted."""

from __future__ import annotations

import errno
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.probe import site


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    """The new text is there, the old mode stays, nothing else is left in the folder."""
    target = tmp_path / "pyproject.toml"
    target.write_text("old")
    target.chmod(0o640)
    store.write_atomic(target, "new")
    assert (target.read_text(), target.stat().st_mode & 0o777, _names(tmp_path)) == ("new", 0o640, ["pyproject.toml"])


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path: Path) -> None:
    """A lock that is a symlink into a shared folder is written through, not cut off."""
    real = tmp_path / "real.toml"
    real.write_text("old")
    link = tmp_path / "link.toml"
    link.symlink_to("real.toml")
    store.write_atomic(link, "new")
    assert (link.is_symlink(), real.read_text()) == (True, "new")


def test_a_link_that_leads_out_of_the_project_is_not_written_through(tmp_path: Path) -> None:
    """Nothing outside the project is written without being named; the project itself may be reached by a link."""
    outside = tmp_path / "outside.toml"
    outside.write_text("theirs")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pylock.toml").symlink_to(outside)
    (tmp_path / "by-link").symlink_to(project)
    for root in (project, tmp_path / "by-link"):
        with pytest.raises(MlenvError) as caught:
            store.write_atomic(root / "pylock.toml", "mine", inside=root)
        assert caught.value.code == "outside"
        assert str(outside) in caught.value.message
        store.write_atomic(root / "pyproject.toml", "mine", inside=root)
    assert (outside.read_text(), _names(project)) == ("theirs", ["pylock.toml", "pyproject.toml"])


@pytest.mark.parametrize("part", ["", *store.PRIVATE_PARTS])
def test_a_private_folder_that_leads_elsewhere_is_never_emptied(tmp_path: Path, part: str) -> None:
    """A project from somebody else with such a link: what is old in these folders is deleted, so it must be ours."""
    documents = tmp_path / "documents"
    (documents / "thesis").mkdir(parents=True)
    project = tmp_path / "project"
    (project / ".mlenv").mkdir(parents=True) if part else project.mkdir()
    (project / ".mlenv" / part).symlink_to(documents) if part else (project / ".mlenv").symlink_to(documents)
    with pytest.raises(MlenvError) as caught, store.hold(project, "create", print):
        pass
    assert (caught.value.code, _names(documents)) == ("outside", ["thesis"])


def test_a_file_that_somebody_edited_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """An edit between reading and writing stops the write; the edit stays."""
    target = tmp_path / "requirements.txt"
    target.write_text("six")
    seen = site.stamp(str(target))
    target.write_text("six\nmine")
    with pytest.raises(MlenvError) as caught:
        store.write_atomic(target, "six\nattrs", expect=seen)
    assert (caught.value.code, target.read_text(), _names(tmp_path)) == (
        "file-changed",
        "six\nmine",
        ["requirements.txt"],
    )


def test_a_file_in_a_linked_folder_can_be_written_where_nobody_edited_it(tmp_path: Path) -> None:
    """A project that is opened through a link to its folder: the file's other path is no edit."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    target = tmp_path / "link" / "pyproject.toml"
    target.write_text("old")
    store.write_atomic(target, "new", expect=site.stamp(str(target)))
    assert (tmp_path / "real" / "pyproject.toml").read_text() == "new"


def test_a_full_disk_is_one_clear_error_and_the_old_file_stays(tmp_path: Path) -> None:
    """With a file-size limit of 1 kB the write fails; the old content and the folder are as they were."""
    target = tmp_path / "lock"
    target.write_text("old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from mlenv import store\n"
        "from mlenv.errors import MlenvError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))\n"
        "try: store.write_atomic(Path(sys.argv[1]), 'x' * 100_000)\n"
        "except MlenvError as error: print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), target.read_text(), _names(tmp_path)) == ("no-space", "old", ["lock"])


@pytest.mark.parametrize("content", ['{"schema": 1', "", "[1]", "\x00"])
def test_state_that_is_cut_short_counts_as_missing(tmp_path: Path, content: str) -> None:
    """Losing a state file costs time, never an answer."""
    path = tmp_path / "state.json"
    path.write_text(content)
    assert store.read_json(path) is None


def test_text_that_is_not_utf8_is_an_error_with_its_place(tmp_path: Path) -> None:
    """The byte is named."""
    path = tmp_path / "pyproject.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(MlenvError) as caught:
        store.read_text(path)
    assert (caught.value.code, caught.value.where.endswith("byte 8")) == ("file-unreadable", True)


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_nothing_outside_the_folder_is_deleted(tmp_path: Path, name: str) -> None:
    """A name that leads out (or nowhere) deletes nothing."""
    inside = tmp_path / "envs"
    inside.mkdir()
    (tmp_path / "precious").write_text("x")
    with pytest.raises(MlenvError):
        store.remove_tree(Path(f"{inside}/{name}"), inside=inside)
    assert (tmp_path / "precious").exists()


def test_a_link_is_removed_and_never_followed(tmp_path: Path) -> None:
    """Deleting a generation that is a link to somebody's folder removes the link alone."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data.csv").write_text("x")
    envs = tmp_path / "envs"
    envs.mkdir()
    (envs / "one").symlink_to(precious)
    store.remove_tree(envs / "one", inside=envs)
    assert ((precious / "data.csv").exists(), _names(envs)) == (True, [])


def _hold_for(root: str, seconds: float, ready: object) -> None:
    with store.hold(Path(root), "sync", lambda text: None):
        ready.set()  # type: ignore[attr-defined]
        time.sleep(seconds)


def test_the_second_waits_says_for_whom_and_goes_on(tmp_path: Path) -> None:
    """One works, the other waits, names the verb and the process, and knows that it waited."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_hold_for, args=(str(tmp_path), 1.0, ready))
    other.start()
    assert ready.wait(20)
    told: list[str] = []
    with store.hold(tmp_path, "add", told.append) as (_, waited):
        pass
    other.join()
    assert (waited, told) == (True, [f"waiting for mlenv sync (process {other.pid})"])


def test_a_killed_holder_leaves_no_lasting_lock(tmp_path: Path) -> None:
    """After SIGKILL of the holder the next one works at once."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_hold_for, args=(str(tmp_path), 60.0, ready))
    other.start()
    assert ready.wait(20)
    other.kill()
    other.join()
    with store.hold(tmp_path, "add", lambda text: None, wait_s=5) as (_, waited):
        assert not waited


def test_an_engine_that_outlives_its_parent_still_holds_the_lock(tmp_path: Path) -> None:
    """The descriptor is inherited: an orphaned engine is waited for, not worked against."""
    with store.hold(tmp_path, "sync", lambda text: None) as (descriptor, _):
        engine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(descriptor,))
    try:
        with pytest.raises(MlenvError) as caught, store.hold(tmp_path, "add", lambda text: None, wait_s=0.3):
            pass
        assert caught.value.code == "project-busy"
    finally:
        engine.kill()
        engine.wait()


def test_a_read_only_folder_is_one_error_that_says_what_to_do(tmp_path: Path) -> None:
    """What, where, what to do; root ignores modes, so the folder is a file here."""
    (tmp_path / ".mlenv").write_text("in the way")
    with pytest.raises(MlenvError) as caught, store.hold(tmp_path, "sync", lambda text: None):
        pass
    assert (caught.value.code, bool(caught.value.where), bool(caught.value.hint)) == ("not-writable", True, True)
    assert os.strerror(errno.EEXIST).lower() in caught.value.message
