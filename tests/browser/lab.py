"""A real JupyterLab in a real browser, for the tests."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

__all__ = ["Lab", "chromium", "open_lab", "serving", "write_notebook"]

_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_TIMEOUT_MS = 60_000


def chromium() -> str | None:
    """The browser of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook for the plain Python 3 kernel; without a named kernel the front end would ask."""
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=spec), path)


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[str]:
    """Run JupyterLab on a folder, with the Jupyter folders of the environment; gives the address with its token."""
    settings = Path(os.environ["JUPYTER_CONFIG_DIR"]) / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    # Else every first start asks about news, above the page.
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    argv = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    with log.open("wb") as stream:
        server = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, cwd=folder)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, log)
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}&reset"
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab does not answer\n{log.read_text(errors='replace')[-3000:]}")


class Lab:
    """One notebook in JupyterLab."""

    def __init__(self, page: Any) -> None:
        self.page = page
        page.set_default_timeout(_TIMEOUT_MS)

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.kernel_is_idle()

    def reload(self) -> None:
        self.page.reload()
        self.kernel_is_idle()

    def kernel_is_idle(self) -> None:
        self.page.wait_for_selector(".jp-Toolbar-kernelName:not(:has-text('No Kernel'))")
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")

    @property
    def kernel(self) -> str:
        return str(self.page.locator(".jp-Toolbar-kernelName").inner_text())

    def run(self, number: int) -> str:
        """Run one code cell to its end; the text below it comes back."""
        cell = self.page.locator(".jp-CodeCell").nth(number)
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.inner_text()
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            "([cell, before]) => { const now = cell.querySelector('.jp-InputPrompt').innerText;"
            " return now !== before && !now.includes('*') }",
            arg=[cell.element_handle(), before],
        )
        self.kernel_is_idle()
        return self.text(number)

    def text(self, number: int) -> str:
        """The text below a code cell, as a reader sees it."""
        area = self.page.locator(".jp-CodeCell").nth(number).locator(".jp-OutputArea")
        return re.sub(r"[ \t\xa0]+", " ", area.inner_text() if area.count() else "")

    def output(self, number: int) -> Any:
        return self.page.locator(".jp-CodeCell").nth(number).locator(".jp-OutputArea")

    def listed_kernels(self) -> list[str]:
        """Open the dialog of kernels, and say what it offers."""
        self.page.locator(".jp-Toolbar-kernelName").click()
        return [str(text) for text in self.page.locator(".jp-Dialog select option").all_inner_texts()]

    def choose_kernel(self, name: str) -> None:
        """Change to a kernel, as the message of ``%mlenv create`` says: if it is not listed yet, after a reload."""
        if name not in self.listed_kernels():
            self.page.keyboard.press("Escape")
            self.page.keyboard.press("Control+s")
            self.page.wait_for_timeout(500)
            self.reload()
            assert name in self.listed_kernels()
        self.page.locator(".jp-Dialog select").select_option(label=name)
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.wait_for_selector(f".jp-Toolbar-kernelName:has-text('{name}')")
        self.kernel_is_idle()


@contextmanager
def open_lab(browser: str, url: str, shots: Path) -> Iterator[Lab]:
    """Open a notebook in a browser; a test that fails leaves a picture."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=browser, args=list(_FLAGS))
        page = window.new_page(viewport={"width": 1280, "height": 1000})
        lab = Lab(page)
        try:
            lab.open(url)
            yield lab
        except BaseException:
            page.screenshot(path=str(shots / "failed.png"))
            print("picture:", shots / "failed.png")
            raise
        finally:
            window.close()
