"""What ``%mlenv`` verbs tell the page: to switch, to look again, and to others nothing."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.page import Page
from kernel.standin import write_standin
from live_kernel import LiveKernel

pytestmark = [pytest.mark.real]

ARGV = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
JUPYTER = {"JPY_SESSION_NAME": "demo.ipynb"}
SWITCH = {"schema": 1, "kind": "switch", "kernel": "demo-1", "display_name": "Python (demo)"}
REFRESH = {"schema": 1, "kind": "refresh"}
ANSWERS = """
named = {"create", "use", "switch"}
outcome = {"verb": verb, "lines": [verb + " done"], "ok": "--fail" not in words, "dry_run": "--dry-run" in words}
if verb in named:
    outcome.update(kernel="demo-1", data={"display_name": "Python (demo)"})
if "--offline" in words:
    say(event="error", error={"code": "offline", "message": "no network"})
else:
    say(event="result", outcome=outcome)
"""


@pytest.fixture
def opened(
    mlenv_home: Path, tmp_path: Path, start_kernel: Callable[..., LiveKernel]
) -> Iterator[Callable[..., tuple[LiveKernel, Page]]]:
    """Open a notebook of a project in a kernel that is not the project's; its host answers without doing anything."""
    pages: list[Page] = []
    root = tmp_path / "demo"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "0"\n')
    host = write_standin(tmp_path, ANSWERS)

    def open_notebook(argv: list[str] = ARGV, **env: str) -> tuple[LiveKernel, Page]:
        live = start_kernel(argv, cwd=root, env=env)
        live.run("%load_ext mlenv\nfrom dataclasses import replace\nstate = get_ipython()._mlenv_session.state()")
        live.run(f"state.around = replace(state.around, host={host!r})")
        pages.append(Page(live))
        return live, pages[-1]

    yield open_notebook
    for page in pages:
        page.close()


def told(live: LiveKernel, page: Page, cell: str, seconds: float = 0.5) -> list[dict[str, Any]]:
    """Run a cell; returns what it told the page."""
    page.heard.clear()
    live.run(cell)
    page.listen(seconds)
    return page.told()


TABLE: dict[str, list[dict[str, Any]]] = {
    "%mlenv switch": [SWITCH],
    "%mlenv create six": [SWITCH],
    "%mlenv use .venv": [SWITCH],
    "%mlenv create --dry-run": [],
    "%mlenv add six": [REFRESH],
    "%mlenv add six --dry-run": [],
    "%mlenv add six --offline": [REFRESH],  # fails, and may have done a part
    "%mlenv kernels": [],
    "%mlenv kernels prune --yes": [REFRESH],
    "%mlenv kernels repair": [REFRESH],
    "%mlenv delete --yes": [REFRESH],
    "%mlenv list": [],
    "%mlenv doctor": [],
    "%mlenv switch --json": [SWITCH],
    "%mlenv switch\n%mlenv sync\n%mlenv create": [REFRESH, SWITCH],
}


def test_every_verb_tells_the_page_what_it_has_to_know_and_no_more(opened) -> None:
    live, page = opened(**JUPYTER)
    assert {cell: told(live, page, cell) for cell in TABLE} == TABLE


def test_a_switch_is_told_after_the_cells_last_output_and_the_comm_is_closed(opened) -> None:
    live, page = opened(**JUPYTER)
    told(live, page, "%mlenv switch\nprint('the last word')", seconds=3)
    kinds = [kind for kind in page.kinds() if kind.startswith("comm_") or kind == "stream"]
    assert kinds == ["stream", "comm_open", "comm_close"]
    closing, opening = (
        next(message for message in page.heard if message["msg_type"] == kind) for kind in ("comm_close", "comm_open")
    )
    assert closing["content"]["comm_id"] == opening["content"]["comm_id"]
    # By its parent a page knows whether the cell is one of its own.
    assert opening["parent_header"]["msg_type"] == "execute_request"
    assert opening["parent_header"]["session"] == live.client.session.session


def test_a_page_without_our_target_closes_the_comm_and_the_kernels_log_stays_clean(opened) -> None:
    live, page = opened(**JUPYTER)
    told(live, page, "%mlenv switch")
    comm = next(message for message in page.heard if message["msg_type"] == "comm_open")["content"]["comm_id"]
    page.send("comm_close", comm_id=comm, data={})
    page.listen(2)
    assert "comm_close" not in page.kinds()
    assert comm not in live.log


@pytest.mark.parametrize("env", [{}, {"VSCODE_PID": "1", **JUPYTER}])
def test_other_front_ends_are_told_nothing(opened, env: dict[str, str]) -> None:
    live, page = opened(**env)
    for cell in ("%mlenv create", "%mlenv switch", "%mlenv sync"):
        assert told(live, page, cell, seconds=0.3) == []
    assert not [kind for kind in page.kinds() if kind.startswith("comm")]


def test_where_no_page_can_be_told_use_kernel_says_what_to_choose(opened) -> None:
    live, page = opened(VSCODE_PID="1", **JUPYTER)
    done = live.run("import mlenv\nawait mlenv.use_kernel()\nprint('the rest')")
    assert (done.ename, done.stdout) == ("MlenvError", "")
    assert 'kernel picker (top right) > Jupyter Kernel > "Python (demo)"' in done.traceback
    assert "Traceback" not in done.traceback
    page.listen(0.3)
    assert page.told() == []


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="not run: no /proc here")
def test_a_notebook_that_papermill_runs_in_a_cell_is_no_page_of_its_own(opened, tmp_path: Path) -> None:
    """It inherits the name of the notebook in whose cell it runs."""
    live, page = opened(**JUPYTER)
    nested = (
        "import nbclient, nbformat\n"
        "cells = ['%load_ext mlenv', 'from mlenv.kernel.surroundings import front_end; front_end(get_ipython())']\n"
        "inner = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])\n"
        f"client = nbclient.NotebookClient(inner, kernel_name={live.manager.kernel_name!r})\n"
        "import threading\nthread = threading.Thread(target=client.execute)\nthread.start(); thread.join()\n"
        "print(inner.cells[-1].outputs[0]['data']['text/plain'])"
    )
    assert live.run(nested).stdout == "'none'\n"
    assert told(live, page, "%mlenv sync") == [REFRESH]


def test_a_notebook_that_runs_in_the_projects_environment_is_not_switched(opened, make_venv, tmp_path: Path) -> None:
    prefix = make_venv(tmp_path / "demo" / ".venv", "3.11", "ipykernel")
    package = str(Path(sys.modules["mlenv"].__file__ or "").parents[1])
    live, page = opened([str(prefix / "bin" / "python"), *ARGV[1:]], PYTHONPATH=package, **JUPYTER)
    assert told(live, page, "%mlenv create six") == [REFRESH]
    assert told(live, page, "%mlenv use .venv") == [REFRESH]
    assert told(live, page, "%mlenv switch") == []
    assert "runs in the project's environment already" in live.run("%mlenv switch").text


def test_what_is_said_is_true_with_and_without_the_extension(opened) -> None:
    live, _ = opened(**JUPYTER)
    switched, made = (live.run(f"%mlenv {verb}").text for verb in ("switch", "create"))
    for text in (switched, made):
        assert 'if this notebook does not switch by itself: Kernel menu > Change Kernel > "Python (demo)"' in text
        assert len(text.splitlines()) <= 5
    assert "this notebook is being switched to Python (demo)" in switched
    assert "create done" in made


def test_nbclient_sees_no_comm_and_logs_and_stores_nothing(
    opened, mlenv_home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import nbformat
    from nbclient import NotebookClient

    live, _ = opened()  # writes the kernelspec
    host = str(tmp_path / "standin")
    cells = [
        "%load_ext mlenv\nfrom dataclasses import replace\nstate = get_ipython()._mlenv_session.state()",
        f"state.around = replace(state.around, host={host!r})",
        "%mlenv create six",
        "%mlenv switch",
        "%mlenv sync",
        "import no_such_module_of_mlenv",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(tmp_path / "demo")}}
    client = NotebookClient(notebook, kernel_name=live.manager.kernel_name, allow_errors=True, resources=resources)
    with caplog.at_level("DEBUG"):
        client.execute()
    assert not [word for word in ("comm_open", "comm_msg", "comm target", "WARNING") if word in caplog.text]
    assert "widgets" not in notebook.metadata
    advice = notebook.cells[-1].outputs[-1]["data"]["application/vnd.mlenv.advice.v1+json"]
    assert (advice["action"], advice["package"]) == ("create", "no-such-module-of-mlenv")
    assert str(tmp_path) not in json.dumps([cell.outputs for cell in notebook.cells[2:]])


# --- what is queued behind a switch ---

NOTED = "with open('ran.txt', 'a') as stream: stream.write('{}')"


def noted(live: LiveKernel) -> str:
    """Which cells have run any of their code."""
    time.sleep(0.6)  # as a person: what starts sooner was queued
    return live.run("import os\nprint(open('ran.txt').read() if os.path.exists('ran.txt') else '')").stdout.strip()


def queued(live: LiveKernel, *cells: str) -> list[str]:
    """Send cells as Run All does, the first of which switches; returns their ids when the second has begun."""
    ids = [live.client.execute(cell, stop_on_error=False) for cell in ("%mlenv switch", *cells)]
    while True:
        message = live.client.get_iopub_msg(timeout=30)
        if message["msg_type"] == "execute_input" and message["parent_header"]["msg_id"] == ids[1]:
            return ids


def test_of_what_is_queued_behind_a_switch_nothing_runs_once_the_page_has_interrupted(opened) -> None:
    live, _ = opened(**JUPYTER)
    ids = queued(live, NOTED.format("a"), NOTED.format("b"), "%%bash\nprintf c >> ran.txt")
    time.sleep(0.2)
    live.interrupt()
    replies = {reply["parent_header"]["msg_id"]: reply["content"] for reply in _shell(live, ids)}
    assert [replies[one].get("ename") for one in ids] == [None, *["MlenvNotRun"] * 3]
    assert "is being switched to Python (demo)" in replies[ids[1]]["evalue"]
    assert noted(live) == ""
    # The next cell of a person runs as ever.
    assert live.run(NOTED.format("d")).status == "ok"
    assert noted(live) == "d"


def test_where_no_extension_is_there_the_queue_goes_on_after_two_seconds(opened) -> None:
    live, _ = opened(**JUPYTER)
    start = time.monotonic()
    ids = queued(live, NOTED.format("a"), NOTED.format("b"))
    assert {reply["content"]["status"] for reply in _shell(live, ids)} == {"ok"}
    assert 2 <= time.monotonic() - start < 4
    assert noted(live) == "ab"


def _shell(live: LiveKernel, ids: list[str]) -> list[dict[str, Any]]:
    replies: list[dict[str, Any]] = []
    while len(replies) < len(ids):
        reply = live.client.get_shell_msg(timeout=30)
        if reply["parent_header"]["msg_id"] in ids:
            replies.append(reply)
    return replies
