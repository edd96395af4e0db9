"""Modes under any umask, links planted where mlenv keeps its own, and removing no more than was made (T16, P28, P23)."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from hostile.faulty import address, make_wheel
from hostile.play import in_process, lay, tree
from hostile.row import Link
from mlenv import history, runtime, store
from mlenv.errors import MlenvError
from mlenv.model import Installed
from mlenv.probe import interpreters
from scenarios.real_project import create, mlenv
from scenarios.traces import snapshot

pytestmark = pytest.mark.real


@pytest.fixture
def served(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, with the loopback index that has a package called ``whole``; the runtime was made before."""
    with monkeypatch.context() as real_index:
        real_index.delenv("UV_DEFAULT_INDEX")
        real_index.delenv("UV_HTTP_RETRIES")
        runtime.ensure(interpreters.host().path, Installed())
    monkeypatch.setenv("UV_DEFAULT_INDEX", address())
    monkeypatch.setenv("UV_CACHE_DIR", str(root.parent / "home" / ".cache" / "uv"))
    return root


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_what_mlenv_makes_can_be_written_by_nobody_else(umask: int, served: Path) -> None:
    """T16: under umask 000 nothing is world-writable; under 077 the kernel starts all the same."""
    old = os.umask(umask)
    try:
        create(served, "whole")
    finally:
        os.umask(old)
    places = (served, served.parent / "home" / "jupyter")
    made = [
        Path(base, name) for place in places for base, folders, files in os.walk(place) for name in (*folders, *files)
    ]
    made = [path for path in made if path.name != ".lock"]  # uv's own, empty, which it gives these modes
    open_to_all = [path for path in made if not path.is_symlink() and path.stat().st_mode & stat.S_IWOTH]
    assert made
    assert open_to_all == []


@pytest.mark.parametrize("name", ["lock", "history.json", "used.json"])
def test_a_link_planted_in_the_place_of_a_state_file_is_not_followed(name: str, served: Path) -> None:
    """T16: somebody's project comes with ``.mlenv/<name>`` that leads to a file of ours."""
    victim = served.parent / "neighbour" / "thesis.txt"
    files = {
        "pyproject.toml": '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["whole"]\n'
    }
    lay(served, {**files, "../neighbour/thesis.txt": "mine\n", f".mlenv/{name}": Link(str(victim))})
    for words in (("create",), ("undo",), ("delete", "--yes")):
        answer = in_process(served, words)
        assert "Traceback" not in answer.out + answer.err
        assert "unexpectedly" not in answer.err, answer.err
        assert victim.read_text() == "mine\n", words


def test_all_that_was_made_is_removed_and_nothing_else(served: Path) -> None:
    """P28: neighbours, other kernels and links that lead out are as they were, byte by byte."""
    lay(
        served,
        {
            "thesis.txt": "mine\n",
            "way-out": Link("../neighbour"),
            "venv-of-mine/keep.txt": "mine\n",
            "../neighbour/thesis.txt": "mine\n",
            "~/jupyter/kernels/other/kernel.json": json.dumps({"argv": ["x"], "display_name": "x", "language": "R"}),
            "~/jupyter/labextensions/x/package.json": "{}",
        },
    )
    before = dict(tree(served.parent))
    create(served, "whole")
    site = next((served / ".venv").glob("lib/python3*/site-packages"))
    (site / "way-out").symlink_to(served.parent / "neighbour")
    mlenv(served, "delete", "--yes")
    after = dict(tree(served.parent))
    assert {name: after.get(name) for name in before} == before
    left = {name.split("/")[1] for name in after.keys() - before.keys() if name.startswith("demo/")}
    assert left <= {".mlenv", "pyproject.toml", "pylock.toml", ".gitignore"}
    assert not [name for name in after.keys() - before.keys() if "jupyter/kernels/" in name]


def test_undo_brings_back_the_files_and_nothing_else(served: Path) -> None:
    """P28: of add and undo nothing remains in the project's own files, nor in the home."""
    create(served, "whole")
    before = {
        name: text for name, text in tree(served.parent).items() if "/.mlenv" not in name and "/.venv" not in name
    }
    mlenv(served, "add", "second")
    mlenv(served, "undo")
    after = {name: text for name, text in tree(served.parent).items() if "/.mlenv" not in name and "/.venv" not in name}
    assert after == before


@pytest.mark.parametrize("name", ["pyproject.toml", "pylock.toml"])
def test_an_edit_made_meanwhile_is_not_lost(name: str, served: Path) -> None:
    """P23: somebody saves the file while the engine works; mlenv writes nothing over it, and says so."""
    create(served, "whole")
    make_wheel(served.parent, "late")
    edited = (served / name).read_text() + "# my edit\n"
    seen = threading.Event()

    def edit(root: Path, *args: object, **options: object) -> object:
        (root / name).write_text(edited)
        seen.set()
        return begin(root, *args, **options)  # type: ignore[arg-type]

    begin = history.begin
    history.begin = edit  # type: ignore[assignment]
    try:
        answer = in_process(served, ("add", "yanked==1.0"))
    finally:
        history.begin = begin
    assert seen.is_set(), answer.err
    assert (answer.code, answer.wire["error"]["code"]) == (2, "file-changed")
    assert (served / name).read_text() == edited


@pytest.mark.parametrize("wanted", ["whole", "local", "space", "marked", "extra[more]"])
def test_freeze_twice_and_elsewhere_writes_the_same_bytes(wanted: str, served: Path) -> None:
    """P24: freeze, freeze again, create elsewhere from it, freeze there."""
    create(served, wanted)
    mlenv(served, "freeze")
    first = {name: (served / name).read_bytes() for name in ("pyproject.toml", "pylock.toml")}
    mlenv(served, "freeze")
    assert {name: (served / name).read_bytes() for name in first} == first
    again = served.parent / "again" / "demo"
    again.mkdir(parents=True)
    for name, data in first.items():
        (again / name).write_bytes(data)
    create(again)
    mlenv(again, "freeze")
    assert {name: (again / name).read_bytes() for name in first} == first


def test_a_write_beside_the_project_is_refused_by_the_writer_itself(tmp_path: Path) -> None:
    """The last guard, below every face."""
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "x.txt").symlink_to(tmp_path / "mine.txt")
    with pytest.raises(MlenvError):
        store.write_atomic(tmp_path / "p" / "x.txt", "x", inside=tmp_path / "p")
    assert snapshot(tmp_path) == snapshot(tmp_path)
    assert not (tmp_path / "mine.txt").exists()
