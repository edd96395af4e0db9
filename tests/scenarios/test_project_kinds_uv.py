"""Projects that are driven by a ``uv.lock``: what uv would say and do is what mlenv says and does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scenarios.real_project import Project, create

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]

MANIFEST = """\
[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = [
    "six==1.16.0",  # pinned for a reason
]

[project.optional-dependencies]
fmt = ["humanize"]

[dependency-groups]
dev = ["iniconfig"]
lint = ["attrs"]
"""
BUILD = '\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def uv_project(uv: str, root: Path, *, package: bool = False) -> Project:
    """A project as a user of uv has it: manifest and lock, no environment yet."""
    root.mkdir()
    (root / "pyproject.toml").write_text(MANIFEST.format(name=root.name) + (BUILD if package else ""))
    if package:
        (root / "src" / root.name).mkdir(parents=True)
        (root / "src" / root.name / "__init__.py").write_text("HERE = True\n")
    subprocess.run([uv, "lock", "--quiet"], cwd=root, check=True)
    return Project(root)


def uv_agrees(uv: str, root: Path, *options: str) -> bool:
    """Whether ``uv sync --check`` finds nothing to do, without changing anything itself."""
    argv = [uv, "sync", "--check", "--quiet", *options]
    return subprocess.run(argv, cwd=root, capture_output=True).returncode == 0


@pytest.mark.parametrize("package", [False, True], ids=["virtual", "package"])
def test_a_project_with_uv_lock_is_what_uv_would_make(tmp_path: Path, uv: str, package: bool) -> None:
    """Part 4: create, add, upgrade, remove, undo and sync through uv's lock; uv has nothing to add at any point."""
    project = uv_project(uv, tmp_path / "uvp", package=package)
    root, lock = project.root, project.root / "uv.lock"
    own = {"uvp": "0.1.0"} if package else {}
    locked = lock.read_text()
    create(root)
    assert lock.read_text() == locked
    assert project.packages == {**own, "six": "1.16.0", "iniconfig": project.packages["iniconfig"]}
    assert project.check()["verdict"] == "in-step"
    assert uv_agrees(uv, root)
    assert not (root / "pylock.toml").exists()
    if package:  # its own code is imported from where it is edited
        code = "import uvp; print(uvp.__file__)"
        shown = subprocess.run([project.python, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
        assert shown.stdout.strip() == str(root / "src" / "uvp" / "__init__.py")

    project.mlenv("add", "idna==3.6")
    assert '"six==1.16.0",  # pinned for a reason\n    "idna==3.6",\n' in (root / "pyproject.toml").read_text()
    assert project.packages["idna"] == "3.6"
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("in-step", True)

    project.mlenv("add", "idna>=3.6")
    project.mlenv("upgrade", "idna")
    assert project.packages["idna"] != "3.6"
    assert project.packages["six"] == "1.16.0"
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("in-step", True)
    project.mlenv("remove", "idna")
    assert lock.read_text() == locked
    assert (root / "pyproject.toml").read_text() == MANIFEST.format(name="uvp") + (BUILD if package else "")
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("in-step", True)
    project.mlenv("undo")
    assert "idna" in project.packages
    # uv builds a package again whose pyproject.toml has another time, though it says the same.
    assert (project.check()["verdict"], package or uv_agrees(uv, root)) == ("in-step", True)

    # uv's own hand in the environment is seen, and the other way round.
    subprocess.run([uv, "pip", "install", "-q", "--python", project.python, "six==1.15.0"], cwd=root, check=True)
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("sync", False)
    project.mlenv("sync")
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("in-step", True)


def test_a_changed_manifest_means_relock_for_both(tmp_path: Path, uv: str) -> None:
    """Design 2: the specifier counts although the pin satisfies it; ``lock`` and ``sync`` write what uv would."""
    project = uv_project(uv, tmp_path / "uvp")
    create(project.root)
    manifest = project.root / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"six==1.16.0"', '"six>=1.15,<1.17"'))
    assert subprocess.run([uv, "lock", "--check", "-q"], cwd=project.root, capture_output=True).returncode
    report = project.check()
    assert (report["verdict"], [row["package"] for row in report["findings"]]) == ("relock", ["six"])
    project.mlenv("lock")
    assert not subprocess.run([uv, "lock", "--check", "-q"], cwd=project.root, capture_output=True).returncode
    assert project.check()["verdict"] == "in-step"
    assert project.packages["six"] == "1.16.0"


def test_groups_and_extras_are_those_of_uv_and_are_remembered(tmp_path: Path, uv: str) -> None:
    """Part 4: ``--group`` comes to the default group as in uv; the environment remembers what it was synced with."""
    project = uv_project(uv, tmp_path / "uvp")
    create(project.root)
    project.mlenv("sync", "--extra", "fmt", "--group", "lint")
    assert project.packages.keys() == {"six", "iniconfig", "humanize", "attrs"}
    assert uv_agrees(uv, project.root, "--extra", "fmt", "--group", "lint")
    assert project.check()["verdict"] == "in-step"
    project.mlenv("add", "idna==3.6")
    assert project.packages.keys() == {"six", "iniconfig", "humanize", "attrs", "idna"}
    assert uv_agrees(uv, project.root, "--extra", "fmt", "--group", "lint")

    added = project.mlenv("add", "--group", "docs", "tomli==2.0.1")
    assert "tomli" in added.text
    assert 'docs = [\n    "tomli==2.0.1",\n]' in (project.root / "pyproject.toml").read_text().replace(
        'docs = ["tomli==2.0.1"]', 'docs = [\n    "tomli==2.0.1",\n]'
    )
    assert project.packages.keys() == {"six", "iniconfig", "humanize", "attrs", "idna", "tomli"}
    assert uv_agrees(uv, project.root, "--extra", "fmt", "--group", "lint", "--group", "docs")
    project.mlenv("remove", "--group", "docs", "tomli")
    assert "tomli" not in project.packages
    # Told anew, it is what was told; the default group stays, as in uv.
    project.mlenv("sync", "--group", "lint", "--extra", "fmt")
    assert uv_agrees(uv, project.root, "--extra", "fmt", "--group", "lint")
    wrong = project.mlenv("sync", "--group", "lnt", code=2)
    assert "'lint'" in wrong.stderr


def test_a_default_group_that_comes_later_counts(tmp_path: Path, uv: str) -> None:
    """What nobody chose follows uv's default groups, also when these change."""
    project = uv_project(uv, tmp_path / "uvp")
    create(project.root)
    manifest = project.root / "pyproject.toml"
    manifest.write_text(manifest.read_text() + '\n[tool.uv]\ndefault-groups = ["dev", "lint"]\n')
    subprocess.run([uv, "lock", "-q"], cwd=project.root, check=True)
    assert (project.check()["verdict"], uv_agrees(uv, project.root)) == ("sync", False)
    project.mlenv("sync")
    assert (project.check()["verdict"], uv_agrees(uv, project.root)) == ("in-step", True)
    assert "attrs" in project.packages


def test_a_uv_workspace_is_checked_and_synced_and_edited_by_uv(tmp_path: Path, uv: str) -> None:
    """Part 4: members and path sources are installed as uv does; what mlenv does not edit it says, with what to type."""
    root = tmp_path / "work"
    (root / "libs" / "tiny" / "src" / "tiny").mkdir(parents=True)
    (root / "libs" / "tiny" / "src" / "tiny" / "__init__.py").write_text("")
    (root / "libs" / "tiny" / "pyproject.toml").write_text(
        '[project]\nname = "tiny"\nversion = "0.1.0"\ndependencies = ["six==1.16.0"]\n' + BUILD
    )
    (root / "pyproject.toml").write_text(
        '[project]\nname = "work"\nversion = "0.1.0"\nrequires-python = ">=3.10"\ndependencies = ["tiny", "idna==3.6"]\n'
        '[tool.uv.workspace]\nmembers = ["libs/*"]\n[tool.uv.sources]\ntiny = { workspace = true }\n'
    )
    subprocess.run([uv, "lock", "--quiet"], cwd=root, check=True)
    project = create(root)  # a member is the project's own code, which needs no --allow-build
    assert project.packages == {"idna": "3.6", "six": "1.16.0", "tiny": "0.1.0"}
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("in-step", True)
    subprocess.run([uv, "pip", "uninstall", "-q", "--python", project.python, "tiny"], cwd=root, check=True)
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("sync", False)
    project.mlenv("sync")
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("in-step", True)

    before = project.files
    told = project.mlenv("add", "attrs", code=2)
    assert "uv add" in told.stderr
    assert "mlenv sync" in told.stderr
    assert project.files == before
    subprocess.run([uv, "add", "-q", "--no-sync", "attrs"], cwd=root, check=True)
    project.mlenv("sync", "--allow-build")
    assert "attrs" in project.packages
    assert (project.check()["verdict"], uv_agrees(uv, root)) == ("in-step", True)


def test_uv_sync_keeps_the_seeded_pip(tmp_path: Path, uv: str) -> None:
    """Design 6: ``seed = true`` keeps pip through uv's own verbs, and the environment stays in step."""
    project = uv_project(uv, tmp_path / "uvp")
    create(project.root)
    assert json.loads((project.link / "mlenv-ready.json").read_text())["groups"] == []
    subprocess.run([uv, "sync", "-q"], cwd=project.root, check=True)
    assert any(project.site.glob("pip-*.dist-info"))
    assert project.check()["verdict"] == "in-step"
