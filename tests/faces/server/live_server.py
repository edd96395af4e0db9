"""A real Jupyter server in a process of its own, with mlenv, and one who talks to it over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["TOKEN", "Answer", "LiveServer", "children_of", "start_server"]

TOKEN = "a-token-of-the-tests"
_START_S = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The code of the wire's error; empty for an answer that is none."""
        try:
            return str(self.json["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return ""


@dataclass
class LiveServer:
    process: subprocess.Popen[bytes]
    port: int
    base: str
    root: Path
    log: Path
    token: str = TOKEN
    cookies: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, api: str = "mlenv",
        headers: Mapping[str, str] | None = None, token: str | None = "", timeout_s: float = 60,
    ) -> Answer:  # fmt: skip
        """Send one request as whoever has the token (``None``: nobody); ``path`` is sent as it is."""
        token = self.token if token == "" else token
        sent = {"Authorization": f"token {token}"} if token else {}
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        if data is not None:
            sent["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, f"{self.base}{api}/{path}", body=data, headers={**sent, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read().decode("utf-8", "replace"))
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: Any) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status in (200, 202), answer
        return answer.json

    def log_in(self) -> dict[str, str]:
        """Return the headers of a browser that is logged in: its cookies; ``X-XSRFToken`` is left to the caller."""
        for page in ("login", f"login?token={self.token}"):  # the form sets `_xsrf`, the token the user's cookie
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            connection.request("GET", f"{self.base}{page}")
            answer = connection.getresponse()
            answer.read()
            for line in answer.headers.get_all("Set-Cookie") or []:
                name, _, rest = line.partition("=")
                self.cookies[name] = rest.partition(";")[0]
            connection.close()
        assert len(self.cookies) == 2, self.cookies
        return {"Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items())}

    def run_job(self, verb: str, path: str, *arguments: str, timeout_s: float = 240, **more: Any) -> Any:
        """Start a job and wait for its end."""
        job = self.post("jobs", {"verb": verb, "path": path, "arguments": list(arguments), **more})
        return self.wait(job["id"], timeout_s)

    def wait(self, job_id: str, timeout_s: float = 240) -> Any:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            job = self.get(f"jobs/{job_id}")
            if job["state"] != "running":
                return job
            time.sleep(0.05)
        raise AssertionError(f"the job did not end: {job}")

    def start_kernel(self, name: str, folder: str = "") -> str:
        answer = self.call("POST", "kernels", {"name": name, "path": folder}, api="api")
        assert answer.status == 201, answer
        return str(answer.json["id"])

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)


def _free_port() -> int:
    """A port that is free now; the server tries the next ones where somebody was quicker."""
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return int(any_socket.getsockname()[1])


def start_server(
    root: Path,
    log: Path,
    *options: str,
    base: str = "/",
    env: Mapping[str, str] | None = None,
    token: str = TOKEN,
    before: Sequence[str] = (),
) -> LiveServer:
    """Start a server on a free port; its root is ``root``. ``before`` stands before its command line."""
    root.mkdir(parents=True, exist_ok=True)
    argv = [
        *before, sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={_free_port()}", "--ServerApp.port_retries=50",
        f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}", f"--ServerApp.base_url={base}",
        "--ServerApp.jpserver_extensions={'mlenv': True}", *options,
    ]  # fmt: skip
    environ = {**os.environ, **(env or {})}
    with open(log, "wb") as stream:
        process = subprocess.Popen(
            argv, cwd=root, env=environ, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )
    try:
        return _ready(process, environ, LiveServer(process, 0, base, root, log, token))
    except BaseException:  # nobody else knows of it yet
        process.kill()
        raise


def _ready(process: subprocess.Popen[bytes], environ: Mapping[str, str], server: LiveServer) -> LiveServer:
    """Wait until it answers, at the port that it tells."""
    told = Path(environ["JUPYTER_RUNTIME_DIR"]) / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + _START_S
    while not told.exists():
        assert process.poll() is None, server.log.read_text()
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)
    time.sleep(0.1)
    server.port = int(json.loads(told.read_text())["port"])
    _answering(server, deadline)
    return server


def _answering(server: LiveServer, deadline: float) -> None:
    while True:
        try:
            if server.call("GET", "about").status in (200, 403):  # 403: an authorizer of the tests
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)


def children_of(pid: int) -> list[str]:
    """The command lines of all processes below one."""
    from mlenv.kernel.ending import descendants

    found: list[str] = []
    for child in descendants(pid):
        try:
            found.append(Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return [line for line in found if line]
