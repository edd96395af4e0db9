"""``delete`` takes what mlenv made, with force a plain environment, and never anything else."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from mlenv import generations, store
from mlenv.errors import MlenvError
from mlenv.services.context import Context, Options, silent
from mlenv.services.delete import delete


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose Jupyter folders are its own."""
    for name in ("JUPYTER_DATA_DIR", "MLENV_DATA_DIR", "MLENV_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    root = tmp_path / "p"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "p"\n')
    return root


def _delete(root: Path, *, force: bool = False) -> tuple[str, ...]:
    return delete(Context(cwd=root, report=silent, options=Options(yes=True, force=force))).lines


def _generation(root: Path, name: str) -> Path:
    path = root / ".mlenv" / "envs" / name
    path.mkdir(parents=True)
    (path / "pyvenv.cfg").write_text("")
    return path


@pytest.mark.parametrize("env", ["data", "."])
def test_a_folder_that_is_no_environment_is_never_deleted(root: Path, env: str) -> None:
    """A setting that names a folder of data, or the project itself, deletes neither, even with force."""
    (root / "pyproject.toml").write_text(f'[project]\nname = "p"\n[tool.mlenv]\nenv = "{env}"\n')
    (root / env).mkdir(exist_ok=True)
    (root / env / "thesis.txt").write_text("x")
    with pytest.raises(MlenvError):
        _delete(root, force=True)
    assert (root / env / "thesis.txt").exists()


def test_an_environment_of_others_needs_force(root: Path) -> None:
    """Made by python -m venv: left alone, then taken."""
    (root / ".venv").mkdir()
    (root / ".venv" / "pyvenv.cfg").write_text("")
    with pytest.raises(MlenvError) as caught:
        _delete(root)
    assert (caught.value.code, (root / ".venv").exists()) == ("environment-foreign", True)
    _delete(root, force=True)
    assert not (root / ".venv").exists()


def test_a_kernel_in_an_earlier_environment_stops_it_too(root: Path) -> None:
    """It still imports from there."""
    store.private_dir(root)
    old, new = _generation(root, "one"), _generation(root, "two")
    generations.switch(root, root / ".venv", new)
    live = root / ".mlenv" / "live" / "one.lock"
    live.parent.mkdir()
    with live.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        with pytest.raises(MlenvError) as caught:
            _delete(root)
    assert (caught.value.code, old.exists()) == ("environment-in-use", True)


def test_the_environment_that_was_there_before_mlenv_is_kept(root: Path) -> None:
    """It was adopted, not made; the answer says where it lies."""
    store.private_dir(root)
    new = _generation(root, "two")
    (root / ".venv").mkdir()
    (root / ".venv" / "pyvenv.cfg").write_text("mine")
    generations.switch(root, root / ".venv", new)
    assert "kept .mlenv/envs/adopted-two" in _delete(root)[-1]
    assert (root / ".mlenv" / "envs" / "adopted-two" / "pyvenv.cfg").read_text() == "mine"
    assert not new.exists()
