"""Settings, groups, other tools' locks, the engine venv, source builds: the rest of the kinds of project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scenarios.real_project import Project, create, mlenv

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]

NO_UV = {"MLENV_UV": ""}
LOCKS = Path(__file__).parents[1] / "data" / "locks"


def project_in(root: Path, files: dict[str, str]) -> Project:
    """A folder with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Project(root)


def test_groups_have_locks_of_their_own(tmp_path: Path) -> None:
    """Part 4 and 8: ``add --group dev`` declares (PEP 735), locks pylock.dev.toml and installs; sync remembers."""
    project = create(tmp_path / "demo", "six==1.16.0")
    project.mlenv("add", "--group", "dev", "iniconfig")
    assert tomllib.loads(project.files["pyproject.toml"])["dependency-groups"] == {"dev": ["iniconfig"]}
    assert "iniconfig" in project.files["pylock.dev.toml"]
    assert "iniconfig" not in project.files["pylock.toml"]
    assert project.packages.keys() == {"six", "iniconfig"}
    assert project.check()["verdict"] == "in-step"
    project.mlenv("add", "--group", "docs", "attrs")
    assert project.packages.keys() == {"six", "iniconfig", "attrs"}
    project.mlenv("add", "idna==3.6")
    assert project.packages.keys() == {"six", "iniconfig", "attrs", "idna"}
    assert project.check()["verdict"] == "in-step"
    locks = project.files
    project.mlenv("sync", "--group", "dev")
    assert project.files == locks
    assert project.packages.keys() == {"six", "iniconfig", "idna"}
    assert project.check()["verdict"] == "in-step"

    manifest = project.root / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"iniconfig"', '"iniconfig<2"'))
    assert project.check()["verdict"] == "relock"
    project.mlenv("lock")
    assert project.check()["verdict"] == "sync"
    project.mlenv("sync")
    assert project.packages["iniconfig"].startswith("1.")
    project.mlenv("remove", "--group", "dev", "iniconfig")
    assert project.packages.keys() == {"six", "idna"}
    assert project.check()["verdict"] == "in-step"


def test_settings_choose_groups_and_the_name_of_the_environment(tmp_path: Path) -> None:
    """Design 8: [tool.mlenv] env and groups; .gitignore gets that name."""
    project = project_in(
        tmp_path / "demo",
        {
            "pyproject.toml": '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\n'
            'dependencies = ["six"]\n[dependency-groups]\ntest = ["iniconfig"]\n'
            '[tool.mlenv]\nenv = "venv"\ngroups = ["test"]\n'
        },
    )
    create(project.root)
    assert (project.root / "venv").is_symlink()
    assert not project.link.exists()
    report = project.check()
    assert report["verdict"] == "in-step"
    assert report["environment"]["prefix"] == str(project.root / "venv")
    assert {path.name for path in project.root.glob("pylock*")} == {"pylock.toml", "pylock.test.toml"}
    assert list((project.root / "venv").glob("lib/python3*/site-packages/iniconfig"))
    assert (project.root / ".gitignore").read_text().splitlines() == ["venv", ".mlenv", ".env"]
    assert f"VIRTUAL_ENV='{project.root / 'venv'}'" in (project.root / "venv" / "bin" / "activate").read_text()


@pytest.mark.parametrize("name", ["venv", "env"])
def test_an_environment_of_another_name_is_found(tmp_path: Path, uv: str, name: str) -> None:
    """Design 1: the environment is ``.venv`` unless one exists under another name."""
    project = project_in(tmp_path / "demo", {"requirements.txt": "six==1.16.0\n"})
    subprocess.run([uv, "venv", "-q", "--no-project", name], cwd=project.root, check=True)
    assert [row["package"] for row in project.check()["findings"]] == ["six"]
    project.mlenv("sync")
    report = project.check()
    assert (report["verdict"], report["environment"]["prefix"]) == ("in-step", str(project.root / name))
    assert not project.link.exists()


def test_mlenv_toml_holds_settings_where_there_is_no_pyproject(tmp_path: Path) -> None:
    """Design 8: the same keys; an unknown one is refused naming the nearest."""
    project = project_in(tmp_path / "demo", {"requirements.txt": "six==1.16.0\n", "mlenv.toml": 'env = "env"\n'})
    create(project.root)
    assert (project.root / "env").is_symlink()
    assert project.check()["verdict"] == "in-step"
    (project.root / "mlenv.toml").write_text('enw = "env"\n')
    for verb in ("check", "create", "sync"):
        refused = project.mlenv(verb, code=2)
        assert "enw" in refused.stderr
        assert "'env'" in refused.stderr
    assert "error" in json.loads(project.mlenv("check", "--json", code=2).stdout)


def test_a_pyproject_that_only_configures_tools_is_no_manifest(tmp_path: Path) -> None:
    """Part 4: with [tool.*] alone the list beside it counts; and a project is made without touching the tools' tables."""
    tools = "[tool.ruff]\nline-length = 100  # ours\n"
    project = project_in(tmp_path / "list", {"pyproject.toml": tools, "requirements.txt": "six==1.16.0\n"})
    create(project.root)
    report = project.check()
    assert (report["verdict"], report["project"]["manifest"], report["lock"]["path"]) == (
        "in-step",
        None,
        "requirements.txt",
    )
    assert project.files["pyproject.toml"] == tools

    alone = project_in(tmp_path / "alone", {"pyproject.toml": tools})
    create(alone.root, "six")
    assert alone.files["pyproject.toml"].startswith(tools)
    assert '[project]\nname = "alone"' in alone.files["pyproject.toml"]
    assert alone.check()["verdict"] == "in-step"


def test_a_lock_alone_is_installed_and_gets_a_manifest_when_something_is_added(tmp_path: Path, uv: str) -> None:
    """Part 4: pylock.toml without a manifest, as another tool exported it."""
    project = project_in(tmp_path / "demo", {"six.in": "six==1.16.0\nidna==3.6\n"})
    argv = [uv, "pip", "compile", "-q", "--format", "pylock.toml", "six.in", "-o", "pylock.toml"]
    subprocess.run(argv, cwd=project.root, check=True)
    (project.root / "six.in").unlink()
    before = project.files
    create(project.root)
    assert project.files["pylock.toml"] == before["pylock.toml"]
    assert project.packages == {"six": "1.16.0", "idna": "3.6"}
    report = project.check()
    assert (report["verdict"], report["project"]["manifest"]) == ("in-step", None)
    project.mlenv("add", "iniconfig")
    assert project.packages.items() >= {"six": "1.16.0", "idna": "3.6"}.items()
    assert project.packages.keys() == {"six", "idna", "iniconfig"}
    assert project.check()["verdict"] == "in-step"


@pytest.mark.parametrize(
    ("sample", "lock", "tool"),
    [
        ("poetry-2.1", "poetry.lock", "poetry"),
        ("pdm-4.5", "pdm.lock", "pdm"),
        ("pipenv-6", "Pipfile.lock", "pipenv"),
        ("conda-lock-1", "conda-lock.yml", "conda"),
        ("pixi-7", "pixi.lock", "pixi"),
    ],
)
def test_another_tools_stale_lock_is_named_and_not_touched(tmp_path: Path, sample: str, lock: str, tool: str) -> None:
    """Part 4: only its tool makes such a lock anew; where that is not here, it is named, with what to type."""
    manifest = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["toolz"]\n'
    text = (LOCKS / sample / lock).read_text(encoding="utf-8")
    project = project_in(tmp_path / "demo", {"pyproject.toml": manifest, lock: text})
    before = project.files
    report = project.check()
    assert report["lock"]["path"] == lock
    assert report["verdict"] == "no-env"
    if tool != "conda":  # whose manifest is environment.yml
        assert ("relock", "toolz") in {(row["kind"], row["package"]) for row in report["findings"]}
    # No tool of another project is found there, nor the library that installs conda's locks.
    empty = {"PATH": os.path.dirname(sys.executable), "MLENV_RATTLER": ""}
    for words in (["create"], ["add", "idna"], ["lock"]):
        refused = project.mlenv(*words, code=2, env=empty)
        assert lock in refused.stderr
        assert tool in refused.stderr
        assert "to do:" in refused.stderr
    if tool == "pixi":  # py-rattler installs such a lock, and cannot make it anew
        refused = project.mlenv("create", code=2)
        assert "pixi.lock" in refused.stderr
        assert "to do: pixi lock" in refused.stderr
    assert project.files == before
    assert not project.link.exists()


def test_the_engine_venv_does_all_without_uv(tmp_path: Path) -> None:
    """Part 3: with uv hidden, create, add, check, sync, groups and undo work through pip, hashes included."""
    root = tmp_path / "demo"
    root.mkdir()
    made = mlenv(root, "create", "--engine", "venv", "six==1.16.0", "--json", env=NO_UV).json()
    assert any("venv" in line for line in made["lines"])
    project = Project(root)
    assert project.packages == {"six": "1.16.0"}
    assert project.check()["environment"]["engine"] == "venv"
    project.mlenv("add", "idna==3.6", env=NO_UV)
    project.mlenv("add", "--group", "dev", "iniconfig", env=NO_UV)
    assert project.packages.keys() == {"six", "idna", "iniconfig"}
    assert project.mlenv("check", "--json", env=NO_UV).json()["verdict"] == "in-step"
    project.mlenv("add", "idna>=3.6", env=NO_UV)
    assert project.packages["idna"] == "3.6"
    (project.site / "six.py").unlink()
    project.mlenv("sync", env=NO_UV)
    assert (project.site / "six.py").exists()
    project.mlenv("remove", "six", env=NO_UV)
    assert "six" not in project.packages
    project.mlenv("undo", env=NO_UV)
    assert project.packages["six"] == "1.16.0"
    lock = root / "pylock.toml"
    start = lock.read_text().index('name = "six"')
    at = lock.read_text().index('sha256 = "', start) + len('sha256 = "')
    lock.write_text(lock.read_text()[:at] + "0" * 64 + lock.read_text()[at + 64 :])
    (project.site / "six.py").unlink()
    refused = project.mlenv("sync", "--frozen", env=NO_UV, code=2)
    assert "hash" in refused.stderr.lower()
    assert "six" in refused.stderr


def test_pinned_lists_are_changed_without_uv(tmp_path: Path) -> None:
    """Part 3 and 4: requirements.txt is edited the same way when pip resolves."""
    project = project_in(tmp_path / "demo", {"requirements.txt": "# mine\nidna==3.6  # old\n"})
    project.mlenv("create", "--engine", "venv", env=NO_UV)
    project.mlenv("add", "six==1.16.0", env=NO_UV)
    assert project.files["requirements.txt"] == "# mine\nidna==3.6  # old\nsix==1.16.0\n"
    project.mlenv("upgrade", "idna", env=NO_UV)
    assert project.packages["idna"] != "3.6"
    assert project.files["requirements.txt"] == f"# mine\nidna=={project.packages['idna']}  # old\nsix==1.16.0\n"
    assert project.check()["verdict"] == "in-step"


def test_a_build_is_announced_and_needs_leave(tmp_path: Path) -> None:
    """Design 6: what runs code of its own when installed is refused by name before it runs, and said when it does."""
    root, source = tmp_path / "demo", tmp_path / "mine"
    flag = tmp_path / "ran"
    project_in(
        source,
        {
            "setup.py": f"open({str(flag)!r}, 'w').close()\nfrom setuptools import setup\n"
            "setup(name='mine', version='1', py_modules=['mine'])\n",
            "mine.py": "HERE = True\n",
        },
    )
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], cwd=source, check=True)
    subprocess.run([*git, "add", "."], cwd=source, check=True)
    subprocess.run([*git, "commit", "-qm", "first"], cwd=source, check=True)
    project = create(root, "six")
    manifest = root / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"six"', f'"six", "mine @ git+file://{source}"'))
    before, held = project.files, project.packages
    for words in (["sync"], ["add", "idna"]):
        refused = project.mlenv(*words, code=2)
        assert "mine" in refused.stderr
        assert "--allow-build" in refused.stderr
        assert not flag.exists()
        assert (project.files, project.packages) == (before, held)

    added = project.mlenv("sync", "--allow-build")
    assert "building mine" in added.stderr.lower()
    assert flag.exists()
    assert project.packages["mine"] == "1"
    assert project.check()["verdict"] == "in-step"
    # The next verb would build again: it asks again, until the project says so for good.
    (project.site / "mine.py").unlink()
    assert "--allow-build" in project.mlenv("sync", code=2).stderr
    manifest.write_text(manifest.read_text() + '\n[tool.mlenv]\nallow-build = ["mine"]\n')
    project.mlenv("sync")
    assert (project.site / "mine.py").exists()
    assert project.check()["verdict"] == "in-step"


def test_an_sdist_needs_leave_too(tmp_path: Path, uv: str) -> None:
    """Design 6: a locked package that has no wheel at all."""
    project = project_in(tmp_path / "demo", {"requirements.txt": "docopt==0.6.2\n"})
    refused = project.mlenv("create", code=2)
    assert "docopt" in refused.stderr
    assert "--allow-build" in refused.stderr
    assert not project.link.exists()
    create(project.root, "--allow-build")
    assert project.packages["docopt"] == "0.6.2"
    assert project.check()["verdict"] == "in-step"
