"""A project made from nothing: two standard files, one environment with pip alone, nothing that only mlenv reads."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet

from scenarios.real_project import Project, create, mlenv

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


def shell(project: Project, line: str) -> str:
    """What a user's shell prints after activating the environment."""
    line = f"cd {project.root} && source .venv/bin/activate && {line}"
    done = subprocess.run(["bash", "--norc", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_project_is_two_standard_files_that_other_tools_read(tmp_path: Path, uv: str) -> None:
    """Part 4: pyproject.toml (PEP 621) and a universal pylock.toml (PEP 751), understood without mlenv."""
    project = create(tmp_path / "demo", "six==1.16.0", "idna==3.6", "colorama; sys_platform == 'win32'")
    manifest = tomllib.loads((project.root / "pyproject.toml").read_text())["project"]
    minor = ".".join(project.check()["environment"]["python"].split(".")[:2])
    assert manifest["name"] == "demo"
    assert manifest["requires-python"] == f">={minor}"
    assert manifest["dependencies"] == ["six==1.16.0", "idna==3.6", 'colorama; sys_platform == "win32"']
    lock = Pylock.from_dict(tomllib.loads((project.root / "pylock.toml").read_text()))
    assert {package.name for package in lock.packages} == {"six", "idna", "colorama"}  # for every platform
    assert lock.requires_python == SpecifierSet(f">={minor}")
    assert all(wheel.hashes for package in lock.packages for wheel in package.wheels or ())
    # uv's own reading of the lock: nothing to do here; the same set in an environment of its own.
    argv = [uv, "pip", "sync", "--preview-features", "pylock", "pylock.toml"]
    dry = subprocess.run(
        [*argv, "--dry-run", "--python", project.python], cwd=project.root, capture_output=True, text=True
    )
    assert "Would make no changes" in dry.stderr
    subprocess.run([uv, "venv", "-q", "--no-project", "other"], cwd=tmp_path, check=True)
    subprocess.run([*argv, "-q", "--python", tmp_path / "other"], cwd=project.root, check=True)
    site = next((tmp_path / "other").glob("lib/python3*/site-packages"))
    assert {path.name for path in site.glob("*.dist-info")} == {"six-1.16.0.dist-info", "idna-3.6.dist-info"}
    assert (project.root / ".gitignore").read_text().splitlines() == [".venv", ".mlenv", ".env"]


@pytest.mark.parametrize("engine", ["uv", "venv"])
def test_pip_alone_is_seeded_even_on_a_python_that_brings_more(
    tmp_path: Path, python: Callable[[str], str], engine: str
) -> None:
    """Design 6: pip alone (3.11's ensurepip would bring setuptools), kept by ``seed = true``."""
    project = create(tmp_path / "demo", "six", "--python", python("3.11"), "--engine", engine)
    assert {path.name.split("-")[0] for path in project.site.glob("*.dist-info")} == {"pip", "six"}
    assert not (project.site / "setuptools").exists()
    settings = dict(line.split(" = ", 1) for line in (project.link / "pyvenv.cfg").read_text().splitlines())
    assert (settings["seed"], settings["prompt"]) == ("true", "demo")


def test_an_engine_that_is_named_makes_the_environment_though_another_had_made_it(tmp_path: Path) -> None:
    """Named again, or not named, it stays as it is; the files of the project do."""
    project = create(tmp_path / "demo", "six", "--engine", "venv")
    before, files = project.link.readlink(), project.files
    assert "(as it was)" in project.mlenv("create").stdout
    assert "(as it was)" in project.mlenv("create", "--engine", "venv").stdout
    assert project.link.readlink() == before
    assert "(uv: --engine says so)" in project.mlenv("create", "--engine", "uv").stdout
    assert project.link.readlink() != before
    assert project.check()["environment"]["engine"] == "uv"
    assert (project.check()["verdict"], project.files) == ("in-step", files)


@pytest.mark.parametrize("engine", ["uv", "venv"])
def test_an_activated_shell_installs_into_the_environment(tmp_path: Path, engine: str) -> None:
    """Part 3: the scripts name ``.venv`` and the project, and pip goes to the environment, also after a change."""
    project = create(tmp_path / "my demo's $x", "six", "--engine", engine) if engine == "uv" else create(
        tmp_path / "demo", "six", "--engine", engine
    )  # fmt: skip
    line = 'source .venv/bin/activate && echo "$VIRTUAL_ENV|$VIRTUAL_ENV_PROMPT|$(command -v pip)"'
    done = subprocess.run(["bash", "--norc", "-c", line], cwd=project.root, capture_output=True, text=True, check=True)
    active, prompt, pip = done.stdout.strip().split("|")
    assert active == str(project.link)
    assert prompt.strip(" ()") == ("demo" if engine == "venv" else "my-demo-s-x")
    assert pip == str(project.link / "bin" / "pip")
    line = (
        "source .venv/bin/activate && pip install -q --disable-pip-version-check iniconfig && python -m pip --version"
    )
    done = subprocess.run(["bash", "--norc", "-c", line], cwd=project.root, capture_output=True, text=True, check=True)
    assert str(project.link) in done.stdout or str(project.link.resolve()) in done.stdout
    report = project.check()
    assert [(row["kind"], row["package"]) for row in report["findings"]] == [("extra", "iniconfig")]
    project.mlenv("sync")
    assert project.check()["verdict"] == "in-step"


def test_gitignore_is_completed_once_and_only_with_what_is_missing(tmp_path: Path) -> None:
    """Design 6: lines must match a symlink; what is there stays."""
    root = tmp_path / "demo"
    root.mkdir()
    (root / ".gitignore").write_text("*.pyc\n.venv/\n/.env\n")
    project = create(root, "six")
    project.mlenv("add", "idna")
    assert (root / ".gitignore").read_text() == "*.pyc\n.venv/\n/.env\n.venv\n.mlenv\n"
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    shown = subprocess.run(["git", "status", "--short", "-uall"], cwd=root, capture_output=True, text=True, check=True)
    assert sorted(shown.stdout.split()[1::2]) == [".gitignore", "pylock.toml", "pyproject.toml"]


def test_python_version_file_is_respected_and_written(tmp_path: Path, python: Callable[[str], str]) -> None:
    """Part 3: ``.python-version`` decides; ``--python 3.12`` writes it down; the range of the project holds."""
    python("3.12"), python("3.10")
    root = tmp_path / "demo"
    root.mkdir()
    (root / ".python-version").write_text("# ours\n3.12\n")
    project = create(root, "six")
    assert project.check()["environment"]["python"].startswith("3.12.")
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.12"
    assert (root / ".python-version").read_text() == "# ours\n3.12\n"
    refused = project.mlenv("create", "--python", "3.10", code=2)
    assert "3.10" in refused.stderr
    assert ">=3.12" in refused.stderr
    assert project.check()["environment"]["python"].startswith("3.12.")

    other = create(tmp_path / "other", "six", "--python", "3.10")
    assert (other.root / ".python-version").read_text() == "3.10\n"
    assert create(other.root).check()["environment"]["python"].startswith("3.10.")
    (other.root / ".python-version").unlink()
    assert other.mlenv("create", "--python", "3.10", "--json").json()["files"] == [".python-version"]
    assert (other.root / ".python-version").read_text() == "3.10\n"
    python("3.13")
    moved = create(other.root, "--python", "3.13")
    assert moved.kernel == other.kernel
    assert moved.check()["environment"]["python"].startswith("3.13.")
    assert (other.root / ".python-version").read_text() == "3.13\n"
    missing = mlenv(other.root, "create", "--python", "3.99", code=2)
    assert "3.99" in missing.stderr
    assert "3.13" in missing.stderr  # what is there is listed


def test_a_venv_made_by_hand_is_registered_unchanged_then_taken_over(
    tmp_path: Path, python: Callable[[str], str]
) -> None:
    """Design 6: create leaves a foreign environment as it is; add takes what it holds along, version by version."""
    root = tmp_path / "hand"
    root.mkdir()
    subprocess.run([python("3.11"), "-m", "venv", ".venv"], cwd=root, check=True)
    argv = [".venv/bin/pip", "install", "-q", "--disable-pip-version-check", "jsonschema==4.17.3", "attrs==23.1.0"]
    subprocess.run([*argv, "six==1.15.0"], cwd=root, check=True)
    before = sorted(str(path) for path in (root / ".venv").rglob("*") if "__pycache__" not in str(path))
    project = create(root)
    assert sorted(str(path) for path in (root / ".venv").rglob("*") if "__pycache__" not in str(path)) == before
    assert not (root / ".venv").is_symlink()
    assert not (root / "pyproject.toml").exists()
    report = project.check()
    assert (report["verdict"], report["next"]["command"]) == ("unlocked", "mlenv freeze")
    held = {name: version for name, version in project.packages.items() if name != "setuptools"}

    project.mlenv("add", "idna==3.6")
    assert project.packages == {**held, "idna": "3.6"}
    manifest = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert manifest["dependencies"] == ["jsonschema", "six", "idna==3.6"]
    assert project.check()["verdict"] == "in-step"
    project.mlenv("undo")
    assert sorted(str(path) for path in (root / ".venv").rglob("*") if "__pycache__" not in str(path)) == before
    assert not (root / "pyproject.toml").exists()
    assert project.check()["verdict"] == "unlocked"


def test_a_uv_venv_with_a_local_package_is_not_taken_over_silently(tmp_path: Path, uv: str) -> None:
    """Nothing that worked stops: what no manifest may name stops the take-over, by name."""
    root = tmp_path / "hand"
    (root / "lib").mkdir(parents=True)
    (root / "lib" / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1"\n')
    (root / "lib" / "mine.py").write_text("")
    subprocess.run([uv, "venv", "-q", "--no-project"], cwd=root, check=True)
    subprocess.run([uv, "pip", "install", "-q", "six==1.15.0", "-e", "lib"], cwd=root, check=True)
    project = create(root)
    refused = project.mlenv("add", "idna", code=2)
    assert "mine" in refused.stderr
    assert project.packages == {"six": "1.15.0", "mine": "1"}
    assert not (root / "pyproject.toml").exists()
    project.mlenv("add", "idna", "--force")
    assert project.packages.keys() == {"six", "idna"}
    assert project.packages["six"] == "1.15.0"


def test_a_file_edited_by_hand_is_found_deep_and_mended_although_the_cache_shares_it(tmp_path: Path) -> None:
    """Design 4: uv links files from its cache; ``--deep`` finds what was edited, the mend is this environment's own."""
    project, other = create(tmp_path / "one", "iniconfig==2.0.0"), create(tmp_path / "two", "iniconfig==2.0.0")
    file = project.site / "iniconfig" / "exceptions.py"
    whole = file.read_bytes()
    shared = os.stat(file).st_ino == os.stat(other.site / "iniconfig" / "exceptions.py").st_ino
    with file.open("r+b") as stream:  # in place, of the same size: what an editor in a debugger's hand does
        stream.write(b"#")
    try:
        assert project.check()["verdict"] == "in-step"
        deep = project.mlenv("check", "--deep", "--json", code=1).json()
        assert [(row["kind"], row["package"]) for row in deep["findings"]] == [("damaged", "iniconfig")]
        project.mlenv("sync", "--deep")
        assert file.read_bytes() == whole
        assert project.mlenv("check", "--deep", "--json").json()["verdict"] == "in-step"
        # The other environment still holds the damaged file, says so, and is mended in its turn.
        if shared:
            assert other.mlenv("check", "--deep", "--json", code=1).json()["verdict"] == "broken"
            other.mlenv("sync", "--deep")
            assert other.mlenv("check", "--deep", "--json").json()["verdict"] == "in-step"
    finally:
        file.write_bytes(whole) if file.read_bytes() != whole else None


def test_damage_in_the_cache_does_not_reach_a_new_environment(tmp_path: Path) -> None:
    """Promise 1: an environment that looks complete is; what the cache hands on damaged is fetched afresh."""
    project = create(tmp_path / "one", "iniconfig==2.0.0")
    with (project.site / "iniconfig" / "__init__.py").open("a") as stream:
        stream.write("# edited\n")
    other = create(tmp_path / "two", "iniconfig==2.0.0")
    assert "# edited" not in (other.site / "iniconfig" / "__init__.py").read_text()
    assert other.check()["verdict"] == "in-step"
    # Plain sync mends what it can see without hashing: a size that differs, a file that is gone.
    project.mlenv("sync")
    assert "# edited" not in (project.site / "iniconfig" / "__init__.py").read_text()
    (project.site / "iniconfig" / "_parse.py").unlink()
    project.mlenv("sync")
    assert (project.site / "iniconfig" / "_parse.py").exists()
    assert project.check()["verdict"] == "in-step"


@pytest.mark.parametrize("engine", ["uv", "venv"])
def test_a_folder_named_after_a_package_gets_the_package(tmp_path: Path, engine: str) -> None:
    """`mkdir six; mlenv create six`: a project named six would itself be the six that it requires."""
    root = tmp_path / "six"
    root.mkdir()
    mlenv(root, "create", "--engine", engine)  # nothing declared yet: a lock of nothing, by pip as by uv
    refused = mlenv(root, "add", "six", code=2).text
    assert "this project is itself named six" in refused
    mlenv(root, "delete", "--yes")
    for name in ("pyproject.toml", "pylock.toml"):
        (root / name).unlink()
    mlenv(root, "create", "six", "--engine", engine)
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["name"] == "six-project"
    assert set(Project(root).packages) == {"six"}


def test_what_a_venv_made_by_hand_had_and_nobody_declared_is_named_when_it_goes(
    tmp_path: Path, python: Callable[[str], str]
) -> None:
    subprocess.run([python("3.11"), "-m", "venv", ".venv"], cwd=tmp_path, check=True)
    subprocess.run([".venv/bin/pip", "install", "-q", "six==1.16.0", "idna==3.6"], cwd=tmp_path, check=True)
    (tmp_path / "requirements.txt").write_text("six\n")
    assert "no longer there, as nothing asks for it: idna (mlenv add NAME" in mlenv(tmp_path, "create").text
    assert "no longer there" not in mlenv(tmp_path, "create").text
