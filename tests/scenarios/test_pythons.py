"""``pythons`` says which Pythons are here and which one ``create`` takes; a missing one is never replaced silently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import mlenv
from scenarios.traces import snapshot

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


def _project(root: Path, python: str = ">=3.9", more: str = "") -> None:
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "demo"\nversion = "1"\nrequires-python = "{python}"\ndependencies = []\n{more}'
    )


def _chosen(root: Path, *words: str) -> tuple[str, str]:
    data: dict[str, Any] = mlenv(root, "pythons", "--json", *words).json()["data"]
    chosen = [row for row in data["pythons"] if row["chosen"]]
    return (".".join(chosen[0]["version"].split(".")[:2]) if chosen else "", data["why"])


def test_every_reason_for_a_python_is_told_and_create_takes_that_one(root: Path, python: Callable[[str], str]) -> None:
    python("3.10"), python("3.12"), python("3.13")
    before = snapshot(root)
    assert _chosen(root)[1] == "it runs mlenv"
    assert snapshot(root) == before
    _project(root, "==3.13.*")
    assert _chosen(root)[0] == "3.13"
    _project(root)
    assert _chosen(root)[1] == "the project allows >=3.9, and it runs mlenv"
    (root / ".python-version").write_text("# ours\n3.99\n3.12  # then\n")
    assert _chosen(root) == ("3.12", ".python-version says 3.12")
    _project(root, more='[tool.mlenv]\npython = "3.13"\n')
    assert _chosen(root) == ("3.13", "pyproject.toml: tool.mlenv.python says 3.13")
    assert _chosen(root, "--python", "3.10") == ("3.10", "--python says 3.10")
    mlenv(root, "create", "--python", "3.10")
    report = mlenv(root, "check", "--json").json()
    assert report["environment"]["python"].startswith("3.10.")
    assert (root / ".python-version").read_text() == "# ours\n3.10\n3.12  # then\n"
    _project(root)
    assert _chosen(root) == ("3.10", ".python-version says 3.10")
    (root / ".python-version").unlink()
    assert _chosen(root) == ("3.10", "the environment has it")


def test_those_that_the_project_does_not_allow_are_marked(root: Path, python: Callable[[str], str]) -> None:
    python("3.9"), python("3.12")
    _project(root, ">=3.12")
    rows = mlenv(root, "pythons", "--json").json()["data"]["pythons"]
    assert {row["allowed"] for row in rows if row["version"].startswith("3.9.")} == {False}
    assert {row["allowed"] for row in rows if row["version"].startswith("3.12.")} == {True}
    told = mlenv(root, "pythons").stdout
    assert all("not allowed here" in line for line in told.splitlines() if "  3.9." in line)
    assert "the project allows Python >=3.12" in told
    assert str(Path.home()) not in told


def test_a_missing_python_says_what_the_project_would_accept(root: Path, python: Callable[[str], str]) -> None:
    python("3.12")
    _project(root, "==3.12.*")
    before = snapshot(root)
    told = mlenv(root, "create", "--python", "3.99", code=2).stderr
    assert "There is no Python 3.99 on this machine" in told
    assert "The project allows only ==3.12.*." in told
    assert "--fetch-python" not in told
    assert "--python 3.12." in told
    told = mlenv(root, "create", "--python", "3.99", "--fetch-python", code=2).stderr
    assert "The project allows only ==3.12.*." in told
    _project(root)
    assert "mlenv create --python 3.99 --fetch-python" in mlenv(root, "create", "--python", "3.99", code=2).stderr
    forbidden = mlenv(root, "create", "--python", "3.99", code=2, env={"UV_PYTHON_DOWNLOADS": "never"}).stderr
    assert "--fetch-python" not in forbidden
    assert "mlenv pythons" not in forbidden
    assert "--python 3." in forbidden
    _project(root, "==3.12.*")
    assert snapshot(root) == before


def test_another_minor_version_than_the_environment_had_is_said(
    root: Path, python: Callable[[str], str], make_venv: Callable[..., Path], tmp_path: Path
) -> None:
    """Its Python is gone from the machine: the project allows others, and the one that is taken is named."""
    python("3.12")
    _project(root)
    make_venv(root / ".venv", "3.12")
    for link in (root / ".venv" / "bin").glob("python*"):
        link.unlink()
    only = {name: str(tmp_path / "none") for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR")}
    told = mlenv(root, "create", env={**only, "PATH": "/usr/sbin"}).stdout
    if mlenv(root, "check", "--json").json()["environment"]["python"].startswith("3.12."):
        pytest.skip("not run: the system's own Python is 3.12")
    assert "note         Python was 3.12" in told


def test_a_python_that_moves_with_a_change_is_said(root: Path, python: Callable[[str], str]) -> None:
    """``.python-version`` was edited since: what builds the environment anew, and what goes back, says so."""
    python("3.12"), python("3.10")
    _project(root)
    mlenv(root, "create", "--python", "3.12")
    (root / ".python-version").write_text("3.10\n")
    assert ".python-version says 3.10, the environment has 3.12." in mlenv(root, "check").stdout
    _project(root, more='description = "x"\n')
    (root / "pylock.toml").unlink()
    told = mlenv(root, "sync").stdout
    assert "Python was 3.12." in told
    assert "is 3.10." in told
    assert "Python was 3.10." in mlenv(root, "undo").stdout
