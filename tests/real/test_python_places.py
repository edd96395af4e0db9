"""Where Pythons lie: folders are told by their names and records, and nothing that cannot fit is started."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlenv.errors import MlenvError
from mlenv.probe import conda_places, interpreters, python_places

pytestmark = [pytest.mark.real, pytest.mark.skipif(sys.platform == "win32", reason="not run: needs POSIX scripts")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which no version manager of this machine is seen."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def trap(path: Path, mark: Path) -> None:
    """A program that tells when it was started."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
    path.chmod(0o755)


def linked(folder: Path, python: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(python)
    return folder


def conda(prefix: Path, python: str, record: str) -> Path:
    linked(prefix, python)
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta" / "history").write_text("")
    (prefix / "conda-meta" / record).write_text("{}")
    return prefix


def found(home: Path, **environ: str) -> list[tuple[str, str, str]]:
    pythons = interpreters.listed(home / "cache", {"PATH": "", **environ})
    return [(one.source, one.version, one.path) for one in pythons if one.path.startswith(str(home.parent))]


def test_a_python_2_of_pyenv_and_what_else_lies_there_are_never_started(home: Path, tmp_path: Path) -> None:
    for name in ("2.7.18", "jython-2.7", "notes", "..3.12"):
        trap(home / ".pyenv" / "versions" / name / "bin" / "python", tmp_path / "started")
    assert found(home) == []
    assert not (tmp_path / "started").exists()


def test_pyenvs_versions_are_found_even_where_its_shims_refuse(
    home: Path, tmp_path: Path, python: Callable[[str], str]
) -> None:
    root = home / ".pyenv"
    trap(root / "shims" / "python3.12", tmp_path / "started")
    linked(root / "versions" / "3.12.1", python("3.12"))
    there = interpreters.find("3.12", home / "cache", {"PATH": str(root / "shims")})
    assert (there.source, there.path) == ("pyenv", str(root / "versions" / "3.12.1" / "bin" / "python"))
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("how", ["environments.txt", "MAMBA_ROOT_PREFIX", "CONDA_EXE", "miniforge3", "CONDA_ENVS_PATH"])
def test_condas_environments_are_found_wherever_conda_keeps_them(
    how: str, home: Path, tmp_path: Path, python: Callable[[str], str]
) -> None:
    root = home / "miniforge3" if how == "miniforge3" else tmp_path / "conda"
    prefix = conda(root / "envs" / "work", python("3.12"), "python-3.12.1-hab00c5b_1_cpython.json")
    environ = {
        "MAMBA_ROOT_PREFIX": {"MAMBA_ROOT_PREFIX": str(root)},
        "CONDA_EXE": {"CONDA_EXE": str(root / "bin" / "conda")},
        "CONDA_ENVS_PATH": {"CONDA_ENVS_PATH": str(root / "envs")},
    }.get(how, {})
    if how == "environments.txt":
        (home / ".conda").mkdir()
        (home / ".conda" / "environments.txt").write_text(f"{prefix}\n{tmp_path / 'gone'}\nrelative\n\n{prefix}\n")
    assert list(conda_places.environments(environ)) == [prefix]
    assert found(home, **environ) == [("conda", "3.12.1", str(prefix / "bin" / "python"))]


def test_a_python_of_conda_is_taken_only_where_there_is_no_other(home: Path, python: Callable[[str], str]) -> None:
    """What is made from it breaks when that environment is updated or removed."""
    real = python("3.12")
    prefix = conda(home / "miniconda3" / "envs" / "new", real, "python-3.12.99-h1_0_cpython.json")
    assert interpreters.find("3.12", home / "cache", {"PATH": ""}).path == str(prefix / "bin" / "python")
    copy = home / ".pyenv" / "versions" / "3.12.1" / "bin" / "python"
    copy.parent.mkdir(parents=True)
    copy.write_text(f'#!/bin/sh\nexec {real} "$@"\n')
    copy.chmod(0o755)
    assert interpreters.find("3.12", home / "cache", {"PATH": ""}).source == "pyenv"


def test_a_free_threaded_python_is_taken_only_where_it_is_asked_for(home: Path, python: Callable[[str], str]) -> None:
    store = home / ".local" / "share" / "uv" / "python"
    linked(store / "cpython-3.19.0+freethreaded-linux-x86_64-gnu", python("3.13"))
    with pytest.raises(MlenvError, match=r"no Python 3\.19 "):
        interpreters.find("3.19", home / "cache", {"PATH": ""})
    # It does not say so of itself here, but it is the one that was started.
    assert interpreters.find("3.19t", home / "cache", {"PATH": ""}).path.startswith(str(store))


def test_of_a_moving_link_and_what_it_shows_the_latter_is_listed(home: Path, python: Callable[[str], str]) -> None:
    store = home / ".local" / "share" / "uv" / "python"
    real = linked(store / "cpython-3.12.1-linux-x86_64-gnu", python("3.12"))
    (store / "cpython-3.12-linux-x86_64-gnu").symlink_to(real)
    assert found(home) == [("uv", "3.12.1", str(real / "bin" / "python"))]


def test_the_folders_of_rye_pdm_and_poetry_are_looked_into(home: Path, python: Callable[[str], str]) -> None:
    for source, place in (
        ("Rye", ".rye/py"),
        ("PDM", ".local/share/pdm/python"),
        ("Poetry", ".local/share/pypoetry/python"),
    ):
        there = linked(home / place / "cpython@3.12.1", python("3.12"))
        assert found(home) == [(source, "3.12.1", str(there / "bin" / "python"))]
        shutil.rmtree(there)


def test_nothing_that_python_discovery_finds_is_missing(tmp_path: Path) -> None:
    """The oracle: virtualenv's own library, given the same machine without its shims."""
    discovery = pytest.importorskip("python_discovery", reason="not run: python-discovery is not installed")
    path = os.pathsep.join(one for one in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in one)
    environ = {**os.environ, "PATH": path}
    cache = discovery.DiskCache(tmp_path / "theirs")
    named = [one.path for one in python_places.candidates(environ, tmp_path / "ours") if one.source != "conda"]
    theirs = [
        (os.path.realpath(one.system_executable), one.version_info[:3])
        for one in discovery.iter_interpreters(None, named, cache, environ)
        if one.version_info.major == 3
    ]
    ours = {
        (os.path.realpath(one.path), tuple(map(int, one.version.split(".")[:3])))
        for one in interpreters.listed(tmp_path / "ours", environ)
    }
    assert theirs
    assert {(path, tuple(version)) for path, version in theirs} <= ours
