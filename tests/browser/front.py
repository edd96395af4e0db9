"""Pages of JupyterLab and Notebook 7, as a user sees and uses them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from browser.allowed import is_allowed
from browser.ours import Form, Panel
from browser.world import Server

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Response

__all__ = ["CHROMIUM_FLAGS", "TIMEOUT_MS", "Front", "chromium", "only_in_lab"]

CHROMIUM_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
TIMEOUT_MS = 60_000
"""Until a condition counts as never met: generous, as a machine that builds for others is slow."""

only_in_lab = pytest.mark.parametrize("app", ["lab"])
"""For a story of the server, the kernel or a view that is the same in Notebook 7: it is told once."""

_KERNEL_STATUS = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status"

_WATCH = """prompt => {
  prompt.dataset.changed = 'no';
  const watch = new MutationObserver(() => { prompt.dataset.changed = 'yes'; });
  watch.observe(prompt, { characterData: true, childList: true, subtree: true });
}"""


def chromium() -> str | None:
    """The browser of this machine."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Front:
    """One page with one notebook in it."""

    def __init__(self, context: BrowserContext, server: Server, app: str) -> None:
        self.server, self.app = server, app
        self.problems: list[str] = []
        """What went wrong in the page and is not known of Jupyter itself: errors of scripts, of the console, of our routes."""
        self.expected: list[str] = []
        """Patterns of errors that this story brings about on purpose."""
        self.requests: list[tuple[str, str]] = []
        """Method and address of all that the page asked for."""
        self.checked: list[str] = []
        """Paths for which the server answered the check, in their order."""
        self.notebook = ""
        self.page: Page = context.new_page()
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.on("pageerror", lambda error: self._note(f"{error.message}\n{error.stack}"))
        self.page.on(
            "console", lambda said: said.type == "error" and self._note(f"{said.text} [{said.location['url']}]")
        )
        self.page.on("request", lambda request: self.requests.append((request.method, request.url)))
        self.page.on("response", lambda response: self.checked.extend(_paths_checked(response)))

    def _note(self, text: str) -> None:
        if not is_allowed(text) and not any(re.search(pattern, text) for pattern in self.expected):
            self.problems.append(text)

    # -- the application ------------------------------------------------------------------------------------------

    def open(self, notebook: str, *, wait: bool = True) -> None:
        """Open a notebook; ``wait`` until its kernel answers."""
        self.notebook = notebook
        self.page.goto(self.server.address(self.app, notebook))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        if wait:
            self.kernel_is_idle()

    def reload(self) -> None:
        self.page.reload()
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.kernel_is_idle()

    def kernel_is_idle(self) -> None:
        self.page.wait_for_function(f"() => ({_KERNEL_STATUS})() === 'idle'")

    @property
    def kernel(self) -> str:
        """Display name of the kernel, as the toolbar has it."""
        return str(self.page.locator(".jp-Toolbar-kernelName").inner_text())

    def shows_kernel(self, name: str) -> None:
        """Wait until the toolbar names a kernel: one may have to be made first."""
        self.page.locator(".jp-Toolbar-kernelName", has_text=name).wait_for(timeout=3 * TIMEOUT_MS)
        self.kernel_is_idle()

    @property
    def kernel_id(self) -> str:
        """Id of the running kernel; another one after a change of the kernel, the same after a restart."""
        return str(self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"))

    def runs_in(self, kernel: str) -> None:
        """Wait until the notebook runs in a kernelspec (by id): the page says so, and the server knows so."""
        self.page.wait_for_function(
            "id => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.name === id", arg=kernel
        )
        self.kernel_is_idle()
        assert self.server.kernel_of(self.notebook) == kernel

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")

    def menu(self, *labels: str) -> None:
        """Choose from the menu bar, with the mouse: ``menu("Kernel", "Restart Kernel...")``."""
        self.page.locator(".lm-MenuBar-item", has_text=re.compile(f"^{labels[0]}$")).click()
        for label in labels[1:]:
            self.page.locator(".lm-Menu-item:visible", has=self.page.get_by_text(label, exact=True)).click()

    def command(self, name: str, **arguments: object) -> None:
        """Begin one of the application's commands, where the way to it is no part of the story; it may ask something."""
        run = "([name, args]) => { void window.jupyterapp.commands.execute(name, args); }"
        self.page.evaluate(run, [name, arguments])

    def restart_kernel(self) -> None:
        self.menu("Kernel", "Restart Kernel…")
        self.confirm()
        self.kernel_is_idle()

    def confirm(self) -> None:
        """Say yes to Jupyter's question."""
        self.page.locator(".jp-Dialog .jp-mod-warn, .jp-Dialog .jp-mod-accept").last.click()
        self.page.locator(".jp-Dialog").wait_for(state="detached")

    # -- cells ----------------------------------------------------------------------------------------------------

    def cell(self, number: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def start(self, number: int) -> Callable[[], str]:
        """Run a code cell; what comes back waits for its end and gives the text below it."""
        # After a restart a cell has the number again that it had before: what counts is that it was written anew.
        prompt = self.cell(number).locator(".jp-InputPrompt").first.element_handle()
        self.page.evaluate(_WATCH, prompt)
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

        def ended() -> str:
            is_over = "prompt => prompt.dataset.changed === 'yes' && /\\d/.test(prompt.innerText)"
            self.page.wait_for_function(is_over, arg=prompt, timeout=3 * TIMEOUT_MS)
            return self.text(number)

        return ended

    def run(self, number: int) -> str:
        """Run one code cell to its end; the text below it comes back."""
        return self.start(number)()

    def write(self, number: int, text: str) -> None:
        """Put another text into a cell."""
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-OutputArea").first

    def text(self, number: int) -> str:
        """The text below a code cell, as a reader sees it."""
        areas = self.output(number).locator(".jp-OutputArea-output").all_inner_texts()
        return re.sub(r"[ \t\xa0]+", " ", "\n".join(areas))

    # -- Jupyter's own list of kernels ----------------------------------------------------------------------------

    def listed_kernels(self) -> list[str]:
        """Open the dialog of kernels, and say what it offers."""
        self.page.locator(".jp-Toolbar-kernelName").click()
        return [str(text) for text in self.page.locator(".jp-Dialog select option").all_inner_texts()]

    def choose_kernel(self, name: str) -> None:
        """Change to a kernel by Jupyter's own dialog."""
        assert name in self.listed_kernels()
        self.page.locator(".jp-Dialog select").select_option(label=name)
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.wait_for_selector(f".jp-Toolbar-kernelName:has-text('{name}')")
        self.kernel_is_idle()

    # -- ours -----------------------------------------------------------------------------------------------------

    @property
    def status(self) -> Locator:
        """The item of the status bar; in Notebook 7, in the menu area."""
        return self.page.locator(".jp-mlenv-Status-button")

    def verdict_is(self, word: str) -> None:
        """Wait until the status item shows a verdict, given as on the wire."""
        self.page.locator(f".jp-mlenv-Status-button[data-verdict='{word}']").wait_for()

    @property
    def panel(self) -> Panel:
        return Panel(self)

    @property
    def form(self) -> Form:
        return Form(self)

    def toast(self, text: str) -> Locator:
        """A notification that says something."""
        return self.page.locator(".Toastify__toast", has_text=text)

    def is_checked(self, path: str) -> None:
        """Wait until the server has answered the check of a notebook."""
        if path not in self.checked:
            self.page.wait_for_event("response", lambda response: path in _paths_checked(response))

    def looks_again(self, path: str, times: int = 1) -> None:
        """Wait until the page has asked again, by itself, how things are with a notebook."""
        for _ in range(times):
            self.page.wait_for_event("response", lambda response: path in _paths_checked(response))

    def picture(self, path: Path) -> Any:
        return self.page.screenshot(path=str(path))


def _paths_checked(response: Response) -> list[str]:
    """The path that an answer of the check is about, or none."""
    if urlsplit(response.url).path.endswith("/mlenv/check") and response.request.method == "POST":
        return [str(json.loads(response.request.post_data or "{}").get("path"))]
    return []
