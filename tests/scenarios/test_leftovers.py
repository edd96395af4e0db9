"""What an interrupted pip leaves behind: said once, gone when asked."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, create
from scenarios.traces import snapshot

pytestmark = pytest.mark.real


def _leave(project: Project) -> None:
    """Lay down what pip leaves when it is killed while it takes a package out."""
    shutil.copytree(project.site / "idna", project.site / "~dna")
    shutil.copytree(next(project.site.glob("idna-*.dist-info")), project.site / "~dna-3.7.dist-info")


def test_a_leftover_of_pip_is_said_once_and_sync_takes_it_away(root: Path, run_cells: Callable[..., Any]) -> None:
    """S56: one line in `check`, in step all the same, nothing after other cells; gone on request, nothing else is."""
    project = create(root, "six", "idna==3.7")
    clean = snapshot(project.site)
    _leave(project)
    told = project.mlenv("check").stdout
    assert told.count("~dna, ~dna-3.7.dist-info (mlenv sync removes it)") == 1
    assert len([line for line in told.splitlines() if "~dna" in line]) == 1
    (finding,) = project.check()["findings"]
    assert (finding["kind"], project.check()["verdict"]) == ("leftover", "in-step")
    cells = ["import six, idna", "1 + 1", "%mlenv check", "2 + 2", "%mlenv sync", "%mlenv check"]
    done = run_cells(project.kernel, cells, cwd=root)
    assert [("~dna" in one.text) for one in done] == [False, False, True, False, True, False]
    assert snapshot(project.site) == clean
    assert "~dna" not in project.mlenv("check").stdout
    assert "~dna" not in project.mlenv("sync").stdout


def test_what_sync_would_take_away_is_previewed(root: Path) -> None:
    """S56: `--dry-run` names it and leaves it; pip itself warns of it and works afterwards without a warning."""
    project = create(root, "six", "idna==3.7")
    _leave(project)
    before = snapshot(root)
    assert "would remove ~dna, ~dna-3.7.dist-info" in project.mlenv("sync", "--dry-run").stdout
    assert snapshot(root) == before
    pip = [str(project.python), "-m", "pip", "list"]
    assert "~dna" in subprocess.run(pip, capture_output=True, text=True).stderr
    project.mlenv("sync")
    assert "~dna" not in subprocess.run(pip, capture_output=True, text=True).stderr
