"""Interrupts, waits and two at once: control comes back, nothing is left behind, the state told is the true one."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import child_processes, create

pytestmark = pytest.mark.real

CHECK = "r = %mlenv check\nprint(r.verdict)"
DELAY_S = 30


@pytest.fixture
def slow_index() -> Iterator[str]:
    """A package index on this machine that answers after 30 s."""
    asked, closing = threading.Event(), threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            closing.wait(DELAY_S)
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    closing.set()
    server.shutdown()
    server.server_close()
    assert asked.is_set(), "nobody asked the slow index"


def test_an_interrupted_installation_gives_control_back_and_leaves_nothing(
    tmp_path: Path, start_kernel: Callable[..., Any], slow_index: str
) -> None:
    """S19: within 2 s control returns, no child is alive, the kernel answers, check is honest, the next install works."""
    project = create(tmp_path / "demo", "six")
    before, packages = project.files, project.packages
    kernel = start_kernel(project.kernel, cwd=project.root)
    kernel.run(
        f"import os; os.environ.update(UV_DEFAULT_INDEX={slow_index!r}, UV_INDEX_URL={slow_index!r}, PIP_INDEX_URL={slow_index!r})"
    )
    with ThreadPoolExecutor(1) as pool:
        cell = pool.submit(kernel.run, "%mlenv add iniconfig")
        time.sleep(3)
        assert not cell.done()
        assert any("uv" in text for text in child_processes(str(project.root)))
        started = time.monotonic()
        kernel.interrupt()
        done = cell.result(timeout=20)
    took = time.monotonic() - started
    assert took < 2, f"{took:.1f} s\n{done.text}"
    assert done.ename == "KeyboardInterrupt"
    assert len(done.traceback.strip().splitlines()) <= 5
    left = [text for text in child_processes(str(project.root)) if "launcher.py" not in text]
    assert left == []
    assert kernel.run("1 + 1").text == "2"
    assert kernel.run(CHECK).stdout == "in-step\n"
    assert (project.files, project.packages) == (before, packages)
    kernel.run("for name in ('UV_DEFAULT_INDEX', 'UV_INDEX_URL', 'PIP_INDEX_URL'): del os.environ[name]")
    again = kernel.run("%mlenv add iniconfig")
    assert again.status == "ok", again.text
    assert kernel.run("import iniconfig").status == "ok"
    assert list((project.root / ".mlenv").glob("**/*.tmp*")) == []


def test_a_running_cell_is_interrupted_and_a_restart_starts_afresh(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """A project kernel obeys interrupt and restart as any kernel does."""
    project = create(tmp_path / "demo", "six")
    kernel = start_kernel(project.kernel, cwd=project.root)
    for code in ("import time; kept = 1; time.sleep(60)", "!sleep 60"):
        with ThreadPoolExecutor(1) as pool:
            cell = pool.submit(kernel.run, code)
            time.sleep(1.5)
            started = time.monotonic()
            kernel.interrupt()
            done = cell.result(timeout=20)
        assert time.monotonic() - started < 3
        assert done.ename in {"KeyboardInterrupt", ""}, done.text
    assert kernel.run("print(kept)").stdout == "1\n"
    kernel.restart()
    assert kernel.run("print(kept)").ename == "NameError"
    assert kernel.run(CHECK).stdout == "in-step\n"


def test_two_kernels_that_sync_at_once_both_end_well_and_one_says_it_waits(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """S50: one works, the other waits and says so; both notebooks are in step afterwards."""
    project = create(tmp_path / "demo", "six", "idna==3.7", "attrs", "humanize")
    kernels = [start_kernel(project.kernel, cwd=project.root) for _ in range(2)]
    for name in ("six.py", "idna/core.py"):
        os.unlink(project.site / name)
    for kernel in kernels:
        kernel.run("1")
    updates: list[list[str]] = [[], []]

    def sync(number: int) -> Any:
        done = kernels[number].run("%mlenv sync")
        updates[number] = [output["data"]["text/plain"] for output in done.outputs]
        return done

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(sync, 0)
        time.sleep(0.1)
        second = pool.submit(sync, 1)
        both = [first.result(), second.result()]
    assert [done.status for done in both] == ["ok", "ok"], [done.text for done in both]
    assert any("wait" in text for rows in updates for text in rows), updates
    for kernel in kernels:
        assert kernel.run(CHECK).stdout == "in-step\n"
    assert project.mlenv("check", "--deep").code == 0
    assert all((folder / "RECORD").stat().st_size for folder in project.site.glob("*.dist-info"))


@pytest.mark.parametrize("who", ["the whole group", "the parent alone"])
def test_one_that_is_killed_in_its_installation_holds_up_nobody(
    who: str, tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """S50, the third process: its death leaves no lasting lock; two kernels that sync at once end well, all is whole."""
    project = create(tmp_path / "demo", "six", "idna==3.7", "humanize", "networkx")
    kernels = [start_kernel(project.kernel, cwd=project.root) for _ in range(2)]
    for name in ("six.py", "networkx/convert.py"):
        os.unlink(project.site / name)
    for kernel in kernels:
        kernel.run("1")
    third = subprocess.Popen(
        [sys.executable, "-m", "mlenv", "sync"],
        cwd=project.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    envs = project.root / ".mlenv" / "envs"
    there = len(list(envs.iterdir()))
    while len(list(envs.iterdir())) == there and third.poll() is None:
        time.sleep(0.002)
    assert third.poll() is None, "it was not killed in its installation"
    if who == "the whole group":
        os.killpg(third.pid, signal.SIGKILL)
    else:
        os.kill(third.pid, signal.SIGKILL)
    third.wait()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kernels[0].run, "%mlenv sync")
        time.sleep(0.1)
        both = [first.result(), pool.submit(kernels[1].run, "%mlenv sync").result()]
    assert [done.status for done in both] == ["ok", "ok"], [done.text for done in both]
    for kernel in kernels:
        assert kernel.run(CHECK).stdout == "in-step\n"
    assert project.mlenv("check", "--deep").code == 0
    assert all((folder / "RECORD").stat().st_size for folder in project.site.glob("*.dist-info"))
    assert {"six", "idna", "humanize", "networkx"} == set(project.packages)
    started = time.monotonic()
    assert "wait" not in project.mlenv("sync").text
    assert time.monotonic() - started < 20
