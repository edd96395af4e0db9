"""Packages without a wheel for the Python that is wanted, and packages that do not build."""

from __future__ import annotations

import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.real_project import mlenv
from scenarios.traces import snapshot

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]

NO_WHEEL = "numpy==1.19.5 has no ready-built wheel for Python {}; Python 3.9 has one; nothing was built or written"


@pytest.mark.parametrize("words", [(), ("--offline",)], ids=["online", "offline"])
def test_a_pin_without_a_wheel_stops_before_any_compile(
    root: Path, python: Callable[[str], str], words: tuple[str, ...]
) -> None:
    """S4: numpy==1.19.5 on 3.12: under 60 s; names package, this Python, one that has a wheel; nothing is left."""
    (root / "requirements.txt").write_text("numpy==1.19.5\n")
    if words:  # what the cache knows is enough
        mlenv(root, "create", "--python", python("3.12"), code=2)
    before = snapshot(root)
    began = time.monotonic()
    answer = mlenv(root, "create", "--python", python("3.12"), *words, code=2)
    assert time.monotonic() - began < 60
    assert NO_WHEEL.format(_version(python("3.12"))) in answer.stderr
    assert "mlenv create --python 3.9" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) <= 5
    assert snapshot(root) == before


def _version(python: str) -> str:
    code = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_new_project_is_told_the_same(root: Path, python: Callable[[str], str]) -> None:
    """S4: with the pin on the command line, where the lock is only being made; by pip, too."""
    for engine in ("uv", "venv"):
        folder = root / engine
        folder.mkdir()
        answer = mlenv(folder, "create", "numpy==1.19.5", "--python", python("3.12"), "--engine", engine, code=2)
        assert NO_WHEEL.format(_version(python("3.12"))) in answer.stderr, engine
        assert list(folder.iterdir()) == []


def test_without_uv_pip_names_the_python_that_has_a_wheel(root: Path, python: Callable[[str], str]) -> None:
    """S4 on a machine without uv: a list and a pin on the command line, under 60 s, nothing left."""
    (root / "requirements.txt").write_text("numpy==1.19.5\n")
    before = snapshot(root)
    began = time.monotonic()
    answer = mlenv(root, "create", "--python", python("3.10"), code=2, env={"MLENV_UV": ""})
    assert time.monotonic() - began < 60
    assert NO_WHEEL.format(_version(python("3.10"))) in answer.stderr
    assert "mlenv create --python 3.9" in answer.stderr
    assert len(answer.stderr.strip().splitlines()) <= 5
    assert snapshot(root) == before


def test_a_python_that_the_manifest_rules_out_is_named_as_such(root: Path, python: Callable[[str], str]) -> None:
    """S4: `add` in a project for 3.12 and newer: the Python with a wheel, and what to write for it."""
    mlenv(root, "create", "six", "--python", python("3.12"))
    before = snapshot(root)
    answer = mlenv(root, "add", "numpy==1.19.5", code=2)
    assert "Python 3.9 has one, which requires-python (>=3.12) rules out" in answer.stderr
    assert 'requires-python = ">=3.9" in pyproject.toml, then: mlenv create --python 3.9' in answer.stderr
    assert len(answer.stderr.strip().splitlines()) <= 5
    assert snapshot(root) == before


def test_a_lock_that_lists_its_files_needs_nobody_to_be_asked(root: Path, python: Callable[[str], str]) -> None:
    """S4: the Python that is named works; on 3.12 the files that pylock.toml lists answer."""
    python("3.9")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "old"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["numpy==1.19.5"]\n'
    )
    mlenv(root, "create", "--python", "3.9")
    (root / ".python-version").unlink()
    before = {path.name: path.read_bytes() for path in root.glob("*.toml")}
    answer = mlenv(root, "create", "--python", python("3.12"), code=2)
    assert "numpy has no ready-built wheel for Python 3.12" in answer.stderr
    assert "Python 3.9 has one" in answer.stderr
    assert {path.name: path.read_bytes() for path in root.glob("*.toml")} == before
    assert mlenv(root, "check", "--json").json()["environment"]["python"].startswith("3.9")


@pytest.fixture
def broken_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages with one source package whose build fails; each run of its setup.py leaves a trace."""
    links = tmp_path / "links"
    source = tmp_path / "brokenpkg-1.0"
    links.mkdir()
    source.mkdir()
    trace = tmp_path / "setup-ran"
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: brokenpkg\nVersion: 1.0\n")
    (source / "setup.py").write_text(
        f"open({str(trace)!r}, 'a').write('ran ')\nraise RuntimeError('the flux capacitor is missing')\n"
    )
    with tarfile.open(links / "brokenpkg-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "brokenpkg-1.0")
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_FIND_LINKS", f"{links} {os.environ.get('PIP_FIND_LINKS', '')}".strip())
    return trace


def test_a_package_that_does_not_build_is_one_error_and_nothing_changes(root: Path, broken_index: Path) -> None:
    """Bad input: without --allow-build its code never runs; with it the failure names package and cause."""
    mlenv(root, "create", "six")
    before = snapshot(root)
    refused = mlenv(root, "add", "brokenpkg", code=2)
    assert "brokenpkg" in refused.stderr
    assert "--allow-build" in refused.stderr
    assert not broken_index.exists(), "code of a package ran without --allow-build"
    assert snapshot(root) == before
    failed = mlenv(root, "add", "brokenpkg", "--allow-build", code=2)
    assert broken_index.exists()
    assert "Building brokenpkg" in failed.stderr
    assert "the flux capacitor is missing" in failed.stderr
    assert len(failed.stderr.strip().splitlines()) <= 5
    assert snapshot(root) == before
    assert mlenv(root, "check", "--json").json()["verdict"] == "in-step"


def test_a_new_project_with_a_package_that_does_not_build_leaves_nothing(root: Path, broken_index: Path) -> None:
    """Bad input: `create` of it, both ways: exit status 2, an empty folder."""
    for words in ((), ("--allow-build",)):
        answer = mlenv(root, "create", "brokenpkg", *words, code=2)
        assert "brokenpkg" in answer.stderr
        assert list(root.iterdir()) == []
