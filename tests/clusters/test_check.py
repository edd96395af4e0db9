"""``mlenv cluster check``: the drifted worker is found, whatever runs there."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from clusters_here import Answered, Cluster, Environments

from mlenv.errors import MlenvError
from mlenv.services.clusters.asking import checked_address

pytestmark = pytest.mark.real
_Check = Callable[..., Answered]
_Start = Callable[..., Cluster]

LIMIT_S = 2.0
LOAD_SIX, HANG = "__import__('six').__version__", "__import__('time').sleep(60)"
"""Given to ``eval`` on a worker, which knows nothing of this file."""
SLACK_S = 25.0
"""Start of the command and its imports, on a busy machine."""


def test_a_drifted_worker_among_others_is_found(
    environments: Environments, whole: Path, start_cluster: _Start, check: _Check, pythons: Mapping[str, str]
) -> None:
    """None of them has mlenv; each is held against the lock for its own Python."""
    drifted = environments.make("drifted", "six==1.16.0", "humanize")
    other = next((path for minor, path in pythons.items() if minor in {"3.10", "3.12", "3.13"}), None)
    cluster = start_cluster()
    cluster.worker(whole, "w-whole", nanny=False, wait=False)
    cluster.worker(drifted, "w-drifted", nanny=False, wait=False)
    if other:
        cluster.worker(environments.make("other", python=other), "w-other", nanny=False, wait=False)
    cluster.ready()
    shown = check(cluster.address)
    assert (shown.code, shown.err) == (1, "")
    lines = shown.out.splitlines()
    assert lines[0].split() == ["worker", "host", "Python", "verdict", "first", "difference"]
    assert "w-drifted  127.0.0.1" in shown.out
    assert "sync     six: 1.17.0 is locked, 1.16.0 is installed" in shown.out
    assert lines[-1] == 'next: client.register_plugin(mlenv.dask.LockedEnvironment("."))'
    told = check(cluster.address, "--json")
    rows = told.rows
    assert {name: row["verdict"] for name, row in rows.items() if name != "w-drifted"} == dict.fromkeys(
        [name for name in rows if name != "w-drifted"], "in-step"
    )
    assert (json.loads(told.out)["verdict"], rows["w-drifted"]["verdict"]) == ("sync", "sync")
    assert rows["w-whole"]["loaded_measured"] is True
    assert rows["w-whole"]["counts"]["compared"] > 10
    assert [row["reason"] for row in rows["w-drifted"]["findings"]][1].startswith(
        "beyond uv.lock, and left alone: humanize"
    )
    if other:
        assert rows["w-other"]["python"] != rows["w-whole"]["python"]
    assert str(Path.home()) not in told.out.replace(str(environments.folder), "")
    events = check(cluster.address, "--events")
    assert json.loads(events.out.splitlines()[-1])["outcome"]["data"]["verdict"] == "sync"  # what a notebook is told
    (environments.folder / "bare").mkdir()
    (environments.folder / "bare" / "pyproject.toml").write_text('[project]\nname = "bare"\nversion = "0"\n')
    bare = check(cluster.address, "--project", str(environments.folder / "bare"))
    assert bare.code == 1
    assert "unlocked" in bare.out
    assert bare.out.splitlines()[-1] == "next: mlenv lock"


def test_what_a_worker_loaded_before_the_disk_changed(
    environments: Environments, start_cluster: _Start, check: _Check
) -> None:
    """It loaded six 1.16; then 1.17, which is locked, came onto the disk. Another one loaded nothing: it is in step."""
    prefix = environments.make("stale", "six==1.16.0")
    cluster = start_cluster()
    cluster.worker(prefix, "w-loaded", nanny=False, wait=False)
    cluster.worker(prefix, "w-idle", nanny=False, wait=False)
    cluster.ready()
    with cluster.client() as client:
        client.run(eval, LOAD_SIX, workers=[_address(client, "w-loaded")])
        time.sleep(1.2)  # when a process began is known to a second
        environments.put(prefix, "six==1.17.0")
        told = check(cluster.address, "--json")
        assert {name: row["verdict"] for name, row in told.rows.items()} == {
            "w-loaded": "restart", "w-idle": "in-step", "scheduler": "in-step",
        }  # fmt: skip
        assert told.code == 1
        assert json.loads(told.out)["next"]["text"] == "Start that worker again: it has no nanny that could."
        assert told.rows["w-loaded"]["findings"][0]["reason"] == "1.16.0 is in memory, 1.17.0 is installed"


def _address(client: object, name: str) -> str:
    workers = client.scheduler_info()["workers"]  # type: ignore[attr-defined]
    return next(address for address, row in workers.items() if row["name"] == name)


def test_a_worker_that_does_not_answer_is_a_row(whole: Path, start_cluster: _Start, check: _Check) -> None:
    """Its event loop is blocked; the others are told all the same, within the limit."""
    cluster = start_cluster()
    cluster.worker(whole, "w-good", nanny=False, wait=False)
    cluster.worker(whole, "w-busy", nanny=False, wait=False)
    cluster.ready()
    with cluster.client() as client:
        thread = threading.Thread(target=_ignoring(client.run, eval, HANG, workers=[_address(client, "w-busy")]))
        thread.daemon = True
        thread.start()
        time.sleep(0.5)
        begin = time.monotonic()
        told = check(cluster.address, "--json", "--timeout", str(LIMIT_S))
        assert time.monotonic() - begin < 2 * LIMIT_S + SLACK_S
        cluster.end()
        thread.join(timeout=10)
    assert told.code == 2
    assert told.rows["w-busy"]["error"]["code"] == "worker-silent"
    assert told.rows["w-good"]["verdict"] == "in-step"


def _ignoring(call: Callable[..., object], *args: object, **options: object) -> Callable[[], None]:
    def run() -> None:
        try:
            call(*args, **options)
        except Exception:  # noqa: BLE001 - the worker is killed meanwhile
            return

    return run


def test_a_scheduler_without_workers_is_not_in_step(start_cluster: _Start, check: _Check) -> None:
    told = check(start_cluster().address)
    assert told.code == 2
    assert "the scheduler has no workers" in told.err


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


@pytest.fixture(params=["closed", "http", "silent"])
def foreign(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address where no scheduler is: nothing, a web server, something that never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        if request.param == "closed":
            yield f"tcp://127.0.0.1:{port}"
        elif request.param == "silent":
            listening.listen()
            yield f"tcp://127.0.0.1:{port}"
        else:
            server = HTTPServer(("127.0.0.1", 0), _Page)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"tcp://127.0.0.1:{server.server_port}"
            server.shutdown()


def test_where_no_scheduler_is_one_clear_error_comes_in_time(foreign: str, check: _Check) -> None:
    begin = time.monotonic()
    told = check(foreign, "--timeout", str(LIMIT_S))
    assert time.monotonic() - begin < LIMIT_S + SLACK_S
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("error: ")
    assert foreign in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "http://h:1", "tcp://a:b@h:1", "tcp://h:99999", "-x:1", "tcp://h:1/x", ""]
)
def test_what_is_no_address_is_told_so(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        checked_address(text)
    assert (caught.value.code, caught.value.hint) == ("usage", "mlenv cluster check tcp://HOST:8786")
    assert "a:b@" not in caught.value.message


def test_without_dask_the_extra_is_named(environments: Environments) -> None:
    code = (
        "import sys; sys.modules['distributed'] = None; from mlenv.faces.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    argv = [sys.executable, "-c", code, "cluster", "check", "tcp://127.0.0.1:1"]
    done = subprocess.run(argv, cwd=environments.project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert 'pip install "mlenv[dask]"' in done.stderr
    code = "import sys; sys.modules['distributed'] = None; import mlenv.dask"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "mlenv.dask needs Dask here" in done.stderr


def test_tls_is_what_dask_is_configured_for(tmp_path: Path, whole: Path, start_cluster: _Start, check: _Check) -> None:
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    names = {"CA_FILE": "ca.pem"}
    for part in ("CLIENT", "SCHEDULER", "WORKER"):
        names |= {f"{part}__CERT": "both.pem", f"{part}__KEY": "both.pem"}
    tls = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(tmp_path / file) for name, file in names.items()}
    cluster = start_cluster("--protocol", "tls", **tls)
    assert cluster.address.startswith("tls://")
    cluster.worker(whole, "w", nanny=False, wait=False)
    deadline = time.monotonic() + 30
    while (told := check(cluster.address, **tls)).code == 2 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert told.code == 0, told.err
    shutil.rmtree(tmp_path / "cluster-0", ignore_errors=True)
