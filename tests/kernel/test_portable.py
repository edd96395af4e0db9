"""The portable kernel enters the environment of the working folder's project, if this user trusts it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.projects import ProjectKernel
from mlenv import trust
from mlenv.faces import portable

SPEC = Path(portable.__file__).parents[1] / "share" / "jupyter" / "kernels" / "mlenv"
WHERE = "import sys, os; print(sys.prefix); print(os.environ['VIRTUAL_ENV']); print(os.environ['PATH'])"

Project = Callable[..., ProjectKernel]
pytestmark = [pytest.mark.real, pytest.mark.network]


@pytest.fixture
def spec(mlenv_home: Path) -> str:
    """Install the shipped kernelspec for this test's user."""
    shutil.copytree(SPEC, mlenv_home / "jupyter" / "kernels" / "mlenv")
    return "mlenv"


def test_the_shipped_spec_is_ours_and_names_no_computer() -> None:
    content = json.loads((SPEC / "kernel.json").read_text())
    assert content["argv"][0] == "python"
    assert content["metadata"]["mlenv"]["schema"] == 1
    assert content["metadata"]["debugger"] is True
    assert "/" not in "".join(content["argv"])


@pytest.mark.parametrize("minor", ["3.9", "3.11", "3.13"])
def test_it_enters_a_trusted_environment_from_a_folder_below(
    minor: str, spec: str, project: Project, start_kernel
) -> None:
    kernel = project(minor)
    trust.trust(kernel.root, kernel.link)
    deep = kernel.root / "notebooks" / "deep"
    deep.mkdir(parents=True)
    (kernel.root / "mlenv.toml").write_text("dotenv = true\n")
    (kernel.root / ".env").write_text("FROM_FILE=yes\n")
    live = start_kernel(spec, cwd=deep)
    assert live.run("import os; print(os.environ['FROM_FILE'])").stdout == "yes\n"
    prefix, active, path = live.run(WHERE).stdout.splitlines()
    assert prefix == active == str(kernel.link)
    assert path.split(":")[0] == str(kernel.link / "bin")
    assert live.run("import json; r = %mlenv check").status == "ok"


def test_an_environment_that_came_with_the_folder_is_not_started(spec: str, project: Project, start_kernel) -> None:
    kernel = project("3.11")
    (kernel.site / "evil.pth").write_text("import os; open(os.environ['HOME'] + '/ran', 'w')\n")
    live = start_kernel(spec, cwd=kernel.root)
    cell = live.run(WHERE)
    assert cell.status == "error"
    assert "neither made nor accepted by you" in cell.text
    assert "%mlenv use" in cell.text
    assert live.run("%mlenv check").status == "ok"


def test_trust_is_for_one_environment_of_one_project(mlenv_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "one"
    root.mkdir()
    trust.trust(root, root / ".venv")
    (tmp_path / "link").symlink_to(root)
    assert trust.trusted(root) == root / ".venv"
    assert trust.trusted(tmp_path / "link") == tmp_path / "link" / ".venv"
    assert trust.trusted(tmp_path) is None
    trust.trust(root, tmp_path / "elsewhere")
    assert trust.trusted(root) == tmp_path / "elsewhere"


def test_without_environment_or_project_it_explains(spec: str, tmp_path: Path, start_kernel) -> None:
    empty, bare = tmp_path / "empty", tmp_path / "bare"
    empty.mkdir()
    bare.mkdir()
    (bare / "requirements.txt").write_text("six\n")
    first = start_kernel(spec, cwd=empty).run("1")
    assert first.status == "error"
    assert "no project in this folder" in first.text
    assert "%mlenv create" in first.text
    second = start_kernel(spec, cwd=bare).run("1")
    assert "no environment on this computer yet" in second.text


def test_a_file_beside_the_notebook_cannot_take_the_place_of_a_standard_module(
    spec: str, tmp_path: Path, start_kernel
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "platform.py").write_text("raise SystemExit('shadowed')\n")
    assert "no project" in start_kernel(spec, cwd=tmp_path / "here").run("1").text


def test_the_notebooks_own_folder_counts_where_the_server_tells_it(tmp_path: Path) -> None:
    notebook = tmp_path / "a.ipynb"
    assert portable.start_folder({"JPY_SESSION_NAME": str(notebook)}) == tmp_path
    assert portable.start_folder({"JPY_SESSION_NAME": "a.ipynb"}) == Path.cwd()
    assert portable.start_folder({}) == Path.cwd()


def test_activation_replaces_another_environments() -> None:
    before = {"PATH": "/usr/bin", "VIRTUAL_ENV": "/other", "CONDA_PREFIX": "/c", "PYTHONPATH": "/x", "LANG": "C"}
    after = portable.active(before, "/p/.venv")
    assert after == {"PATH": "/p/.venv/bin:/usr/bin", "VIRTUAL_ENV": "/p/.venv", "PYTHONNOUSERSITE": "1", "LANG": "C"}
