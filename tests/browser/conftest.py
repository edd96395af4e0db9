"""One browser for all stories, one user and server for each module, one page for each story."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.front import CHROMIUM_FLAGS, Front, chromium
from browser.world import APPS, Server, World, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: Any = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def bundle() -> None:
    """The labextension is built, and Jupyter finds it: without it these tests would prove nothing."""
    argv = [sys.executable, "-m", "jupyter", "labextension", "list"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    row = next((line.strip() for line in said.splitlines() if line.strip().startswith("mlenv ")), "")
    if "OK" not in row:
        pytest.fail(
            f"the labextension is not there: run `make labextension` (it needs Node)\n{row}\n{said}", pytrace=False
        )


@pytest.fixture(scope="session")
def browser(bundle: None) -> Iterator[Browser]:
    found = chromium()
    if not found:
        pytest.skip("not run: no chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="not run: no playwright")
    with sync_api.sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=found, args=list(CHROMIUM_FLAGS))
        yield window
        window.close()


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    """JupyterLab, then Notebook 7."""
    return str(request.param)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> World:
    """The user of this module's tests."""
    return World.new(tmp_path_factory.mktemp("user"), shared_data)


@pytest.fixture(scope="module")
def server(world: World, bundle: None) -> Iterator[Server]:
    """The server of this module's tests: JupyterLab, which serves Notebook's pages, too."""
    with serving(world) as running:
        yield running


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One browser profile for a module: the application itself is loaded from the net once."""
    made = browser.new_context(viewport={"width": 1440, "height": 900})
    yield made
    made.close()


@pytest.fixture
def new_front(
    context: BrowserContext, server: Server, app: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Front]]:
    """Open pages; after the test: a picture of each if it failed, no error in any, no kernel left."""
    fronts: list[Front] = []

    def make(server: Server = server, app: str = app, context: BrowserContext = context) -> Front:
        fronts.append(Front(context, server, app))
        return fronts[-1]

    yield make
    problems = [text for front in fronts for text in front.problems]
    failed = request.node.stash.get(_FAILED, False)
    for number, front in enumerate(fronts):
        if failed or problems:
            with contextlib.suppress(Exception):  # a page that hangs has no picture
                front.picture(tmp_path / f"page-{number}.png")
                print("picture:", tmp_path / f"page-{number}.png")
        front.page.close()
        front.server.stop_kernels()
    assert not problems, "errors in the page:\n" + "\n".join(problems)


@pytest.fixture
def front(new_front: Callable[..., Front]) -> Front:
    """A page."""
    return new_front()
