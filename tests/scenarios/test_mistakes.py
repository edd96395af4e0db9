"""The common mistakes as rows of ``doctor``: each is made for real, found, and gone after its mend was typed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import create, mlenv

pytestmark = [pytest.mark.real, pytest.mark.network, pytest.mark.usefixtures("mlenv_home")]
EVERY = {
    "python3-shadowed", "pythonpath", "user-site", "server-environment", "externally-managed", "global-install",
    "pip-over-conda", "wrong-architecture", "no-lock", "no-python-version", "cuda-ignored", "environment-tracked",
    "dotenv-tracked",
}  # fmt: skip


def _rows(root: Path) -> dict[str, dict[str, Any]]:
    answer = mlenv(root, "doctor", "--json", code=None)
    rows = {row["name"]: row for row in answer.json()["data"]["mistakes"]}
    assert all(set(row) == {"name", "state", "text", "mend"} for row in rows.values())
    assert all(row["text"] for row in rows.values() if row["state"] != "fine")
    return rows


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e@example.org", *words], cwd=root, check=True)


def _type(root: Path, line: str) -> None:
    """Type a mend as it stands."""
    words = shlex.split(line)
    if words[0] == "mlenv":
        mlenv(root, *words[1:])
    else:
        subprocess.run(words, cwd=root, check=True, capture_output=True)


def test_a_clean_project_has_none_of_them(root: Path) -> None:
    create(root, "six")
    rows = _rows(root)
    assert set(rows) == EVERY
    assert [row for row in rows.values() if row["state"] != "fine"] == []


def test_a_python_of_condas_is_a_recorded_one(root: Path) -> None:
    (root / "environment.yml").write_text("channels: []\ndependencies:\n  - six\n")
    assert _rows(root)["no-python-version"]["state"] == "found"
    (root / "environment.yml").write_text("channels: []\ndependencies:\n  - python=3.11\n  - six\n")
    assert _rows(root)["no-python-version"]["state"] == "fine"
    # Exact pins, as `freeze --output environment.yml` writes them, are a lock.
    (root / "environment.yml").write_text("channels: []\ndependencies:\n  - python=3.11.7\n  - six=1.17.0\n")
    assert _rows(root)["no-python-version"]["state"] == "fine"


def test_files_that_nobody_wants_in_git_are_found_and_taken_out_by_what_is_typed(
    root: Path, make_venv: Callable[..., Path]
) -> None:
    """An environment and a .env in the index, no lock, no Python version: four rows, four lines, then none."""
    make_venv(root / ".venv", None, "six")
    (root / ".env").write_text("API_KEY=abc123SECRET\n")
    (root / "requirements.in").write_text("six\n")
    _git(root, "init", "-q")
    (root / ".venv" / ".gitignore").unlink(missing_ok=True)
    _git(root, "add", "-f", ".")
    rows = _rows(root)
    wanted = {"environment-tracked", "dotenv-tracked", "no-lock", "no-python-version"}
    assert {name for name, row in rows.items() if row["state"] == "found"} == wanted
    assert "abc123SECRET" not in json.dumps(rows)
    told = mlenv(root, "doctor", code=None).stdout.splitlines()
    for name in sorted(wanted, reverse=True):  # what git tracks is mended last, when .venv is a link already
        assert f"note: {rows[name]['text']}: {rows[name]['mend']}" in told
        _type(root, rows[name]["mend"])
    assert (root / ".env").is_file()
    assert (root / ".venv").exists()
    assert {name for name, row in _rows(root).items() if row["state"] == "found"} == set()


def test_a_tracked_link_is_an_environment_too(root: Path) -> None:
    """`.venv` of a project is a symbolic link, which `.venv/` in .gitignore does not match."""
    create(root, "six")
    _git(root, "init", "-q")
    _git(root, "add", "-f", ".venv")
    row = _rows(root)["environment-tracked"]
    assert (row["state"], row["mend"]) == ("found", "git rm -r -q -f --cached .venv")


def test_leaks_from_outside_and_a_shadowing_python3_are_rows(
    root: Path, mlenv_home: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S33, S34: python3 that is another interpreter, PYTHONPATH, packages in the user site."""
    other = make_venv(root.parent / "other")
    folder = mlenv_home / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True)
    argv = [str(other / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "x", "language": "python"}))
    (mlenv_home / ".local/lib/python3.11/site-packages/idna-3.7.dist-info").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(root.parent / "leak"))
    rows = _rows(root)
    for name, words in (
        ("python3-shadowed", (str(other), "python3 starts")),
        ("pythonpath", (str(root.parent / "leak"),)),
        ("user-site", ("holds 1 packages", "python3.11")),
    ):
        assert rows[name]["state"] == "found"
        assert rows[name]["mend"]
        assert all(word in rows[name]["text"] for word in words), rows[name]


def test_a_package_of_another_machine_is_a_row_that_sync_mends(root: Path) -> None:
    """S59 in doctor."""
    project = create(root, "six")
    wheel = next(project.site.glob("six-*.dist-info")) / "WHEEL"
    text = wheel.read_text().replace("-any", "-macosx_11_0_arm64")
    wheel.unlink()  # never in place: uv's cache holds the same file
    wheel.write_text(text)
    row = _rows(root)["wrong-architecture"]
    assert row["state"] == "found"
    assert "six: Built for macOS (arm64)" in row["text"]
    _type(root, row["mend"])
    assert _rows(root)["wrong-architecture"]["state"] == "fine"


def test_a_shared_python_as_the_projects_environment_is_a_row(root: Path) -> None:
    """S29, S36: what `use` was told is the Python that everything here runs on."""
    import sys

    mlenv(root, "use", sys.prefix)
    rows = _rows(root)
    assert rows["server-environment"]["state"] == "found"
    assert rows["server-environment"]["mend"] == "mlenv create"
    assert os.path.realpath(sys.prefix) in os.path.realpath(rows["server-environment"]["text"].split()[3])


def test_a_copy_by_pip_over_conda_s_files_is_a_row(root: Path, make_venv: Callable[..., Path]) -> None:
    """S35 in doctor: conda's record says one version, its files are another's."""
    prefix = make_venv(root / ".venv", None, "six==1.16.0")
    (prefix / "conda-meta").mkdir()
    files = ["lib/python3.11/site-packages/six-1.17.0.dist-info/METADATA", "lib/python3.11/site-packages/six.py"]
    record = {"name": "six", "version": "1.17.0", "build": "py311_0", "files": files}
    (prefix / "conda-meta" / "six-1.17.0-py311_0.json").write_text(json.dumps(record))
    (prefix / "conda-meta" / "history").touch()
    row = _rows(root)["pip-over-conda"]
    assert (row["state"], row["mend"]) == ("found", "conda install --force-reinstall six")
    assert "six (1.16.0)" in row["text"]
