"""Jobs on a real server: they do what the command line does, one per project, and end when they are told to."""

from __future__ import annotations

import asyncio
import http.server
import json
import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_events import EventLogger
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from faces.server.live_server import LiveServer, children_of
from mlenv.faces.server.events import SCHEMA_ID, Teller, public_text, register
from mlenv.faces.server.jobs import Job, Jobs, Plan
from mlenv.kernel.ending import descendants
from mlenv.model import Event
from scenarios.real_project import mlenv
from scenarios.traces import snapshot

Live = Callable[..., LiveServer]
END_S = 2.0


@pytest.fixture
def root(tmp_path: Path, mlenv_home: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / ".git").mkdir()
    return folder


class SlowIndex:
    """A package index on this machine that never answers; it says when it was asked."""

    def __init__(self) -> None:
        self.asked, closing = threading.Event(), threading.Event()
        asked = self.asked

        class Slow(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.set()
                closing.wait(60)
                self.close_connection = True

            def log_message(self, *_: object) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self._closing = closing

    @property
    def variables(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.server.server_port}/simple"
        return {"UV_DEFAULT_INDEX": address, "UV_INDEX_URL": address, "PIP_INDEX_URL": address}

    def close(self) -> None:
        self._closing.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def slow() -> Iterator[SlowIndex]:
    index = SlowIndex()
    yield index
    index.close()


def working(folder: Path) -> dict[str, str]:
    """What a project works with: environment, manifest, lock; mlenv's own notes are not part of it."""
    return {name: text for name, text in snapshot(folder).items() if not name.startswith(".mlenv")}


# --- the whole story ---


@pytest.mark.real
def test_create_by_a_job_is_told_by_events_and_its_kernel_is_listed_at_once(live: Live, root: Path, valid: Any) -> None:
    """S58: the server's own list shows the new kernel within 5 s, without a reload; events come as the work goes on."""
    (root / "a demo").mkdir()
    (root / "a demo" / "n.ipynb").write_text("{}")
    server = live(root=root, base="/user/anna/")
    events = Listener(server)
    answer = server.call(
        "POST", "jobs", {"verb": "create", "path": "a demo/n.ipynb", "arguments": ["six"], "options": {}}
    )
    job = valid("Job", answer.json)
    assert (answer.status, answer.headers["Location"]) == (202, f"/user/anna/mlenv/jobs/{job['id']}")
    assert (job["folder"], job["project"], job["state"], job["ended"]) == ("a demo", "a demo", "running", None)
    done = valid("Job", server.wait(job["id"]))
    ended = time.monotonic()
    assert (done["state"], done["error"], done["outcome"]["ok"]) == ("done", None, True), done
    assert [row["package"] for row in done["outcome"]["changes"]] == ["six"]
    kernel = done["outcome"]["kernel"]
    while kernel not in server.call("GET", "kernelspecs", api="api").json["kernelspecs"]:
        assert time.monotonic() < ended + 5
        time.sleep(0.1)
    assert server.get("project?path=a demo".replace(" ", "%20"))["kernel"] == kernel
    assert valid("Jobs", server.get("jobs"))["jobs"][0] == done
    answer = server.call("DELETE", f"jobs/{job['id']}")  # it has ended: nothing to cancel
    assert (answer.status, answer.json) == (200, done)
    # A magic's create is another process's: its kernel is listed, too.
    (root / "other").mkdir()
    other = re.search(r"\(([\w-]+)\) runs", mlenv(root / "other", "create", "six").stdout)
    assert other is not None
    assert other[1] in server.call("GET", "kernelspecs", api="api").json["kernelspecs"]
    told = events.close()
    assert {row["job"] for row in told} == {job["id"]}
    assert (told[0]["state"], told[-1]["state"]) == ("running", "done")
    assert [row["state"] for row in told[:-1]] == ["running"] * (len(told) - 1)
    assert any(row["step"] for row in told)
    for row in told:
        assert (row["schema_id"], row["folder"], row["project"]) == (SCHEMA_ID, "a demo", "a demo")
        assert str(root.parent) not in json.dumps(row)
        assert len(row["text"]) <= 140


class Listener:
    """A page that listens to Jupyter's own event stream."""

    def __init__(self, server: LiveServer) -> None:
        self._found: list[dict[str, Any]] = []
        self._stop = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen(server, ready)), daemon=True)
        self._thread.start()
        assert ready.wait(20)

    async def _listen(self, server: LiveServer, ready: threading.Event) -> None:
        address = f"ws://127.0.0.1:{server.port}{server.base}api/events/subscribe"
        socket = await websocket_connect(HTTPRequest(address, headers={"Authorization": f"token {server.token}"}))
        await asyncio.sleep(0.3)
        closing = asyncio.get_running_loop().run_in_executor(None, self._stop.wait)
        closing.add_done_callback(lambda _: socket.close())
        ready.set()
        while (message := await socket.read_message()) is not None:
            row = json.loads(message)
            if row["schema_id"] == SCHEMA_ID:
                self._found.append(row)

    def close(self) -> list[dict[str, Any]]:
        time.sleep(0.5)
        self._stop.set()
        self._thread.join(10)
        return self._found


@pytest.mark.real
def test_a_job_that_fails_says_why(live: Live, root: Path, make_project: Any, valid: Any) -> None:
    make_project(root / "demo", {"steady": "1.0"})
    server = live(root=root)
    job = valid("Job", server.run_job("remove", "demo", "never-there", options={"--offline": True}))
    assert (job["state"], job["outcome"]) == ("failed", None)
    assert job["error"]["message"]
    assert job["log"][-1] == job["error"]["message"]
    assert server.call("POST", "jobs", {"verb": "sync", "path": ""}).code == "no-project"
    gone = server.run_job("kernels", "", "repair", "nothing")
    assert (gone["state"], gone["error"]["code"], gone["folder"]) == ("failed", "kernel-missing", None)
    assert server.run_job("kernels", "", "prune", options={"--dry-run": True})["state"] == "done"


# --- limits ---


@pytest.mark.real
def test_one_job_per_project_and_four_at_once(live: Live, root: Path, make_project: Any, slow: SlowIndex) -> None:
    """A project is one by its real path: through a link, or a folder in it, it is the same."""
    for number in range(5):
        folder = root / f"p{number}"
        folder.mkdir()
        (folder / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "0"\ndependencies = ["six"]\n')
    (root / "p0" / "deep").mkdir()
    (root / "link").symlink_to(root / "p0")
    server = live(root=root, env=slow.variables)
    ids = [server.post("jobs", {"verb": "lock", "path": f"p{number}"})["id"] for number in range(4)]
    for path in ("p0", "p0/deep", "link"):
        answer = server.call("POST", "jobs", {"verb": "sync", "path": path})
        assert (answer.status, answer.code, answer.json["error"]["where"]) == (409, "project-busy", ids[0])
    answer = server.call("POST", "jobs", {"verb": "lock", "path": "p4"})
    assert (answer.status, answer.code) == (429, "too-many-jobs")
    assert server.call("DELETE", f"jobs/{ids[1]}").status == 202
    assert server.wait(ids[1], 10)["state"] == "cancelled"
    assert server.call("POST", "jobs", {"verb": "lock", "path": "p4"}).status == 202


def _plan(number: int = 0, **changes: Any) -> Plan:
    content = {
        "verb": "sync", "arguments": (), "words": (), "cwd": "/", "key": str(number), "folder": "demo", "project": "demo",
        "root": "/home/anna/work/demo",
    }  # fmt: skip
    return Plan(**{**content, **changes})


def test_a_log_keeps_the_last_lines_and_no_line_is_long(valid: Any) -> None:
    job = Job(_plan())
    for number in range(1000):
        job.step(Event(step="download", text=f"{number} " + "x" * 5000))
    log = valid("Job", job.json())["log"]
    assert (len(log), max(map(len, log)), log[-1][:4]) == (200, 500, "999 ")


async def test_the_last_twenty_jobs_are_kept_and_none_that_runs_is_forgotten(tmp_path: Path, mlenv_home: Path) -> None:
    jobs = Jobs(Teller(EventLogger(), logging.getLogger()))
    started = [await _ended(jobs, _plan(number, verb="undo", cwd=str(tmp_path))) for number in range(20)]
    started[3].state = "running"
    started += [await _ended(jobs, _plan(number, verb="undo", cwd=str(tmp_path))) for number in range(20, 30)]
    assert jobs.kept() == (*reversed(started[11:]), started[3])


async def _ended(jobs: Jobs, plan: Plan) -> Job:
    """A job that was cancelled as soon as it began."""
    job = jobs.start(plan)
    jobs.cancel(job)
    assert job.thread is not None
    await asyncio.get_running_loop().run_in_executor(None, job.thread.join)
    await asyncio.sleep(0)
    assert job.state == "cancelled"
    return job


# --- events ---


async def test_events_come_at_most_four_times_a_second_and_the_end_is_the_last() -> None:
    logger, seen = EventLogger(), []
    register(logger)

    async def hear(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        seen.append((time.monotonic(), data))

    logger.add_listener(schema_id=SCHEMA_ID, listener=hear)
    teller, job, began = Teller(logger, logging.getLogger()), Job(_plan()), time.monotonic()
    for number in range(100):
        job.step(Event(step="download", text=f"package {number}", done=number, total=100))
        teller.step(job.event())
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.3)
    steps, passed = len(seen), time.monotonic() - began
    assert 2 <= steps <= passed * 4 + 1
    assert seen[-1][1]["done"] == 99  # the newest of a pause is not lost
    job.step(Event(step="download", text="once more"))
    teller.step(job.event())
    job.finish("cancelled")
    teller.end(job.event())
    await asyncio.sleep(0.4)
    assert [row["state"] for _, row in seen].index("cancelled") == len(seen) - 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("reading /home/anna/work/demo/pylock.toml", "reading pylock.toml"),
        ("in /home/ben/x/y", "in ~/x/y"),
        ("Python at /opt/python/3.12/bin/python3", "Python at .../python3"),
        (r"at D:\envs\demo\python.exe here", "at .../python.exe here"),
        (r"on \\server\share\wheels", "on .../wheels"),
        ("from file:///srv/wheels/six.whl", "from .../six.whl"),
        ("from https://anna:secret@index.example/simple/six/", "from https://***@index.example/simple/six/"),
        ("from https://index.example/a/b?token=secret", "from https://index.example/a/b?token=***"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("3/25 packages, and/or more", "3/25 packages, and/or more"),
        ("two\nlines\tand \x1b[31mcolour", "two lines and \x1b[31mcolour"),
        ("x" * 500, "x" * 137 + "..."),
    ],
)
def test_an_event_has_no_secret_and_no_place_of_this_machine(text: str, shown: str) -> None:
    assert public_text(text, "/home/anna/work/demo") == shown


# --- the end ---


@pytest.mark.real
def test_cancel_ends_the_whole_process_group_and_leaves_the_environment_as_it_was(
    live: Live, root: Path, make_project: Any, slow: SlowIndex, valid: Any
) -> None:
    project = make_project(root / "demo", {"steady": "1.0"})
    server = live(root=root, env=slow.variables)
    before = working(project)
    job = server.post("jobs", {"verb": "add", "path": "demo", "arguments": ["never-cached-package"]})
    assert slow.asked.wait(60)
    alive = descendants(server.process.pid)
    assert any("uv" in line for line in children_of(server.process.pid))
    began = time.monotonic()
    answer = server.call("DELETE", f"jobs/{job['id']}")
    assert (answer.status, answer.json["id"]) == (202, job["id"])
    done = valid("Job", server.wait(job["id"], 10))
    passed = time.monotonic() - began
    assert (done["state"], done["outcome"]) == ("cancelled", None)
    assert children_of(server.process.pid) == []
    assert not [pid for pid, born in descendants(1).items() if alive.get(pid) == born]
    assert working(project) == before
    assert passed < END_S + 1.0  # the promise is 2 s on an idle machine
    assert server.get("check?path=demo")["verdict"] == "in-step"


@pytest.mark.real
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_jobs_end_with_their_server(live: Live, root: Path, make_project: Any, slow: SlowIndex, number: int) -> None:
    """Told to end, the server ends them; killed, they see that nobody listens any more."""
    project = make_project(root / "demo", {"steady": "1.0"})
    server = live(root=root, env=slow.variables)
    before = working(project)
    server.post("jobs", {"verb": "add", "path": "demo", "arguments": ["never-cached-package"]})
    assert slow.asked.wait(60)
    alive = descendants(server.process.pid)
    assert alive
    server.stop(number)
    deadline = time.monotonic() + 10
    while left := [pid for pid in alive if Path(f"/proc/{pid}").exists() and _state(pid) != "Z"]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    assert working(project) == before


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
