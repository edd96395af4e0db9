"""The example notebooks run from top to bottom in the kernels that they create, and show what they promise."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from live_kernel import LiveKernel
from scenarios.real_project import Project, create

pytestmark = pytest.mark.real
EXAMPLES = Path(__file__).parents[2] / "examples"
ABSOLUTE = re.compile(r"(?<![\w./~<])/(?:home|root|tmp|usr|opt|var|private|Users)/")


def code_cells(notebook: Any) -> dict[str, str]:
    """The text below each code cell, by the cell's source."""
    return {cell.source: "\n".join(map(shown, cell.outputs)) for cell in notebook.cells if cell.cell_type == "code"}


def shown(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    return "\n".join(str(text) for text in output.get("data", {}).values()) or str(output)


def below(cells: dict[str, str], start: str) -> str:
    """The text below the one cell whose source begins so."""
    (text,) = (text for source, text in cells.items() if source.startswith(start))
    return text


def private_names(home: Path) -> list[str]:
    """What no saved notebook may tell: who ran it, and where."""
    names = [socket.gethostname(), socket.getfqdn(), str(home), str(Path.home())]
    return [name for name in names if len(name) > 3 and name != "localhost"]


def assert_nothing_private(notebook: Any, home: Path) -> None:
    for source, text in code_cells(notebook).items():
        assert not ABSOLUTE.search(text), f"{source}\n{text}"
        assert not [name for name in private_names(home) if name in text], f"{source}\n{text}"
        user = getpass.getuser()  # "root" is also a word of the report: there the path /root stands for the name
        assert user == "root" or not re.search(rf"(?<![\w.-]){re.escape(user)}(?![\w.-])", text), f"{source}\n{text}"


def test_the_demo_creates_trains_drifts_syncs_adds_and_freezes(mlenv_home: Path, tmp_path: Path) -> None:
    """`make demo` is the quickstart notebook in the kernel that it creates; all in one run."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py"), str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all as promised" in done.stdout
    notebook = nbformat.read(tmp_path / "quickstart" / "quickstart.ipynb", as_version=4)
    cells = code_cells(notebook)
    assert "runs this notebook" in below(cells, "%mlenv create")
    accuracy = re.search(r"accuracy on 143 unseen patients: (0\.\d+)", below(cells, "import pandas"))
    assert accuracy
    assert float(accuracy[1]) > 0.9
    assert "in-step" in below(cells, "%mlenv check")
    drift = below(cells, "!python -m pip install")
    assert "mlenv: humanize 4.9.0 on disk, not in pylock.toml" in drift
    assert "%mlenv sync" in drift
    assert "sync ['humanize']" in " ".join(
        below(cells, "report = %mlenv check\nprint").split()
    )  # a stream comes in parts
    assert "humanize" in below(cells, "%mlenv add")
    assert "no restart needed" in below(cells, "%mlenv add")
    assert "thousand numbers" in below(cells, "import humanize")
    assert "pylock.toml" in below(cells, "%mlenv freeze")
    assert "in-step" in below(cells, "report = %mlenv check\nassert report.ok")
    assert_nothing_private(notebook, mlenv_home)


VIEW = """
import json, shutil, subprocess, sys
import numpy
print(json.dumps({
    "numpy": numpy.__version__, "file": numpy.__file__, "prefix": sys.prefix, "path": sys.path,
    "which": shutil.which("python"),
    "child": subprocess.run(["python", "-c", "import numpy; print(numpy.__version__)"], capture_output=True, text=True).stdout.strip(),
}))
"""


def test_two_kernels_at_once_each_see_only_their_own_numpy(
    mlenv_home: Path, tmp_path: Path, start_kernel: Callable[..., LiveKernel]
) -> None:
    """The same package in two versions side by side, in both kernels at the same time and in both notebooks."""
    shutil.copytree(EXAMPLES / "two-projects", tmp_path / "two")
    versions = {"older": "2.1.3", "newer": "2.3.5"}
    projects: dict[str, Project] = {name: create(tmp_path / "two" / name) for name in versions}
    kernels = {name: start_kernel(project.kernel, cwd=project.root) for name, project in projects.items()}
    views = {name: json.loads(kernel.run(VIEW).stdout) for name, kernel in kernels.items()}
    for name, project in projects.items():
        other = projects["newer" if name == "older" else "older"]
        view = views[name]
        assert (view["numpy"], view["child"]) == (versions[name], versions[name])
        assert Path(view["file"]).is_relative_to(project.root)
        assert (view["prefix"], view["which"]) == (str(project.link), str(project.python))
        assert not [entry for entry in view["path"] if entry.startswith(str(other.root))]
        assert kernels[name].run("r = %mlenv check\nprint(r.ok)").stdout == "True\n"
    for name, project in projects.items():
        notebook = execute(project, "isolation.ipynb")
        cells = code_cells(notebook)
        assert f"NumPy {versions[name]} from the environment of {name}" in below(cells, "import sys")
        assert f"a child process sees NumPy {versions[name]}" in below(cells, "!python")
        assert "in-step" in below(cells, "report = ")
        assert_nothing_private(notebook, mlenv_home)


def execute(project: Project, name: str) -> Any:
    """Run a notebook of a project in the project's kernel, as nbclient does it."""
    notebook = nbformat.read(project.root / name, as_version=4)
    resources = {"metadata": {"path": str(project.root)}}
    NotebookClient(notebook, kernel_name=project.kernel, timeout=300, resources=resources).execute()
    return notebook


def test_the_exercise_of_three_projects_keeps_them_apart(mlenv_home: Path, tmp_path: Path) -> None:
    """phase6_ml, phase7_dl, phase8_nlp: in their notebooks, and asked from outside; imports that must fail do fail."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "three_projects.py"), str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.startswith("phase")}
    assert list(seen) == ["phase6_ml", "phase7_dl", "phase8_nlp"]
    assert [cell == "-" for cell in seen["phase6_ml"]] == [False, True, True]
    assert [cell == "-" for cell in seen["phase7_dl"]] == [False, False, True]
    assert [cell == "-" for cell in seen["phase8_nlp"]] == [True, True, False]
    assert seen["phase6_ml"][0] == "2.1.3"
    assert seen["phase7_dl"][0] == "2.3.5"
    for name in seen:
        notebook = nbformat.read(tmp_path / "three-projects" / name / "work.ipynb", as_version=4)
        assert "as it must be" in below(code_cells(notebook), "import subprocess")
        assert_nothing_private(notebook, mlenv_home)


def test_the_panel_is_drawn_between_cells_that_run_without_a_mouse(mlenv_home: Path, tmp_path: Path) -> None:
    root = tmp_path / "panel"
    root.mkdir()
    shutil.copy(EXAMPLES / "panel.ipynb", root)
    notebook = execute(create(root, "humanize"), "panel.ipynb")
    (panel,) = (cell for cell in notebook.cells if cell.source == "%mlenv panel")
    assert ["application/vnd.jupyter.widget-view+json" in output.data for output in panel.outputs] == [True]
    states = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    said = "\n".join(str(state["state"]) for state in states)
    assert "in-step" in said
    assert "humanize" in said
    assert not ABSOLUTE.search(said)
    cells = code_cells(notebook)
    assert "six 1.16.0 on disk" in below(cells, "!python -m pip")
    assert "1.0 GB" in below(cells, "import humanize")
    assert_nothing_private(notebook, mlenv_home)


OF_THE_MACHINE = ("%mlenv pythons", "%mlenv doctor")
"""What these tell are places of this machine."""


def test_the_tutorial_walks_the_usual_commands(mlenv_home: Path, tmp_path: Path) -> None:
    """Each row of it works in one notebook; names of `.env` are in its outputs, values are not."""
    root = tmp_path / "tutorial"
    root.mkdir()
    shutil.copy(EXAMPLES / "tutorial.ipynb", root)
    notebook = execute(create(root, "six"), "tutorial.ipynb")
    cells = code_cells(notebook)
    expected = {
        "%mlenv create": "runs this notebook",
        "import shutil": "source .venv/bin/activate",
        "%mlenv pythons": "create takes",
        "%mlenv add": "added idna 3.7",
        "%mlenv show": "declared   idna<3.8 in pyproject.toml",
        "%mlenv outdated": "%mlenv upgrade idna",
        "%mlenv upgrade": "removed idna",
        "%mlenv lock": "six==",
        "!python": "mlenv: idna 3.7 on disk, not in pylock.toml",
        "%mlenv sync": "in step with pylock.toml",
        'Path(".env").write': "2 variables set: API_KEY, DATA_DIR",
        "import os": "API_KEY=\n",
        "%mlenv init": "demo (ml): wrote 9 files",
        "for path": "demo/notebooks/01-start.ipynb",
        "%mlenv doctor": "project .: in-step",
        "%mlenv undo": "would undo",
        "report = ": "in-step",
    }
    assert {start: text for start, text in expected.items() if text not in below(cells, start)} == {}
    assert not [source for source, text in cells.items() if "not for others" in text]
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith(OF_THE_MACHINE)]
    assert_nothing_private(notebook, mlenv_home)
