"""The selection that host code keeps: never older than the files it came from."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv.services import select
from mlenv.services.context import Context, Options, silent
from mlenv.services.project import load


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str | None]]:
    """Ask for the project's pins, from the cache where that is true; the project is ``tmp_path / "p"``."""
    monkeypatch.setenv("MLENV_CACHE_DIR", str(tmp_path / "cache"))
    root = tmp_path / "p"
    root.mkdir()
    _write(root, "1.16.0")

    def ask() -> list[str | None]:
        context = Context(cwd=root, report=silent, options=Options())
        return [pin.version for pin in select.selection_for(context, load(root), sys.executable).pins]

    return ask


def _write(root: Path, version: str, name: str = "requirements.txt") -> None:
    (root / name).write_text(f"six=={version}\n")


def test_a_lock_that_changed_is_read_again(pins: Callable[[], list[str | None]], tmp_path: Path) -> None:
    """The cached answer counts only while its files are as they were."""
    assert (pins(), pins()) == (["1.16.0"], ["1.16.0"])
    _write(tmp_path / "p", "1.17.0.post1")
    assert pins() == ["1.17.0.post1"]


def test_a_lock_of_the_same_size_and_time_is_read_again(pins: Callable[[], list[str | None]], tmp_path: Path) -> None:
    """``cp -p`` and ``tar`` keep times, and archives may give every file the same one."""
    path = tmp_path / "p" / "requirements.txt"
    os.utime(path, (0, 0))
    assert pins() == ["1.16.0"]
    _write(tmp_path / "p", "1.15.0")
    os.utime(path, (0, 0))
    assert pins() == ["1.15.0"]


def test_a_lock_that_is_edited_while_it_is_read_is_read_again(
    pins: Callable[[], list[str | None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stamps are older than what was read: an answer that may be old is never kept as the new file's."""
    real = select.select_project

    def edited_meanwhile(*arguments: Any, **options: Any) -> Any:
        found = real(*arguments, **options)
        _write(tmp_path / "p", "1.17.0.post1")
        return found

    monkeypatch.setattr(select, "select_project", edited_meanwhile)
    pins()
    monkeypatch.setattr(select, "select_project", real)
    assert pins() == ["1.17.0.post1"]


def test_a_lock_that_appears_counts(pins: Callable[[], list[str | None]], tmp_path: Path) -> None:
    """A pylock.toml comes before a pinned list."""
    pins()
    wheel = '{url = "https://example.org/six-1.15.0-py3-none-any.whl", hashes = {sha256 = "00"}}'
    head = 'lock-version = "1.0"\ncreated-by = "x"\n'
    lock = f'{head}[[packages]]\nname = "six"\nversion = "1.15.0"\nwheels = [{wheel}]\n'
    (tmp_path / "p" / "pylock.toml").write_text(lock)
    assert pins() == ["1.15.0"]


def test_an_answer_of_another_mlenv_is_made_anew(
    pins: Callable[[], list[str | None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mended reader must not wait until somebody edits the lock."""
    pins()
    cached = next((tmp_path / "cache" / "selections").iterdir())
    cached.write_text(cached.read_text().replace('"1.16.0"', '"0.1"'))
    assert pins() == ["0.1"]
    monkeypatch.setattr(select, "__version__", "99")
    assert pins() == ["1.16.0"]
