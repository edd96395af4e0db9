"""What runs on workers, where a file system is odd."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path

import pytest

from mlenv.on_worker.bring import _held


def test_an_environment_that_another_process_holds_is_not_held(tmp_path: Path) -> None:
    with open(tmp_path / "lock", "a+b") as first, open(tmp_path / "lock", "a+b") as second:
        assert _held(first)
        assert not _held(second)
        fcntl.flock(first, fcntl.LOCK_UN)
        assert _held(second)


def test_a_file_system_without_locks_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with open(tmp_path / "lock", "a+b") as file:
        assert _held(file)
