"""A user's machine for browser tests: an own home, a folder that a Jupyter server shows, and the server itself."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from own_home import own_environment

__all__ = ["APPS", "Server", "World", "serving", "write_notebook"]

APPS = ("lab", "notebook")
"""JupyterLab and Notebook 7: one bundle for both."""

_START_S = 90
_PLAIN = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def write_notebook(path: Path, *cells: str, kernel: Mapping[str, str] = _PLAIN, **metadata: Any) -> Path:
    """Write a notebook, for the plain Python 3 kernel unless told; without a named kernel the front end would ask."""
    named = {"display_name": kernel["name"], **kernel}
    made = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata={**metadata, "kernelspec": named})
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, path)
    return path


@dataclass(frozen=True)
class World:
    """One user: the folder that their server shows, and the environment of all that they start."""

    root: Path
    env: dict[str, str]

    @classmethod
    def new(cls, folder: Path, data: Path) -> World:
        root = folder / "work"
        root.mkdir(parents=True)
        # The colours of a program in a terminal are no part of what these tests read.
        return cls(root, {**own_environment(folder / "home", data), "NO_COLOR": "1"})

    @property
    def home(self) -> Path:
        return Path(self.env["HOME"])

    @property
    def kernelspecs(self) -> dict[str, dict[str, Any]]:
        """The kernelspecs of this user, by id, as they lie on disk."""
        files = Path(self.env["JUPYTER_DATA_DIR"]).glob("kernels/*/kernel.json")
        return {file.parent.name: json.loads(file.read_text()) for file in sorted(files)}

    def run(self, *argv: str, cwd: Path | None = None, code: int | None = 0, **env: str) -> str:
        """Run a program as this user; its output comes back. ``code`` is the exit status that must come."""
        done = subprocess.run(
            argv, cwd=cwd or self.root, env={**self.env, **env}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=300,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"{argv} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def mlenv(self, folder: Path, *words: str, **options: Any) -> str:
        """Run ``mlenv ...`` in a folder, as in a terminal."""
        return self.run(sys.executable, "-m", "mlenv", *words, cwd=folder, **options)

    def project(self, name: str, *packages: str, **options: Any) -> str:
        """Make a project with an environment below the server's folder; the id of its kernel comes back."""
        (self.root / name).mkdir(parents=True, exist_ok=True)
        return str(json.loads(self.mlenv(self.root / name, "create", *packages, "--json", **options))["kernel"])

    def verdict(self, name: str) -> str:
        """What ``mlenv check`` says of a project: the facts, whatever a page shows."""
        return str(json.loads(self.mlenv(self.root / name, "check", "--json", code=None))["verdict"])

    def installed(self, name: str) -> dict[str, str]:
        """The packages that lie in a project's environment, name -> version, pip left out."""
        rows = (path.name.removesuffix(".dist-info").split("-") for path in self.site(name).glob("*.dist-info"))
        return {row[0].lower().replace("_", "-"): row[1] for row in rows if row[0] != "pip"}

    def site(self, name: str) -> Path:
        return next((self.root / name / ".venv").glob("lib/python3*/site-packages"))

    def install(self, name: str, *packages: str) -> None:
        """Change a project's environment by hand, behind mlenv's back."""
        from uv import find_uv_bin

        python = str(self.root / name / ".venv" / "bin" / "python")
        self.run(str(find_uv_bin()), "pip", "install", "--quiet", "--python", python, *packages)


@dataclass(frozen=True)
class Server:
    """A running Jupyter server."""

    base: str
    """Address with the base URL, ``/`` at its end."""
    token: str
    log: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def address(self, app: str, notebook: str) -> str:
        """Where a notebook is opened; a workspace of its own each time, so that nothing of an earlier page comes back."""
        if app == "notebook":
            return f"{self.base}notebooks/{notebook}?token={self.token}"
        return f"{self.base}lab/workspaces/{secrets.token_hex(4)}/tree/{notebook}?token={self.token}"

    def ask(self, route: str, body: object = None, *, method: str = "") -> Any:
        """Ask a route as a program with the token does; the decoded answer comes back."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        method = method or ("GET" if data is None else "POST")
        request = urllib.request.Request(self.base + route, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def kernel_of(self, notebook: str) -> str:
        """Id of the kernelspec in which a notebook runs: what the server knows, whatever a page shows."""
        return next((row["kernel"]["name"] for row in self.ask("api/sessions") if row["path"] == notebook), "")

    def stop_kernels(self) -> None:
        for row in self.ask("api/sessions"):
            self.ask(f"api/sessions/{row['id']}", method="DELETE")


@contextmanager
def serving(
    world: World,
    app: str = "lab",
    *,
    python: str = sys.executable,
    base_url: str = "/",
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    through: Sequence[str] = (),
    before: Sequence[str] = (),
) -> Iterator[Server]:
    """Run JupyterLab or Notebook 7 on a user's folder until the block ends; each serves the other's pages, too.

    Args:
        world: whose folder and environment.
        app: a row of :data:`APPS`.
        python: interpreter of the environment that holds Jupyter and mlenv.
        base_url: first part of the path of all its pages.
        options: more words of its command line.
        env: more of its environment.
        through: a program of Python that becomes the server, with its words.
        before: a program that starts it, with its words.

    Raises:
        RuntimeError: it does not answer, with what it wrote.
    """
    _quiet(Path(world.env["JUPYTER_CONFIG_DIR"]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    argv = [
        *before, python, *through, "-m", "jupyterlab" if app == "lab" else "notebook", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={world.root}",
        f"--ServerApp.base_url={base_url}", "--LabApp.expose_app_in_browser=True",
        "--JupyterNotebookApp.expose_app_in_browser=True", *options,
    ]  # fmt: skip
    log = world.root.parent / f"server-{port}.log"
    # As after `activate`: `python` in a terminal of this server is the one that runs it.
    path = os.pathsep.join([str(Path(python).parent), world.env["PATH"]])
    with log.open("wb") as stream:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd=world.root,
            env={**world.env, "PATH": path, **(env or {})},
        )  # fmt: skip
    server = Server(f"http://127.0.0.1:{port}{base_url}", token, log, process)
    try:
        _wait_for(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _quiet(config: Path) -> None:
    """Say no to the news: else every first start asks about them, above the page."""
    settings = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    answer = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(answer))


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            server.ask("api")
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"Jupyter does not answer\n{server.log.read_text(errors='replace')[-3000:]}")
