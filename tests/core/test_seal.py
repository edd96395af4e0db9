"""The seal of this folder really holds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__)
DATA = HERE.parent.parent / "data"


def test_a_core_test_cannot_open_a_file() -> None:
    with pytest.raises(RuntimeError, match="must not touch the world: open"):
        HERE.read_text()


def test_a_core_test_cannot_write_even_into_the_test_data() -> None:
    with pytest.raises(RuntimeError, match="must not touch the world: open"):
        (DATA / "new.txt").write_text("no")


def test_a_core_test_cannot_list_a_folder() -> None:
    with pytest.raises(RuntimeError, match=r"must not touch the world: os\.listdir"):
        os.listdir(HERE.parent)


def test_a_core_test_cannot_start_a_program() -> None:
    with pytest.raises(RuntimeError, match="must not touch the world"):
        subprocess.run([sys.executable, "-V"], check=False)


def test_a_core_test_cannot_make_a_socket() -> None:
    with pytest.raises(RuntimeError, match="must not touch the world: socket"):
        socket.socket()
