"""Opening is not running: hostile notebooks are opened, and nothing is started, written or asked because of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from browser import watching
from browser.front import Front
from browser.traps import lay_notebooks
from browser.world import Server, World, serving, write_notebook
from scenarios.traces import snapshot

pytestmark = pytest.mark.real

# Jupyter has said what it will do about the kernel: it has one, or it asks, or we offer one.
_SETTLED = """path => {
  const { context } = window.jupyterapp.shell.currentWidget ?? {};
  if (context?.path !== path || !context.isReady) { return false; }
  const told = document.querySelector('.jp-mlenv-Status-word')?.textContent;
  const asks = document.querySelector('.jp-Dialog') !== null || told === 'No kernel';
  return Boolean(context.sessionContext.session?.kernel) || asks;
}"""
_LEAVE = """async () => {
  const widget = window.jupyterapp.shell.currentWidget;
  widget.context.model.dirty = false;
  if (widget.context.sessionContext.session) { await widget.context.sessionContext.shutdown(); }
  widget.dispose();
}"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server writes down what it starts."""
    return tmp_path_factory.mktemp("watch") / "started.jsonl"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server that nobody may ask: its address, and who did."""
    asked: list[str] = []

    class Anybody(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    running = ThreadingHTTPServer(("127.0.0.1", 0), Anybody)
    Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", asked
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def server(world: World, bundle: None, started: Path) -> Iterator[Server]:
    with serving(world, through=[watching.__file__, str(started)]) as running:
        yield running


def test_of_fifty_hostile_notebooks_none_acts_by_being_opened(
    world: World, server: Server, new_front: Callable[..., Front], started: Path, elsewhere: tuple[str, list[str]]
) -> None:
    """No program but the kernels that Jupyter starts, no file, no request but the check, no script in the page."""
    address, asked = elsewhere
    touched = world.root.parent / "touched"
    front = new_front()
    front.expected = [
        r"status of 4\d\d .*/mlenv/(check|project|kernels)"
    ]  # files that cannot be read are refused, and said so
    root = world.root / front.app
    notebooks = lay_notebooks(root, touched, address)
    if front.app == "notebook":
        notebooks = notebooks[::8]  # each is a page of its own there
    assert len(notebooks) >= 50 or front.app == "notebook"
    # What Jupyter starts with its first page, and mlenv's one question to its own Python, is not because of a notebook.
    write_notebook(root / "plain" / "work.ipynb", "1")
    (root / "plain" / "requirements.txt").write_text("six==1.16.0\n")
    _open_and_leave(front, f"{front.app}/plain/work.ipynb")
    earlier, specs = len(_starts(started)), world.kernelspecs
    before = _files(root)
    for notebook in notebooks:
        _open_and_leave(front, f"{front.app}/{notebook}")
    assert not touched.exists()
    assert asked == []
    assert world.kernelspecs == specs
    assert _files(root) == before
    assert [argv for argv in _starts(started)[earlier:] if not _is_jupyters_own(argv)] == []
    assert front.page.evaluate("() => [window.hacked, document.querySelectorAll('img[src=x]').length]") == [None, 0]
    assert _foreign(front) == []


def _open_and_leave(front: Front, notebook: str) -> None:
    """Open a notebook and see that nobody blocks the page but Jupyter's own question for a kernel."""
    page = front.page
    if front.app == "notebook" or front.notebook == "":
        front.open(notebook, wait=False)
    else:
        front.command("docmanager:open", path=notebook)
    page.wait_for_function(_SETTLED, arg=notebook)
    front.is_checked(notebook)
    for _ in range(page.locator(".jp-Dialog").count()):
        # Jupyter's own question for a kernel, where it has none of that name; never one of ours.
        assert page.locator(".jp-Dialog [class*=jp-mlenv]").count() == 0
        page.keyboard.press("Escape")
    page.wait_for_function("() => !document.querySelector('.jp-Dialog')")
    page.evaluate(_LEAVE)


def _files(root: Path) -> dict[str, str]:
    """All that lies below a folder, without Jupyter's own copies of notebooks."""
    return {name: what for name, what in snapshot(root).items() if ".ipynb_checkpoints" not in name}


def _starts(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def _is_jupyters_own(argv: list[str]) -> bool:
    """Whether a program is a kernel that Jupyter starts, or a tool of Jupyter itself."""
    if Path(argv[1]).name in {"node", "npm", "git", "uname"} and not any("trap-" in word for word in argv):
        return True  # JupyterLab looks for its own build tools and says its version
    if Path(argv[1]) == Path(sys.executable).with_name("uv") and argv[2:] == ["--version"]:
        return True  # the server's own uv: whether it could make an environment is part of an offer
    return "-f" in argv and argv[-1].endswith(".json") and "kernel-" in argv[-1]


def _foreign(front: Front) -> list[str]:
    """Requests that are neither Jupyter's own nor mlenv's check."""
    found = []
    for method, url in front.requests:
        parts = urlsplit(url)
        if url.startswith(("data:", "blob:")):
            continue
        if not url.startswith(front.server.base):
            found.append(f"{method} {url}")
        elif "/mlenv/" in parts.path and "/labextensions/" not in parts.path:
            harmless = method == "GET" or (method == "POST" and parts.path.endswith("/mlenv/check"))
            if not harmless:
                found.append(f"{method} {url}")
    return found
