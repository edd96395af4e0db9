"""The verbs in real kernels of real projects, made by mlenv's own command line."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.network]

Start = Callable[..., object]


def mlenv(root: Path, *words: str) -> str:
    argv = [sys.executable, "-m", "mlenv", *words]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def created(mlenv_home: Path, tmp_path: Path) -> Callable[..., tuple[Path, str]]:
    """Make a project with ``mlenv create``; returns its folder and its kernel's id."""

    def create(*packages: str, name: str = "demo") -> tuple[Path, str]:
        root = tmp_path / name
        root.mkdir()
        mlenv(root, "create", *packages)
        specs = {
            path.parent.name: json.loads(path.read_text())
            for path in (mlenv_home / "jupyter" / "kernels").glob("*/kernel.json")
        }
        ids = [
            kernel for kernel, spec in specs.items() if spec["metadata"].get("mlenv", {}).get("project") == str(root)
        ]
        assert len(ids) == 1
        return root, ids[0]

    return create


def test_add_remove_and_undo_say_exactly_what_must_be_loaded_anew(created, start_kernel) -> None:
    root, kernel = created("idna==3.7", "six")
    live = start_kernel(kernel, cwd=root)
    live.run("import idna")
    added = live.run("%mlenv add iniconfig")
    assert added.status == "ok", added.text
    assert "no restart needed" in added.text
    assert live.run("import iniconfig; print('here')").stdout == "here\n"
    changed = live.run('%mlenv add "idna<3.7"')
    assert "restart needed: idna 3.7 in memory, 3.6 on disk" in changed.text
    assert live.run("1 + 1").text == "2"
    assert live.run("r = %mlenv check\nprint(r.verdict)").stdout == "restart\n"
    live.restart()
    assert live.run("import idna\nr = %mlenv check\nprint(r.verdict, idna.__version__)").stdout == "in-step 3.6\n"
    assert "undone" in live.run("%mlenv undo").text
    assert "idna==3.7" in (root / "pyproject.toml").read_text()


def test_progress_has_one_place_which_the_result_replaces(created, start_kernel) -> None:
    root, kernel = created("six")
    done = start_kernel(kernel, cwd=root).run("%mlenv add iniconfig")
    places = {output["transient"]["display_id"] for output in done.outputs}
    assert len(places) == 1
    assert "added iniconfig" in done.outputs[-1]["data"]["text/plain"]
    assert not done.stdout


def test_a_package_that_does_not_exist_raises_and_leaves_the_environment_alone(created, start_kernel) -> None:
    root, kernel = created("six")
    live = start_kernel(kernel, cwd=root)
    before = sorted(os.listdir(next(root.glob(".venv/lib/python3*/site-packages"))))
    done = live.run("%mlenv add nosuchpackage-9f8e7d")
    assert (done.status, done.ename) == ("error", "MlenvError")
    assert "nosuchpackage-9f8e7d" in done.traceback
    assert len(done.traceback.splitlines()) <= 5
    assert sorted(os.listdir(next(root.glob(".venv/lib/python3*/site-packages")))) == before
    assert live.run("r = %mlenv check\nprint(r.verdict)").stdout == "in-step\n"


def test_a_run_without_a_front_end_stops_at_the_failing_cell_and_keeps_what_was_shown(created) -> None:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    root, kernel = created("six")
    cells = ["import six", "%mlenv check --strict", "%mlenv add nosuchpackage-9f8e7d", "print('never')"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, kernel_name=kernel, resources={"metadata": {"path": str(root)}}, timeout=120)
    with pytest.raises(CellExecutionError, match="nosuchpackage-9f8e7d"):
        client.execute()
    assert "in-step" in str(notebook.cells[1].outputs)
    assert str(root) not in json.dumps(notebook)
    assert notebook.cells[3].outputs == []


def test_check_in_the_notebook_and_on_the_command_line_say_the_same(created, start_kernel) -> None:
    root, kernel = created("six")
    live = start_kernel(kernel, cwd=root)
    here = json.loads(live.run("%mlenv check --json").stdout)
    there = json.loads(mlenv(root, "check", "--json"))
    assert (here.pop("loaded_measured"), there.pop("loaded_measured")) == (True, False)
    assert (here.pop("kernel") is None, there.pop("kernel") is None) == (False, True)
    assert here == there


class _Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        time.sleep(30)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def slow_index() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()


def _started_by(marker: str) -> list[int]:
    """Return the processes whose environment carries a marker."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (path / "environ").read_bytes() and " Z " not in (path / "stat").read_text():
                found.append(int(path.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="not run: no /proc here")
def test_an_interrupt_gives_the_notebook_back_within_two_seconds_and_nothing_goes_on(
    created, start_kernel, slow_index: str
) -> None:
    root, kernel = created("six")
    marker = f"MLENV_TEST_MARKER={os.urandom(8).hex()}"
    env: Mapping[str, str] = {
        "UV_INDEX_URL": slow_index, "UV_DEFAULT_INDEX": slow_index, "PIP_INDEX_URL": slow_index,
        "UV_CACHE_DIR": str(root / "cache"), marker.partition("=")[0]: marker.partition("=")[2],
    }  # fmt: skip
    live = start_kernel(kernel, cwd=root, env=env)
    live.run("1")
    mine = set(_started_by(marker))
    request = live.execute("%mlenv add humanize")
    time.sleep(3)
    assert set(_started_by(marker)) - mine, "the verb should be at work"
    started = time.monotonic()
    live.interrupt()
    reply = live._reply(request, started + 20)
    assert time.monotonic() - started < 2
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    assert set(_started_by(marker)) <= mine
    assert live.run("1 + 1").text == "2"
    assert live.run("r = %mlenv check\nprint(r.verdict)").stdout == "in-step\n"
    assert live.run("import subprocess").status == "ok"


def test_restart_ends_the_kernel_where_a_front_end_starts_it_again(created, start_kernel) -> None:
    from jupyter_client.restarter import KernelRestarter

    root, kernel = created("six")
    live = start_kernel(kernel, cwd=root, env={"JPY_SESSION_NAME": str(root / "x.ipynb")})
    restarter = KernelRestarter(kernel_manager=live.manager)
    assert "restarts now" in live.run("x = 1\n%mlenv restart").stdout
    deadline = time.monotonic() + 20
    while live.manager.is_alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    restarter.poll()  # what a Jupyter server does every three seconds
    live.wait()
    assert live.run("x").ename == "NameError"


def test_a_binary_change_of_a_loaded_package_is_warned_of_before_anything_is_written(created, start_kernel) -> None:
    root, kernel = created("numpy<2.3")
    live = start_kernel(kernel, cwd=root)
    live.run("import numpy; before = numpy.__version__")
    manifest = (root / "pyproject.toml").read_text()
    done = live.run('%mlenv add "numpy>=2.3"')
    assert done.status == "error"
    assert "numpy" in done.traceback
    assert "--force" in done.traceback
    assert (root / "pyproject.toml").read_text() == manifest
    forced = live.run('%mlenv add "numpy>=2.3" --force')
    assert forced.status == "ok", forced.text
    assert "restart needed: numpy" in forced.text
