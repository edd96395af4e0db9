"""A course of several notebooks, in a real kernel and from outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notebook_files import write_notebook
from scenarios.real_project import create

pytestmark = pytest.mark.real


def test_the_magic_checks_and_scans_many(mlenv_home: Path, tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """In a notebook as on the command line: one table, the same object, nothing raised, nothing private saved."""
    project = create(tmp_path / "course", "six")
    write_notebook(project.root / "ada.ipynb", "import six")
    write_notebook(project.root / "ben.ipynb", "!pip install six\n!pip install humanize")
    kernel = start_kernel(project.kernel, cwd=project.root)
    done = kernel.run("%mlenv check ada.ipynb ben.ipynb")
    assert done.status == "ok"
    assert ["ada.ipynb", "in-step"] in [line.split()[:2] for line in done.text.splitlines()]
    assert "%mlenv scan ben.ipynb" in done.text
    told = json.loads(kernel.run("%mlenv check --all --json").stdout)
    assert told == project.mlenv("check", "--all", "--json").json()
    assert [row["verdict"] for row in told["reports"]] == ["in-step", "in-step"]
    found = kernel.run("%mlenv scan")
    assert found.status == "ok"
    assert "the kernel's environment .venv" in found.text  # create gives an environment its pip
    assert "%mlenv add humanize" in found.text
    assert str(project.root) not in json.dumps(done.outputs) + json.dumps(found.outputs)
    other = write_notebook(tmp_path / "other" / "dora.ipynb", "import six")
    (other.parent / "requirements.txt").write_text("six==1.17.0\n")
    there = kernel.run("%mlenv check ../other ada.ipynb").text
    assert ["../other/dora.ipynb", "no-env"] in [line.split()[:2] for line in there.splitlines()], (
        "its own project counts"
    )
    refused = kernel.run("%mlenv run ../other/dora.ipynb")
    assert "the project has no environment yet" in refused.traceback
    write_notebook(project.root / "torn.ipynb").write_text("{")
    torn = kernel.run("%mlenv check --all --strict")
    assert (torn.status, torn.ename) == ("error", "MlenvError")
