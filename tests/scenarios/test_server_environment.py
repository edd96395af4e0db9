"""S29: the environment that runs Jupyter's server as the project's: what would break it is refused, and told."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, mlenv
from scenarios.traces import snapshot

pytestmark = [pytest.mark.real, pytest.mark.network, pytest.mark.usefixtures("mlenv_home")]


@pytest.fixture
def served(root: Path, make_venv: Callable[..., Path]) -> Project:
    """The tutorial's habit: one environment with the server and everything else in it."""
    make_venv(root / ".venv", None, "jupyter_server", "markupsafe>=3")
    return Project(root, str(mlenv(root, "use", "--json").json()["kernel"]))


def _server(project: Project) -> str:
    argv = [str(project.python), "-m", "jupyter_server", "--version"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60).stdout.strip()


def test_what_the_server_needs_is_not_moved_by_the_way(
    root: Path, served: Project, start_kernel: Callable[..., Any]
) -> None:
    """Refused in a cell with the reason and both versions, nothing moved; another package may come."""
    before, version = snapshot(root / ".venv"), _server(served)
    kernel = start_kernel(served.kernel, cwd=root)
    refused = kernel.run("%mlenv add markupsafe==1.1.1")
    assert refused.status == "error"
    assert "also runs Jupyter's server" in refused.text
    assert f"({version})" in refused.text
    assert f"markupsafe {served.packages['markupsafe']} -> ==1.1.1" in refused.text
    assert "mlenv create" in refused.text
    assert snapshot(root / ".venv") == before
    assert not (root / "pyproject.toml").exists()
    # With the override, a pin that nothing can be resolved with still changes nothing.
    mlenv(root, "add", "markupsafe==1.1.1", "--force", code=2)
    assert snapshot(root / ".venv") == before
    # A package beside the server comes as ever.
    mlenv(root, "add", "humanize")
    assert "humanize" in served.packages
    assert _server(served) == version


def test_with_the_override_it_is_told_what_moved_what_conflicts_and_whether_the_server_answers(
    root: Path, served: Project
) -> None:
    """A preview first, then the table, then `jupyter server --version` as it is now."""
    there, version = served.packages["markupsafe"], _server(served)
    preview = mlenv(root, "add", "markupsafe==2.1.5", "--dry-run").stdout
    assert f"markupsafe {there} -> 2.1.5" in preview
    assert served.packages["markupsafe"] == there
    told = mlenv(root, "add", "markupsafe==2.1.5", "--force").stdout.splitlines()
    assert f"server       markupsafe {there} -> 2.1.5" in told
    assert "conflict     none" in told
    assert f"server       jupyter server --version: {version}" in told
    assert "jupyter-server" in (root / "pyproject.toml").read_text()  # from now on the project's lock protects it


def test_a_change_that_would_take_the_server_away_is_refused_too(root: Path, served: Project) -> None:
    """A manifest without it: the lock is exact, so the environment would be made without the server."""
    (root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = []\n'
    )
    before = snapshot(root / ".venv")
    answer = mlenv(root, "add", "humanize", "--json", code=2).json()["error"]
    assert answer["code"] == "server-environment"
    assert "- jupyter-server" in answer["message"] or "and" in answer["message"]
    assert "--force" in answer["hint"]
    assert snapshot(root / ".venv") == before
    assert "humanize" not in (root / "pyproject.toml").read_text()
