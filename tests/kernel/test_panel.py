"""The panel: its button works aside while cells run, and without widgets there is a report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faces.notebook import Notebook, open_notebook
from kernel.locked import lock
from kernel.standin import write_standin
from mlenv.kernel import widget_fit
from mlenv.kernel.panel import Panel
from mlenv.model import Action

ECHO = """
pythons = [
    {"version": "3.12.1", "implementation": "cpython", "source": "pyenv", "path": "/opt/python3.12", "allowed": True},
    {"version": "3.8.18", "implementation": "cpython", "source": "pyenv", "path": "/opt/python3.8", "allowed": False},
]
kernels = [{"id": "iris-1", "display_name": "Python (<iris>)", "state": "environment missing", "folder": "/opt/iris"}]
data = {"pythons": pythons} if verb == "pythons" else {"kernels": kernels} if verb == "kernels" else None
known = words[words.index("--loaded") + 2 :]
say(event="result", outcome={"verb": verb, "lines": ["did " + " ".join([verb, *known])], "ok": True, "data": data})
"""
SLOW = """
for number in range(1, 4):
    say(event="step", step="install", text=f"package <{number}>", done=number, total=3)
    time.sleep(0.4)
say(event="result", outcome={"verb": verb, "lines": ["all done"], "ok": True})
"""


@pytest.fixture
def notebook(
    tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Notebook]:
    root = tmp_path / "demo"
    make_venv(root / ".venv", None)
    lock(root, {"six": "1.17.0"}, str(sys.implementation.cache_tag))
    monkeypatch.chdir(root)
    with open_notebook() as notebook:
        notebook.run("%load_ext mlenv")
        yield notebook


def panel_of(notebook: Notebook, host: str) -> Panel:
    import ipywidgets

    session = vars(notebook.shell)["_mlenv_session"]
    state = session.state()
    state.around = replace(state.around, host=host)
    panel = Panel(ipywidgets, notebook.shell, state, session.watcher(), session.front)
    panel.show_report(state.report(wait=True))
    return panel


def finish(panel: Panel) -> None:
    assert panel.work.thread is not None
    panel.work.thread.join(timeout=20)
    assert not panel.work.thread.is_alive()


def test_the_button_offers_the_next_action(notebook: Notebook, tmp_path: Path) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, SLOW))
    assert (panel.action.description, panel.action.disabled) == ("Switch the kernel", False)
    assert "switch" in panel.report.value


def test_work_runs_aside_shows_each_step_and_a_second_click_does_nothing(notebook: Notebook, tmp_path: Path) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, SLOW))
    seen: list[Any] = []
    panel.progress.observe(lambda change: seen.append(change["new"]), "value")
    panel.action.click()
    worker = panel.work.thread
    panel.action.click()
    assert panel.work.thread is worker
    assert panel.action.disabled
    started = time.monotonic()
    assert notebook.run("1 + 1").value == 2
    assert time.monotonic() - started < 1
    assert worker is not None
    assert worker.is_alive()
    finish(panel)
    assert seen[-3:] == [1, 2, 3]
    assert "package &lt;3&gt;" in panel.log.value
    assert "all done" in panel.log.value
    assert not panel.action.disabled


def test_stop_ends_the_work_within_two_seconds(notebook: Notebook, tmp_path: Path) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, 'say(event="step", step="note", text="x")\ntime.sleep(600)'))
    panel.action.click()
    time.sleep(0.5)
    started = time.monotonic()
    panel.cancel.click()
    finish(panel)
    assert time.monotonic() - started < 3
    assert "stopped" in panel.log.value


def test_an_error_is_told_in_the_log_and_the_panel_stays_usable(notebook: Notebook, tmp_path: Path) -> None:
    host = write_standin(
        tmp_path, 'say(event="error", error={"code": "x", "message": "no <luck>", "hint": ""}); sys.exit(2)'
    )
    panel = panel_of(notebook, host)
    panel.action.click()
    finish(panel)
    assert "error: no &lt;luck&gt;" in panel.log.value
    assert not panel.action.disabled


def test_the_magic_displays_the_panel(notebook: Notebook) -> None:
    done = notebook.run("%mlenv panel")
    assert done.error is None
    assert any("application/vnd.jupyter.widget-view+json" in bundle for bundle in done.shown)


def test_without_ipywidgets_there_is_the_report_and_one_line_of_explanation(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)  # the import system's own way to say "not here"
    done = notebook.run("%mlenv panel")
    assert done.error is None
    assert done.value.verdict == "switch"
    assert len([line for line in done.printed.splitlines() if "ipywidgets" in line]) == 1


def done(panel: Panel) -> list[str]:
    """Wait for the work; returns the log's lines that say what was done."""
    finish(panel)
    return [line for line in panel.log.value.replace("<", "\n").splitlines() if "did " in line]


def test_packages_are_listed_searched_narrowed_added_and_removed(notebook: Notebook, tmp_path: Path) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, ECHO))
    packages = panel.packages
    assert "six" in packages.table.value
    packages.search.value = "nothing-like-it"
    assert "No package has" in packages.table.value
    packages.search.value = "SI"
    packages.shown.value = "what differs"
    assert "differs" in packages.table.value
    packages.search.value = ""
    packages.shown.value = "in memory"
    assert packages.table.value.endswith("None.</div>")
    packages.name.value = "humanize, numpy<2"
    packages.add.click()
    assert "add humanize numpy&lt;2" in done(panel)[-1]
    packages.remove.click()
    assert "remove humanize" in done(panel)[-1]
    packages.name.value = "--force"
    packages.add.click()
    assert "force" not in done(panel)[-1]


def test_engine_and_python_are_chosen_by_name_and_no_path_is_in_what_is_saved(
    notebook: Notebook, tmp_path: Path
) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, ECHO))
    panel.sections.selected_index = 1
    finish(panel)
    environment = panel.environment
    assert list(environment.python.options) == ["as the project says", "3.12.1 (pyenv)"]
    environment.python.value = "3.12.1 (pyenv)"
    environment.engine.value = "venv"
    environment.create.click()
    assert "create --engine venv --python /opt/python3.12" in done(panel)[-1]
    assert "/opt/" not in str(environment.python.get_state())
    environment.verbs["undo"].click()
    assert done(panel)[-1].endswith("did undo")


def test_in_a_hosted_image_the_button_sets_it_up(notebook: Notebook, tmp_path: Path) -> None:
    """There the report's action is still called sync, and what it names to type is setup."""
    panel = panel_of(notebook, write_standin(tmp_path, ECHO))
    report = vars(notebook.shell)["_mlenv_session"].state().report(wait=True)
    panel.show_report(replace(report, next=Action(action="sync", command="mlenv setup", text="")))
    assert panel.action.description == "Set up"
    panel.action.click()
    assert done(panel)[-1].endswith("did setup")


def test_kernels_are_listed_when_they_are_looked_at_and_pruned_with_the_second_click(
    notebook: Notebook, tmp_path: Path
) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, ECHO))
    assert panel.kernels.table.value == ""
    panel.sections.selected_index = 2
    finish(panel)
    assert "Python (&lt;iris&gt;)" in panel.kernels.table.value
    assert "environment missing" in panel.kernels.table.value
    assert "/opt/" not in panel.kernels.table.value
    panel.kernels.prune.click()
    assert done(panel)[-1].endswith("kernels prune --dry-run")
    assert panel.kernels.prune.description == "Prune now"
    panel.kernels.prune.click()
    assert done(panel)[-1].endswith("kernels prune")


@pytest.mark.parametrize(
    ("kernel", "manager", "mends"),
    [
        ("8.1.5", "5.0.15", ""),
        ("7.7.1", "3.1.11", ""),
        ("8.1.5", "3.1.11", "jupyterlab_widgets>=3,<4"),
        ("7.7.1", "5.0.15", "jupyterlab_widgets>=1,<2"),
        ("8.1.5", "", "jupyterlab_widgets>=3,<4"),
        ("8.1.5", None, ""),
        ("9.0", "", ""),
    ],
)
def test_the_page_must_have_the_widget_manager_that_goes_with_the_kernels_widgets(
    kernel: str, manager: str | None, mends: str
) -> None:
    said = widget_fit.misfit(kernel, manager)
    assert (mends in said) if mends else (said == "")


def test_a_server_without_widget_manager_is_told_and_the_report_shown(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "server" / "share" / "jupyter" / "lab" / "static").mkdir(parents=True)
    monkeypatch.setenv("JPY_SESSION_NAME", "demo.ipynb")
    monkeypatch.setattr("mlenv.kernel.panel.front_end", lambda shell: "jupyter")
    monkeypatch.setattr(widget_fit, "server_prefixes", lambda: [str(tmp_path / "server")])
    told = notebook.run("%mlenv panel")
    assert told.value.verdict == "switch"
    assert "has no widget manager" in told.printed
    assert len([line for line in told.printed.splitlines() if line.startswith("mlenv:")]) == 1
    manager = tmp_path / "server" / "share/jupyter/labextensions/@jupyter-widgets/jupyterlab-manager"
    manager.mkdir(parents=True)
    (manager / "package.json").write_text('{"version": "5.0.15"}')
    assert notebook.run("%mlenv panel").value is None
