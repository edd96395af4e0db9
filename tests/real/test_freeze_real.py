"""What freeze writes works elsewhere: with mlenv, with uv and with plain pip, and gives the same bytes again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.network]

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def mlenv(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mlenv", *arguments], cwd=root, capture_output=True, text=True, timeout=300
    )
    assert done.returncode in {0, 1}, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def verdict(root: Path) -> str:
    return str(json.loads(mlenv(root, "check", "--json"))["verdict"])


def run(*argv: str | Path) -> str:
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{argv}\n{done.stderr}"
    return done.stdout


def names_in(prefix: Path, uv: str) -> dict[str, str]:
    rows = json.loads(run(uv, "pip", "list", "--format", "json", "--python", prefix / "bin" / "python"))
    return {
        row["name"]: row["version"] for row in rows if row["name"] not in {"packaging", "pip", "setuptools", "wheel"}
    }


@pytest.fixture
def mixed(tmp_path: Path, mlenv_home: Path, uv: str, make_venv: Callable[..., Path]) -> Path:
    """A project whose environment holds direct packages and their needs, a kernel, mlenv, an editable and a local one."""
    root = tmp_path / "mixed"
    make_venv(root / ".venv", None, "jinja2==3.1.6", "markupsafe==3.0.2", "humanize==4.9.0", "ipykernel")
    python = root / ".venv" / "bin" / "python"
    own = tmp_path / "my_tool"
    own.mkdir()
    (own / "my_tool.py").write_text("")
    (own / "pyproject.toml").write_text(
        '[project]\nname = "my-tool"\nversion = "0.1"\ndependencies = ["iniconfig==2.0.0"]\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    run(uv, "pip", "install", "-q", "--python", python, "-e", own)
    run(uv, "pip", "install", "-q", "--python", python, "--no-deps", REPOSITORY)
    wheels = tmp_path / "wheels"
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", wheels, "attrs==23.2.0")
    run(uv, "pip", "install", "-q", "--python", python, next(wheels.glob("attrs*.whl")))
    return root


def test_a_mixed_environment_is_frozen_without_a_trace_of_this_machine(mixed: Path, tmp_path: Path) -> None:
    outcome = json.loads(mlenv(mixed, "freeze", "--output", "requirements.txt", "--json"))
    text = (mixed / "requirements.txt").read_text()
    rows = [line.partition("  #")[0] for line in text.splitlines() if not line.startswith("#")]
    assert rows == ["humanize==4.9.0", "iniconfig==2.0.0", "Jinja2==3.1.6", "MarkupSafe==3.0.2"]
    assert outcome["data"]["direct"] == ["humanize==4.9.0", "Jinja2==3.1.6"]
    assert outcome["data"]["proof"] == "proved by resolving it"
    said = text + json.dumps(outcome)
    for forbidden in ("file:", str(tmp_path), os.path.expanduser("~"), str(REPOSITORY)):
        assert forbidden not in said
    named = {row["package"]: row["why"] for row in outcome["data"]["left_out"]}
    assert named["my-tool"] == "editable"
    assert named["attrs"] == "local"
    assert {named["ipykernel"], named["mlenv"], named["ipython"], named["pyzmq"]} == {"kernel"}


def test_a_new_environment_made_from_it_is_green_and_freezes_to_the_same_bytes(mixed: Path, tmp_path: Path) -> None:
    mlenv(mixed, "freeze", "--output", "requirements.txt")
    other = tmp_path / "elsewhere"
    other.mkdir()
    frozen = (mixed / "requirements.txt").read_bytes()
    (other / "requirements.txt").write_bytes(frozen)
    mlenv(other, "create")
    assert verdict(other) == "in-step"
    assert mlenv(other, "freeze").startswith("unchanged")
    assert (other / "requirements.txt").read_bytes() == frozen


def test_a_project_of_mlenv_installs_with_plain_pip_and_with_uv(
    mixed: Path, tmp_path: Path, uv: str, make_venv: Callable[..., Path]
) -> None:
    mlenv(mixed, "freeze", "--output", "requirements.txt")
    mlenv(mixed, "freeze", "--output", "pylock.toml")
    expected = {"humanize": "4.9.0", "iniconfig": "2.0.0", "jinja2": "3.1.6", "markupsafe": "3.0.2"}
    plain = make_venv(tmp_path / "plain", None, pip=True)
    run(plain / "bin" / "python", "-m", "pip", "install", "-q", "-r", mixed / "requirements.txt")
    with_uv = make_venv(tmp_path / "with-uv")
    run(uv, "pip", "install", "-q", "--python", with_uv / "bin" / "python", "-r", mixed / "pylock.toml")
    assert names_in(plain, uv) == expected
    assert names_in(with_uv, uv) == expected


def test_a_freeze_by_another_python_is_for_the_environments_own(
    tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path], python: Callable[[str], str]
) -> None:
    python("3.9")
    root = tmp_path / "old"
    make_venv(root / ".venv", "3.9", "importlib-metadata==8.5.0", "zipp==3.20.2")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "old"\nversion = "1"\nrequires-python = ">=3.9"\n'
        "dependencies = [\"importlib-metadata; python_version < '3.10'\"]\n"
    )
    mlenv(root, "freeze")
    assert verdict(root) == "in-step"
    assert 'version = "8.5.0"' in (root / "pylock.toml").read_text()
