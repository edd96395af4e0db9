"""S28: the lock says another Python than the machine has; then that Python is fetched; then an environment of the wrong one."""

from __future__ import annotations

import io
import json
import os
import tarfile
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


def _downloads(folder: Path, python: Path) -> dict[str, str]:
    """Let uv download from a folder: an archive as its Pythons come in, whose program starts one that is here."""
    program = f'#!/bin/sh\nexec "{python}" "$@"\n'.encode()
    archive = folder / "python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for name in ("python3.12", "python3", "python"):
            row = tarfile.TarInfo(f"python/install/bin/{name}")
            row.mode, row.size = 0o755, len(program)
            packed.addfile(row, io.BytesIO(program))
        # uv mends what the interpreter says of the machine that it was built on.
        said = next((python.parent.parent / "lib" / "python3.12").glob("_sysconfigdata_*.py"))
        packed.add(said, f"python/install/lib/python3.12/{said.name}")
    version = {"major": 3, "minor": 12, "patch": 1, "prerelease": "", "variant": None, "build": None, "sha256": None}
    place = {"arch": {"family": "x86_64", "variant": None}, "os": "linux", "libc": "gnu", "url": archive.as_uri()}
    known = {"cpython-3.12.1-linux-x86_64-gnu": {"name": "cpython", **place, **version}}
    (folder / "downloads.json").write_text(json.dumps(known))
    return {"UV_PYTHON_DOWNLOADS_JSON_URL": str(folder / "downloads.json")}


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
    assert "mlenv create --fetch-python" in refused
    offline = mlenv(root, "create", "--fetch-python", "--offline", env=only, code=2).stderr
    assert "--offline forbids" in offline
    assert snapshot(root) == before
    mlenv(root, "create", "--fetch-python", env={**only, **_downloads(tmp_path, fetched)})
    assert [path.name for path in store.glob("cpython-3.12.1-*")] == ["cpython-3.12.1-linux-x86_64-gnu"]
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
