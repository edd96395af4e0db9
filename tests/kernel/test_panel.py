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
from mlenv.kernel.panel import Panel

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
    assert panel.worker is not None
    panel.worker.join(timeout=20)
    assert not panel.worker.is_alive()


def test_the_button_offers_the_next_action(notebook: Notebook, tmp_path: Path) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, SLOW))
    assert (panel.action.description, panel.action.disabled) == ("How to switch", False)
    assert "switch" in panel.report.value


def test_work_runs_aside_shows_each_step_and_a_second_click_does_nothing(notebook: Notebook, tmp_path: Path) -> None:
    panel = panel_of(notebook, write_standin(tmp_path, SLOW))
    seen: list[Any] = []
    panel.progress.observe(lambda change: seen.append(change["new"]), "value")
    panel.action.click()
    worker = panel.worker
    panel.action.click()
    assert panel.worker is worker
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
