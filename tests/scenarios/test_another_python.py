"""S28: the lock says another Python than the machine has; then that Python is fetched; then an environment of the wrong one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.real_project import mlenv
from scenarios.traces import snapshot

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


def _locked_for(root: Path, minor: str) -> None:
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "=={minor}.*"\ndependencies = []\n'
    )
    (root / "pylock.toml").write_text(
        f'lock-version = "1.0"\ncreated-by = "hand"\nrequires-python = "=={minor}.*"\npackages = []\n'
    )


def test_a_python_that_is_missing_is_refused_and_one_that_was_fetched_is_taken(
    root: Path, tmp_path: Path, python: Callable[[str], str]
) -> None:
    """S28: refuses, lists the Pythons found and where it looked, names what fetches it; then takes what that leaves."""
    fetched = Path(os.path.realpath(python("3.12")))
    bare = tmp_path / "bin"
    bare.mkdir()
    store = tmp_path / "uv-store"
    only = {
        "PATH": f"{bare}:/usr/sbin",
        "PYENV_ROOT": str(tmp_path / "no-pyenv"),
        "ASDF_DATA_DIR": str(tmp_path / "no-asdf"),
        "MISE_DATA_DIR": str(tmp_path / "no-mise"),
        "UV_PYTHON_INSTALL_DIR": str(store),
    }
    _locked_for(root, "3.12")
    before = snapshot(root)
    refused = mlenv(root, "create", env=only, code=2).stderr
    assert "There is no Python ==3.12.* on this machine; there are 3." in refused
    assert "looked in" in refused
    assert "uv-store" in refused
    assert "PATH" in refused
    assert len(refused.strip().splitlines()) <= 5
    assert snapshot(root) == before
    named = mlenv(root, "create", "--python", "3.12", env=only, code=2).stderr
    assert "uv python install 3.12" in named
    assert snapshot(root) == before
    # What `uv python install 3.12` leaves: one folder per Python, named after it.
    store.mkdir()
    (store / "cpython-3.12.1-linux-x86_64-gnu").symlink_to(fetched.parent.parent)
    mlenv(root, "create", env=only)
    report = mlenv(root, "check", "--json", env=only).json()
    assert report["verdict"] == "in-step"
    assert report["environment"]["python"].startswith("3.12.")


def test_an_environment_of_the_wrong_python_is_red(root: Path, make_venv: Callable[..., Path]) -> None:
    """S28: the lock says 3.11, the environment (and so its kernel) is of 3.12; both are named."""
    _locked_for(root, "3.11")
    make_venv(root / ".venv", "3.12")
    report = mlenv(root, "check", "--json", code=1).json()
    (finding,) = [row for row in report["findings"] if row["kind"] == "python"]
    assert finding["locked"] == "==3.11.*"
    assert finding["installed"].startswith("3.12.")
    assert report["verdict"] == "sync"
    assert report["next"]["command"] == "mlenv sync"
    told = mlenv(root, "check", code=1).stdout
    assert "3.11" in told
    assert "3.12" in told
