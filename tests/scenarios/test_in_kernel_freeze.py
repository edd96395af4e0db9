"""Freezing from a live notebook: what others can install, and nothing of this machine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, create, mlenv

pytestmark = pytest.mark.real

REPOSITORY = Path(__file__).resolve().parents[2]


def run(*argv: object, cwd: Path | None = None) -> str:
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=300, cwd=cwd)
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def git_package(tmp_path: Path, mlenv_home: Path) -> tuple[str, str]:
    """A package in a git repository: its address and its commit."""
    source = tmp_path / "git" / "source"
    source.mkdir(parents=True)
    (source / "from_git.py").write_text("here = 1\n")
    (source / "pyproject.toml").write_text(
        '[project]\nname = "from-git"\nversion = "0.1"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org")
    run(*git, "init", "-q", "-b", "main", cwd=source)
    run(*git, "add", ".", cwd=source)
    run(*git, "commit", "-q", "-m", "first", cwd=source)
    commit = run(*git, "rev-parse", "HEAD", cwd=source)
    # git itself leads the public address here: nothing else on this machine knows of the folder.
    run("git", "config", "--global", f"url.file://{source.parent}/.insteadOf", "https://git.example.org/")
    return "https://git.example.org/source", commit


@pytest.fixture
def mixed(
    tmp_path: Path, mlenv_home: Path, uv: str, make_venv: Callable[..., Path], git_package: tuple[str, str]
) -> Project:
    """An environment with direct packages and their needs, one from git, conda's way to name a local file, an
    editable one, ipykernel and mlenv."""
    root = tmp_path / "mixed"
    prefix = make_venv(root / ".venv", None, "jinja2==3.1.6", "markupsafe==3.0.2", "humanize==4.9.0", "ipykernel")
    python = prefix / "bin" / "python"
    tool = tmp_path / "my_tool"
    tool.mkdir()
    (tool / "my_tool.py").write_text("")
    (tool / "pyproject.toml").write_text(
        '[project]\nname = "my-tool"\nversion = "0.1"\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    address, commit = git_package
    install = (uv, "pip", "install", "-q", "--python", python)
    run(*install, "-e", tool)
    run(*install, "--no-deps", REPOSITORY)
    run(*install, f"git+{address}@{commit}")
    run(*install, "attrs==23.2.0")
    (metadata,) = prefix.glob("lib/*/site-packages/attrs-*.dist-info")
    url = "file:///home/conda/feedstock_root/build_artifacts/attrs_1700000000000/work"
    (metadata / "direct_url.json").write_text(json.dumps({"dir_info": {}, "url": url}))
    (metadata / "INSTALLER").write_text("conda\n")
    (root / "analysis.py").write_text("")
    used = mlenv(root, "use", "--json").json()
    return Project(root, used["kernel"])


def test_a_mixed_environment_is_frozen_from_its_notebook_for_others(
    mixed: Project, git_package: tuple[str, str], start_kernel: Callable[..., Any], tmp_path: Path
) -> None:
    """S21: the direct ones and git at a commit; no path, no kernel, no mlenv; what stays out is named. S22: it works."""
    address, commit = git_package
    kernel = start_kernel(mixed.kernel, cwd=mixed.root)
    done = kernel.run("%mlenv freeze --output requirements.txt")
    assert done.status == "ok", done.text
    text = (mixed.root / "requirements.txt").read_text()
    rows = [line.partition("  #")[0].strip() for line in text.splitlines() if line and not line.startswith("#")]
    names = {row.partition("==")[0].partition(" @")[0].lower() for row in rows}
    assert names == {"jinja2", "markupsafe", "humanize", "from-git"}, text
    assert any(f"git+{address}@{commit}" in row for row in rows), text
    for forbidden in ("file:", str(tmp_path), os.path.expanduser("~"), str(REPOSITORY)):
        assert forbidden not in text
    assert "my-tool" in done.text
    assert "attrs" in done.text

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "requirements.txt").write_text(text)
    again = create(elsewhere, "--allow-build")
    assert again.check()["verdict"] == "in-step"
    assert again.mlenv("freeze").code == 0
    assert (elsewhere / "requirements.txt").read_text() == text
    second = start_kernel(again.kernel, cwd=elsewhere)
    assert second.run("import from_git, jinja2, humanize; print(from_git.here)").stdout == "1\n"
    assert second.run("%mlenv freeze").status == "ok"
    assert (elsewhere / "requirements.txt").read_text() == text


THIRTY = (
    "six idna attrs iniconfig humanize packaging pluggy certifi charset-normalizer urllib3 toml tomli colorama click "
    "markupsafe itsdangerous blinker platformdirs filelock distlib pathspec mypy-extensions typing-extensions zipp "
    "sniffio h11 soupsieve tabulate wcwidth decorator"
)


def test_only_what_the_notebook_imports_is_frozen(tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """S23: three of thirty: three direct rows with exact versions, the others absent."""
    import nbformat

    project = create(tmp_path / "demo", *THIRTY.split())
    assert len(project.packages) >= 30
    cells = ["import six\nfrom attrs import define", "import json, os\nimport humanize"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    nbformat.write(notebook, project.root / "work.ipynb")
    kernel = start_kernel(project.kernel, cwd=project.root)
    done = kernel.run("%mlenv freeze --notebook work.ipynb --format requirements --output work.txt")
    assert done.status == "ok", done.text
    text = (project.root / "work.txt").read_text()
    rows = sorted(line.partition("  #")[0].strip() for line in text.splitlines() if line and not line.startswith("#"))
    have = project.packages
    assert rows == sorted(f"{name}=={have[name]}" for name in ("attrs", "humanize", "six"))
    locked = kernel.run("%mlenv freeze --notebook work.ipynb --format pylock --output pylock.work.toml")
    assert locked.status == "ok", locked.text
    written = (project.root / "pylock.work.toml").read_text()
    assert written.count("[[packages]]") == 3
    assert "sha256" in written
    assert project.check()["verdict"] == "in-step"
