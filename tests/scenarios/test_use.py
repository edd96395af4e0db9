"""``use``: environments that other tools made are found by path and by name, registered, and not changed by a byte."""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import mlenv, specs

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


def _tree(folder: Path) -> dict[str, tuple[object, ...]]:
    """Every path below, with what it holds and when it was written, compiled files included."""
    found: dict[str, tuple[object, ...]] = {}
    for base, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(base, name)
            status = path.lstat()
            held = path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, hashlib.sha256(held).digest())
    return found


def _as_conda(prefix: Path, by: str = "conda") -> Path:
    """Conda's records in an environment that runs: what tells tools whose it is."""
    (prefix / "conda-meta").mkdir()
    (prefix / "conda-meta" / "history").write_text("")
    if by == "pixi":
        (prefix / "conda-meta" / "pixi").write_text('{"manifest_path": "pixi.toml", "environment_name": "default"}')
    return prefix


def _hash(folder: Path) -> str:
    return urlsafe_b64encode(hashlib.sha256(str(folder).encode()).digest()).decode()[:8]


def test_an_environment_of_somebody_is_registered_without_changing_one_byte(
    root: Path, tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds a package that every kernel imports, not compiled yet: what Python would write beside it is not written."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    prefix = make_venv(tmp_path / "theirs", None, "traitlets", "six==1.16.0")
    before = _tree(prefix)
    for words in (("use", str(prefix)), ("create", "--existing", str(prefix)), ("check",), ("use", "--list")):
        mlenv(root, *words, code=None)
        assert _tree(prefix) == before, words
    assert [spec["metadata"]["mlenv"]["prefix"] for spec in specs(mlenv_home).values()] == [str(prefix)]
    assert mlenv(root, "check", "--json", code=None).json()["environment"]["prefix"] == str(prefix)
    (listed,) = mlenv(root, "use", "--list", "--json").json()["data"]["environments"]
    assert (listed["path"], listed["used"]) == (str(prefix), True)


@pytest.mark.parametrize("name", [".venv", "venv", "env", "ENV"])
def test_the_names_of_the_tutorials_are_found(name: str, root: Path, make_venv: Callable[..., Path]) -> None:
    make_venv(root / name)
    assert mlenv(root, "check", "--json", code=None).json()["environment"]["prefix"] == str(root / name)
    assert mlenv(root, "use", "--dry-run").stdout.startswith(f"would register {name} ")
    (listed,) = mlenv(root, "use", "--list", "--json").json()["data"]["environments"]
    assert (listed["name"], listed["used"], listed["own"]) == (name, True, True)


def test_of_two_side_by_side_the_one_that_counts_is_said_and_the_other_can_be_chosen(
    root: Path, make_venv: Callable[..., Path], start_kernel: Callable[..., Any]
) -> None:
    for name in ("venv", "env"):
        make_venv(root / name, None, "six==1.16.0")
    (root / "requirements.txt").write_text("six==1.16.0\n")
    first = mlenv(root, "use", "--json").json()
    assert "note         venv counts; env lies beside it: mlenv use env chooses that one" in first["lines"]
    told = mlenv(root, "check").stdout
    assert "venv counts; env lies beside it: mlenv use env chooses that one" in told
    second = mlenv(root, "use", "env", "--json").json()
    assert "note         env counts; venv lies beside it: mlenv use venv chooses that one" in second["lines"]
    assert mlenv(root, "check", "--json").json()["environment"]["prefix"] == str(root / "env")
    # The kernels say the same: that of `env` is at home, that of `venv` is not.
    for kernel, verdict in ((second["kernel"], "in-step"), (first["kernel"], "switch")):
        done = start_kernel(kernel, cwd=root).run("report = %mlenv check\nprint(report.verdict)")
        assert done.stdout.strip().splitlines()[-1] == verdict
    mlenv(root, "use", "venv")
    assert mlenv(root, "check", "--json").json()["environment"]["prefix"] == str(root / "venv")
    assert not (root / ".mlenv" / "used.json").exists()
    assert "venv counts" in mlenv(root, "create", "six==1.16.0").stdout


def test_environments_of_every_tool_are_found_by_name(
    root: Path, mlenv_home: Path, make_venv: Callable[..., Path]
) -> None:
    """The layouts are those that hatch, Poetry and Pipenv made here, and those of conda's and pixi's documentation."""
    data, cache = mlenv_home / "data", mlenv_home / "cache"
    elsewhere = mlenv_home / "other"
    elsewhere.mkdir()
    made = {
        "default": ("hatch", data / "hatch" / "env" / "virtual" / "demo" / _hash(root) / "demo", True),
        "docs": ("hatch", data / "hatch" / "env" / "virtual" / "demo" / _hash(root) / "docs", True),
        "test": ("hatch", data / "hatch" / "env" / "virtual" / "demo" / _hash(elsewhere) / "test", False),
        f"demo-{_hash(root)}-py3.11": (
            "Poetry",
            cache / "pypoetry" / "virtualenvs" / f"demo-{_hash(root)}-py3.11",
            True,
        ),
        "demo-Ab_12345": ("Pipenv", data / "virtualenvs" / "demo-Ab_12345", False),
        "cuda": ("pixi", root / ".pixi" / "envs" / "cuda", True),
        "base": ("conda", mlenv_home / "miniforge3", False),
        "work": ("conda", mlenv_home / "miniforge3" / "envs" / "work", False),
    }
    for tool, path, _ in made.values():
        make_venv(path)
        if tool == "Pipenv":
            (path / ".project").write_text(str(elsewhere))
        if tool in {"conda", "pixi"}:
            _as_conda(path, tool)
    env = {"XDG_DATA_HOME": str(data), "XDG_CACHE_HOME": str(cache), "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", "")}
    env = {name: text for name, text in env.items() if text}
    rows = mlenv(root, "use", "--list", "--json", env=env).json()["data"]["environments"]
    known = {row["name"]: (row["tool"], Path(row["path"]), row["own"]) for row in rows}
    assert {name: known.get(name) for name in made} == made
    for name, (_, path, _) in made.items():
        (line,) = mlenv(root, "use", name, "--dry-run", env=env).stdout.splitlines()
        assert line == f"would register {path.name} as a kernel of demo"
    (root / "requirements.txt").write_text("six\n")
    told = mlenv(root, "check", env=env, code=1).stdout
    assert "hatch keeps one at" in told or "Poetry keeps one at" in told
    assert "note" in told
    used = mlenv(root, "use", "work", "--json", env=env).json()
    assert used["data"]["tool"] == "conda"
    assert used["data"]["prefix"] == str(made["work"][1])
    assert mlenv(root, "check", "--json", env=env, code=None).json()["environment"]["prefix"] == str(made["work"][1])


def test_a_name_that_several_environments_have_is_asked_back(
    root: Path, mlenv_home: Path, make_venv: Callable[..., Path]
) -> None:
    for place in ("miniforge3", "miniconda3"):
        _as_conda(make_venv(mlenv_home / place / "envs" / "work"))
    told = mlenv(root, "use", "work", code=2).stderr
    assert "2 environments are called work: ~/mini" in told
    assert "mlenv use ~/mini" in told
    told = mlenv(root, "use", "wrok", code=2).stderr
    assert "Did you mean 'work'?" in told
    assert "mlenv use --list" in told
    assert list(root.iterdir()) == []


def test_one_that_a_tool_keeps_for_this_project_is_taken_without_a_name(
    root: Path, mlenv_home: Path, make_venv: Callable[..., Path]
) -> None:
    home = mlenv_home / "workon"
    prefix = make_venv(home / "demo-Ab_12345")
    (prefix / ".project").write_text(f"{root}\n")
    used = mlenv(root, "use", "--json", env={"WORKON_HOME": str(home)}).json()
    assert used["data"]["prefix"] == str(prefix)
    assert used["lines"][0].startswith("environment  ~/workon/demo-Ab_12345: Pipenv, Python 3.")
