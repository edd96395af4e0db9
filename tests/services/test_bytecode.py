"""Byte-code goes along into the next generation where its source is the same file, and never elsewhere."""

from __future__ import annotations

import os
import py_compile
from pathlib import Path

import pytest

from mlenv import generations


def _environment(folder: Path) -> Path:
    site = folder / "lib" / "python3.12" / "site-packages" / "package"
    site.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    return site


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """The package's folder in an environment that was used, and in one that is being built by links, as uv does."""
    old, new = _environment(tmp_path / "old"), _environment(tmp_path / "new")
    (old / "module.py").write_text("answer = 42\n")
    os.link(old / "module.py", new / "module.py")
    py_compile.compile(str(old / "module.py"))
    return old, new


def _carry(pair: tuple[Path, Path]) -> list[str]:
    old, new = pair
    count = generations.carry_bytecode(old.parents[3], new.parents[3])
    found = sorted(file.name for file in (new / "__pycache__").glob("*"))
    assert count == len(found)
    return found


def test_the_same_source_keeps_its_byte_code(pair: tuple[Path, Path]) -> None:
    """One file on disk, two names."""
    old, new = pair
    (name,) = _carry(pair)
    assert (new / "__pycache__" / name).samefile(old / "__pycache__" / name)


def test_optimised_byte_code_and_dots_in_names_belong_to_their_source(pair: tuple[Path, Path]) -> None:
    """``odd.name.cpython-312.opt-1.pyc`` comes from ``odd.name.py``."""
    old, new = pair
    (old / "odd.name.py").write_text("x = 1\n")
    os.link(old / "odd.name.py", new / "odd.name.py")
    py_compile.compile(str(old / "odd.name.py"), optimize=1)
    assert [name.split(".cpython")[0] for name in _carry(pair)] == ["module", "odd.name"]


@pytest.mark.parametrize("same_time", [False, True])
def test_another_source_gets_nothing(pair: tuple[Path, Path], same_time: bool) -> None:
    """Not even where size and time are the same: Python would take the byte-code for fresh."""
    old, new = pair
    (new / "module.py").unlink()
    (new / "module.py").write_text("answer = 43\n")
    if same_time:
        seen = (old / "module.py").stat()
        os.utime(new / "module.py", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert _carry(pair) == []


def test_a_clone_with_the_same_time_keeps_it(pair: tuple[Path, Path]) -> None:
    """As uv's clones on macOS: another file, the same content and time."""
    old, new = pair
    seen = (old / "module.py").stat()
    (new / "module.py").unlink()
    (new / "module.py").write_bytes((old / "module.py").read_bytes())
    os.utime(new / "module.py", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert len(_carry(pair)) == 1


def test_what_is_no_file_of_python_stays(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """No links, no folders, nothing without a source, nothing that a kill left of a half-written one."""
    old, _ = pair
    cache = old / "__pycache__"
    (whole,) = cache.iterdir()
    (cache / "gone.cpython-312.pyc").write_bytes(b"x")
    (cache / f"{whole.name}.12345").write_bytes(b"x")
    os.link(old / "module.py", old / "linked.py")
    os.link(old / "module.py", pair[1] / "linked.py")
    (cache / "linked.cpython-312.pyc").symlink_to(whole)
    assert _carry(pair) == [whole.name]


def test_what_is_there_already_stays(pair: tuple[Path, Path]) -> None:
    """An engine that compiles by itself knows better."""
    old, new = pair
    (name,) = (file.name for file in (old / "__pycache__").iterdir())
    (new / "__pycache__").mkdir()
    (new / "__pycache__" / name).write_bytes(b"its own")
    assert generations.carry_bytecode(old.parents[3], new.parents[3]) == 0
    assert (new / "__pycache__" / name).read_bytes() == b"its own"


def test_an_environment_that_is_gone_gives_nothing(pair: tuple[Path, Path], tmp_path: Path) -> None:
    """The first generation has none before it; a folder without rights, or another Python's, counts the same."""
    assert generations.carry_bytecode(tmp_path / "nowhere", pair[1].parents[3]) == 0
