"""A uv workspace: a notebook in a member's folder is compared with the member, and what uv says is what mlenv says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, create, mlenv

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "locks" / "uv-0.9-members"
CHECK = "r = %mlenv check\nprint(r.verdict, sorted(f.package for f in r.findings if f.package))"
MEMBERS = ("packages/one", "packages/two", "packages/three")


@pytest.fixture
def workspace(tmp_path: Path, uv: str) -> Path:
    """The sample's manifests with the sources that they promise, locked by today's uv."""
    root = tmp_path / "ws"
    shutil.copytree(SAMPLE, root)
    for name in ("one", "two"):
        (root / "packages" / name / "src" / name).mkdir(parents=True)
        (root / "packages" / name / "src" / name / "__init__.py").touch()
    (root / "uv.lock").unlink()
    subprocess.run([uv, "lock", "--quiet"], cwd=root, check=True)
    return root


def told_by_uv(uv: str, folder: Path, *options: str) -> dict[str, str]:
    """Return what ``uv sync`` would do here without taking anything away: package -> what is wrong with it."""
    argv = [uv, "sync", "--frozen", "--check", "--inexact", "--output-format", "json", "--quiet", *options]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
    assert done.stdout, done.stderr
    changes: dict[str, list[str]] = {}
    for row in json.loads(done.stdout)["sync"]["changes"]:
        changes.setdefault(row["name"], []).append(row["action"])
    return {name: "missing" if actions == ["installed"] else "different" for name, actions in changes.items()}


def told_by_mlenv(folder: Path, *options: str) -> dict[str, str]:
    report = mlenv(folder, "check", "--json", *options, code=None).json()
    found = {row["package"]: row["kind"] for row in report["findings"]}
    assert report["verdict"] == ("sync" if found else "in-step")
    return found


def all_agree(uv: str, root: Path) -> None:
    for folder in (root, *(root / member for member in MEMBERS)):
        assert told_by_mlenv(folder) == told_by_uv(uv, folder), folder


def test_each_member_is_judged_as_uv_judges_it(workspace: Path, uv: str) -> None:
    subprocess.run([uv, "sync", "--frozen", "--quiet"], cwd=workspace, check=True)
    all_agree(uv, workspace)
    assert told_by_mlenv(workspace) == {}
    for options in (["--package", "two", "--inexact"], ["--all-packages"], ["--package", "three"]):
        subprocess.run([uv, "sync", "--frozen", "--quiet", *options], cwd=workspace, check=True)
        all_agree(uv, workspace)
    assert told_by_mlenv(workspace / "packages" / "three") == {}  # what two left behind is not three's matter
    subprocess.run([uv, "sync", "--frozen", "--quiet", "--all-packages"], cwd=workspace, check=True)
    python = workspace / ".venv" / "bin" / "python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "humanize==4.9.0", "attrs"], check=True)
    one = workspace / "packages" / "one"
    assert told_by_mlenv(one) == {"humanize": "different", "attrs": "extra"}  # attrs: no member asks for it
    assert told_by_uv(uv, one) == {"humanize": "different"}


def test_a_member_is_synced_beside_what_the_others_need(workspace: Path, uv: str) -> None:
    two, three = workspace / "packages" / "two", workspace / "packages" / "three"
    mlenv(two, "create")
    assert told_by_uv(uv, two) == {} == told_by_mlenv(two)
    mlenv(workspace, "sync")
    mlenv(three, "sync")
    for folder in (workspace, two, three):
        assert told_by_uv(uv, folder) == {} == told_by_mlenv(folder)
    assert not (two / ".venv").exists()
    assert not (two / ".mlenv").exists()
    one = workspace / "packages" / "one"
    mlenv(one, "sync", "--no-default-groups", "--group", "nb", "--extra", "fast")
    chosen = ("--no-default-groups", "--group", "nb", "--extra", "fast")
    assert told_by_uv(uv, one, *chosen) == {} == told_by_mlenv(one)  # what was told is remembered, for this member
    for folder in (workspace, two, three):
        assert told_by_mlenv(folder) == {}


def judged(kernel: Any) -> str:
    return str(kernel.run(CHECK).text.strip().splitlines()[-1])


def test_a_kernel_of_the_workspace_judges_the_member_that_the_notebook_lies_in(
    workspace: Path, start_kernel: Callable[..., Any]
) -> None:
    kernel = create(workspace).kernel
    two, three = workspace / "packages" / "two", workspace / "packages" / "three"
    (two / "notebooks").mkdir()
    at_root, in_two = start_kernel(kernel, cwd=workspace), start_kernel(kernel, cwd=two / "notebooks")
    assert judged(at_root) == "in-step []"
    assert judged(in_two) == "sync ['colorama', 'toml', 'two', 'zipp']"
    assert in_two.run("%mlenv sync").status == "ok"
    assert judged(in_two) == "in-step []"
    assert judged(start_kernel(kernel, cwd=three)) == "sync ['tabulate']"
    assert judged(at_root) == "in-step []"


def test_what_lies_outside_the_workspace_is_a_project_of_its_own(workspace: Path) -> None:
    manifest = workspace / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("[tool.uv.workspace]", '[tool.uv.workspace]\nexclude = ["*/two"]'))
    report = mlenv(workspace / "packages" / "two", "check", "--json", code=1).json()
    assert (report["project"]["root"], report["lock"]["path"]) == (str(workspace / "packages" / "two"), None)


@pytest.mark.parametrize("words", [("add", "attrs"), ("remove", "zipp"), ("lock",), ("freeze",), ("delete", "--yes")])
def test_what_mlenv_does_not_do_in_a_member_is_refused_before_anything_is_written(
    workspace: Path, words: tuple[str, ...]
) -> None:
    before = {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()}
    answer = mlenv(workspace / "packages" / "two", *words, code=2)
    assert "is a member of a uv workspace" in answer.stderr
    assert {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file()} == before


def test_a_stale_member_is_told_in_all_and_never_synced_over(workspace: Path, uv: str) -> None:
    mlenv(workspace, "create")
    manifest = workspace / "packages" / "one" / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("humanize<4.13", "humanize<4.12"))
    for folder in (workspace, workspace / "packages" / "three"):
        report = mlenv(folder, "check", "--json", code=1).json()
        assert (report["verdict"], report["findings"][0]["package"]) == ("relock", "humanize")
    assert subprocess.run([uv, "lock", "--check", "--quiet"], cwd=workspace, capture_output=True).returncode == 1
    assert "uv lock" in mlenv(workspace / "packages" / "one", "sync", code=2).stderr
    subprocess.run([uv, "lock", "--quiet"], cwd=workspace, check=True)
    mlenv(workspace, "sync")
    assert Project(workspace).packages["humanize"].startswith("4.11")
