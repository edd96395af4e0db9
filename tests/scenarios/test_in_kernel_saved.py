"""What a notebook keeps after a run by nbclient: nothing of this machine, and the same on a second run."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import create

pytestmark = pytest.mark.real

CELLS = (
    "%mlenv check",
    "%mlenv add iniconfig",
    "import idna, iniconfig",
    "!python -m pip install -q --no-deps --disable-pip-version-check idna==3.6",
    "%mlenv check",
    "%mlenv list",
    "%mlenv show idna",
    "%mlenv sync",
    "%mlenv freeze",
    "%mlenv kernels",
    "%mlenv switch",
    "%mlenv doctor",
    "%mlenv upgrade --dry-run",
    "%mlenv remove iniconfig",
    "%mlenv undo",
    "%mlenv remove iniconfig",
    "%mlenv activate",
    "%mlenv add no-such-package-of-mlenv",
    "%mlenv check --deep",
    "import no_such_module_of_mlenv",
    "%mlenv panel",
)


def test_outputs_name_no_machine_and_stay_the_same_on_a_second_run(
    tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S60: no absolute path, user or host name in any output; a second run of the notebook makes no difference."""
    import nbclient
    import nbformat

    monkeypatch.setenv("USER", "somebody-private")
    project = create(mlenv_home / "work" / "demo", "idna==3.7")
    (mlenv_home / "work" / "demo" / ".git").mkdir()
    path = project.root / "notebook.ipynb"

    def run(cells: tuple[str, ...]) -> Any:
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
        for number, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{number}"
        notebook.metadata["kernelspec"] = {
            "name": project.kernel,
            "display_name": "Python (demo)",
            "language": "python",
        }
        nbclient.NotebookClient(
            notebook, kernel_name=project.kernel, allow_errors=True, record_timing=False,
            resources={"metadata": {"path": str(project.root)}},
        ).execute()  # fmt: skip
        nbformat.write(notebook, path)
        return notebook

    first = run(CELLS)
    everywhere = {str(mlenv_home), str(Path.home()), socket.gethostname(), "somebody-private"}
    # Where mlenv itself lies outside the home folder (a hub's /opt), only doctor and kernels name it: it is what they are for.
    places = {str(tmp_path), os.environ["MLENV_DATA_DIR"], sys.prefix, str(Path(__file__).parents[2])}
    for cell in first.cells:
        said = json.dumps(cell.outputs)
        assert [word for word in everywhere if word in said] == [], f"{cell.source}: {said}"
        if cell.source not in {"%mlenv doctor", "%mlenv kernels"}:
            assert [word for word in places if word in said] == [], f"{cell.source}: {said}"
    assert not any(word in path.read_text() for word in everywhere)
    (failed,) = (cell for cell in first.cells if cell.source.startswith("import no_such"))
    assert failed.outputs[-1]["data"]["application/vnd.mlenv.advice.v1+json"]["action"] == "add"

    stable = tuple(cell for cell in CELLS if "doctor" not in cell and "panel" not in cell)
    once = run(stable)
    again = run(stable)
    for one, two in zip(once.cells, again.cells, strict=True):
        assert _comparable(one) == _comparable(two), one.source
    assert once.metadata.keys() == again.metadata.keys()


def _comparable(cell: Any) -> Any:
    return [{key: value for key, value in output.items() if key != "execution_count"} for output in cell.outputs]
