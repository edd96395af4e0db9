"""S13: `mlenv run` executes a notebook in its project's environment, whatever kernel its metadata names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from scenarios.real_project import child_processes, mlenv, specs

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]

KERNELSPEC = {"name": "colleague-env", "display_name": "Colleague", "language": "python"}
SEEN = "import os, six, sys\nprint(six.__version__, sys.prefix, os.getcwd())"


def write(path: Path, *cells: str, tags: dict[int, str] | None = None, minor: int = 5) -> bytes:
    rows: list[dict[str, Any]] = []
    for number, source in enumerate(cells):
        metadata = {"tags": [tags[number]]} if tags and number in tags else {}
        row = {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None}
        rows.append({**row, "id": f"cell-{number}"} if minor >= 5 else row)
    metadata = {"kernelspec": KERNELSPEC, "own": {"kept": [1]}}
    content = {"cells": rows, "metadata": metadata, "nbformat": 4, "nbformat_minor": minor}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=3))  # nobody's usual form: it must stay
    return path.read_bytes()


def outputs(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=4)
    return ["".join(str(each.get("text", "")) for each in cell.outputs) for cell in notebook.cells]


@pytest.fixture
def project(tmp_path: Path, runtime_there: None, make_venv: Callable[..., Path]) -> Path:
    """A project with an environment that mlenv has not made, and no kernel of it registered."""
    root = tmp_path / "course"
    make_venv(root / ".venv", None, "six==1.17.0")
    (root / "requirements.txt").write_text("six==1.17.0\n")
    return root


def test_the_notebook_runs_in_the_project_and_stays_as_it_is(project: Path, mlenv_home: Path) -> None:
    """Its kernel is not here; file, kernels and environment are as before; it works in its own folder."""
    before = write(project / "week1" / "work.ipynb", SEEN)
    installed = sorted(path.name for path in project.glob(".venv/lib/python3*/site-packages/*"))
    kernels = specs(mlenv_home)
    told = mlenv(project, "run", "week1/work.ipynb", "--output", "done.ipynb").stdout
    assert "week1/work.ipynb: 1 cell ran in" in told
    assert (project / "week1" / "work.ipynb").read_bytes() == before
    assert outputs(project / "done.ipynb") == [f"1.17.0 {project / '.venv'} {project / 'week1'}\n"]
    done = json.loads((project / "done.ipynb").read_text())
    assert done["metadata"] == {"kernelspec": KERNELSPEC, "own": {"kept": [1]}}
    assert done["cells"][0]["metadata"] == {}
    first = (project / "done.ipynb").read_bytes()
    mlenv(project, "run", "week1/work.ipynb", "--output", "done.ipynb")
    assert (project / "done.ipynb").read_bytes() == first
    assert specs(mlenv_home) == kernels
    assert sorted(path.name for path in project.glob(".venv/lib/python3*/site-packages/*")) == installed
    assert not child_processes(str(project / ".venv"))


def test_in_place_only_outputs_change(project: Path) -> None:
    write(project / "work.ipynb", "1 + 1", "import warnings\nwarnings.warn('here')")
    told = mlenv(project, "run", "work.ipynb", "--inplace", "--json").json()
    assert (told["ok"], told["data"]["cells"], told["files"]) == (True, 2, ["work.ipynb"])
    notebook = nbformat.read(project / "work.ipynb", as_version=4)
    assert notebook.cells[0].outputs[0].data["text/plain"] == "2"
    assert notebook.metadata == {"kernelspec": KERNELSPEC, "own": {"kept": [1]}}
    assert "UserWarning: here" in notebook.cells[1].outputs[0].text
    assert "/tmp" not in notebook.cells[1].outputs[0].text
    first = (project / "work.ipynb").read_bytes()
    mlenv(project, "run", "work.ipynb", "--inplace")
    assert (project / "work.ipynb").read_bytes() == first
    for words in (["--inplace", "--output", "x.ipynb"], ["--inplace", "-p", "a", "1"], ["--output", "work.ipynb"]):
        refused = mlenv(project, "run", "work.ipynb", *words, "--json", code=2).json()
        assert refused["error"]["code"] == "usage"
    assert (project / "work.ipynb").read_bytes() == first


def test_parameters_go_into_a_copy_as_papermill_puts_them_there(project: Path) -> None:
    before = write(project / "work.ipynb", "rate = 1\nname = 'x'", "print(rate * 2, name)", tags={0: "parameters"})
    argv = [sys.executable, "-m", "mlenv", "run", "work.ipynb", "-p", "rate", "0.5", "-p", "name", "two words"]
    done = subprocess.run([*argv, "--output", "-"], cwd=project, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    copy = json.loads(done.stdout)
    assert ["".join(cell["source"]) for cell in copy["cells"]][1] == "# Parameters\nrate = 0.5\nname = 'two words'"
    assert copy["cells"][2]["outputs"][0]["text"] == ["1.0 two words\n"]
    assert (project / "work.ipynb").read_bytes() == before
    assert sorted(path.name for path in project.iterdir()) == [".venv", "requirements.txt", "work.ipynb"]


def test_an_error_in_a_cell_ends_the_run_with_its_name_and_the_end_of_its_traceback(project: Path) -> None:
    before = write(project / "work.ipynb", "x = 1", "def f():\n    return x / 0\nf()", "print('never')")
    failed = mlenv(project, "run", "work.ipynb", "--output", "failed.ipynb", "--json", code=1).json()
    assert failed["lines"][0] == "work.ipynb: cell 2 failed: ZeroDivisionError: division by zero"
    assert any("return x / 0" in line for line in failed["lines"])
    assert len(failed["lines"]) <= 8
    assert failed["data"]["failed"]["cell"] == 2
    copy = nbformat.read(project / "failed.ipynb", as_version=4)
    assert copy.cells[1].outputs[0].ename == "ZeroDivisionError"
    assert copy.cells[2].outputs == []
    assert (project / "work.ipynb").read_bytes() == before
    before = write(project / "dies.ipynb", "import os\nos._exit(3)")
    assert "cell 1 failed: kernel-died" in mlenv(project, "run", "dies.ipynb", "--inplace", code=1).stdout
    assert (project / "dies.ipynb").read_bytes() == before
    write(project / "slow.ipynb", "import time\ntime.sleep(60)")
    began = time.monotonic()
    assert "cell 1 failed: timeout" in mlenv(project, "run", "slow.ipynb", "--timeout", "1", code=1).stdout
    assert time.monotonic() - began < 30
    assert not child_processes(str(project / ".venv"))


def test_check_first_and_do_not_run_where_the_environment_has_drifted(project: Path) -> None:
    write(project / "work.ipynb", "open('ran', 'w').close()")
    (project / "requirements.txt").write_text("six==1.16.0\n")
    answer = mlenv(project, "run", "work.ipynb", "--check", "--json", code=1).json()
    assert answer["data"]["report"]["verdict"] == "sync"
    assert "was not run" in answer["lines"][0]
    assert not (project / "ran").exists()
    (project / "requirements.txt").write_text("six==1.17.0\n")
    asked_by = ["--kernel-prefix", sys.prefix]  # as a notebook of another environment asks
    events = mlenv(project, "run", "work.ipynb", "--check", "--events", *asked_by).stdout.splitlines()
    steps = [json.loads(line) for line in events]
    assert [(row["text"], row["done"], row["total"]) for row in steps if row.get("step") == "cell"] == [
        ("cell 1 of 1", 0, 1)
    ]
    assert steps[-1]["outcome"]["ok"]
    assert (project / "ran").exists()


def test_an_interrupted_run_leaves_no_kernel_and_nothing_written(project: Path) -> None:
    before = write(project / "work.ipynb", "import subprocess, time\nsubprocess.Popen(['sleep', '61'])\ntime.sleep(60)")
    argv = [sys.executable, "-m", "mlenv", "run", "work.ipynb", "--inplace", "--events"]
    running = subprocess.Popen(argv, cwd=project, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    for line in running.stdout:
        if '"cell"' in line:
            break
    time.sleep(1.0)
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait(timeout=20) == 130
    running.stdout.close()
    assert (project / "work.ipynb").read_bytes() == before
    assert not child_processes(str(project / ".venv"))
    assert not child_processes("sleep 61")


def test_without_a_project_or_an_environment_it_says_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "bare" / ".git").mkdir(parents=True)
    write(tmp_path / "bare" / "work.ipynb", "1")
    answer = mlenv(tmp_path / "bare", "run", "work.ipynb", "--json", code=2).json()["error"]
    assert (answer["code"], answer["hint"]) == ("no-project", "mlenv create --from-notebook work.ipynb")
    (tmp_path / "bare" / "requirements.txt").write_text("six==1.17.0\n")
    answer = mlenv(tmp_path / "bare", "run", "work.ipynb", "--json", code=2).json()["error"]
    assert (answer["code"], answer["hint"]) == ("no-environment", "mlenv create")
    for timeout in ("0", "soon", "-1", "nan", "inf"):
        words = ["run", "work.ipynb", f"--timeout={timeout}", "--json"]
        assert mlenv(tmp_path / "bare", *words, code=2).json()["error"]["code"] == "usage"
