"""Servers as they are: behind a base URL, the oldest supported, with mlenv switched off, without it, or with an old one."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from browser.environments import oldest_jupyter
from browser.front import Front, only_in_lab
from browser.world import APPS, Server, World, serving, write_notebook
from scenarios.traces import as_weak_user

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.real

WHERE = "import os, sys\nprint(os.path.relpath(sys.prefix))"
DRIFT = "!python -m pip install --quiet --no-deps --disable-pip-version-check iniconfig==2.0.0"
_NO_MLENV = "--ServerApp.jpserver_extensions={'mlenv': False}"


@pytest.fixture(scope="module")
def server(world: World, bundle: None) -> Iterator[Server]:
    """As JupyterHub has it: every address begins with the user's; started as Notebook 7."""
    with serving(world, "notebook", base_url="/user/ada/") as running:
        yield running


def _story(world: World, front: Front, name: str) -> None:
    """The whole path, shortened: created by the form, listed, switched to; drift in a cell, said; synced by a click."""
    write_notebook(world.root / name / "work.ipynb", WHERE, "1")
    front.open(f"{name}/work.ipynb")
    front.page.get_by_role("button", name=re.compile("^Environment of this project")).click()
    front.form.node.wait_for()
    front.form.field("packages").fill("six==1.16.0")
    front.form.accept()
    front.shows_kernel(f"Python ({name})")
    front.verdict_is("in-step")
    assert f"Python ({name})" in front.listed_kernels()
    front.page.keyboard.press("Escape")
    assert front.run(0).strip() == ".venv"
    front.write(1, DRIFT)
    front.run(1)
    front.verdict_is("sync")
    front.toast("iniconfig").wait_for()
    panel = front.panel.open()
    panel.verdict_is("sync")
    panel.act()
    panel.job_ends("sync")
    front.verdict_is("in-step")
    assert world.installed(name) == {"six": "1.16.0"}
    assert world.verdict(name) == "in-step"


@only_in_lab
def test_behind_a_base_url_all_is_the_same(world: World, front: Front, app: str) -> None:
    """JupyterHub, and any proxy that serves a path."""
    _story(world, front, f"ada-{app}")
    assert all("/user/ada/" in url for _, url in front.requests if url.startswith("http"))


@pytest.fixture(scope="module")
def oldest(world: World, shared_data: Path, bundle: None) -> Iterator[Server]:
    with serving(world, python=str(oldest_jupyter(shared_data))) as running:
        yield running


@pytest.mark.parametrize("app", APPS)
def test_with_the_oldest_supported_jupyter_all_is_the_same(
    world: World, oldest: Server, app: str, new_front: Callable[..., Front]
) -> None:
    """JupyterLab 4.2 and Notebook 7.2: the same bundle."""
    front = new_front(oldest)
    _story(world, front, f"oldest-{app}")
    assert front.page.evaluate("() => window.jupyterapp.version").startswith("4.2." if app == "lab" else "7.2.")


@pytest.fixture(scope="module")
def switched_off(world: World, bundle: None) -> Iterator[Server]:
    with serving(world, options=[_NO_MLENV]) as running:
        yield running


@pytest.mark.parametrize("app", ["notebook"])
def test_where_the_servers_part_is_switched_off_the_panel_says_how_to_switch_it_on(
    world: World, switched_off: Server, app: str, new_front: Callable[..., Front]
) -> None:
    """Quietly: the notebook works, nothing pops up, no error of a script."""
    front = new_front(switched_off)
    front.expected = [r"status of 404 .*/mlenv/"]  # Chromium's own lines
    name = f"off-{app}"
    write_notebook(world.root / name / "work.ipynb", "6 * 7")
    front.open(f"{name}/work.ipynb")
    assert front.run(0).strip() == "42"
    front.status.wait_for()
    front.status.click()
    told = front.panel.node.locator(".jp-mlenv-Empty[data-code='no-server']")
    told.wait_for()
    assert "jupyter server extension enable mlenv" in told.inner_text()
    assert front.page.locator(".Toastify__toast").count() == 0
    assert front.page.locator(".jp-Dialog").count() == 0


@pytest.fixture(scope="module")
def plain(world: World) -> Iterator[Server]:
    """A Jupyter that has never heard of mlenv: neither of its part in the server nor of that in the page."""
    with serving(world, options=[_NO_MLENV, "--LabServerApp.labextensions_path=[]"]) as running:
        yield running


@only_in_lab
def test_without_mlenv_in_jupyter_its_kernels_and_magics_work_all_the_same(
    world: World, plain: Server, app: str, new_front: Callable[..., Front]
) -> None:
    """A notebook of an mlenv project, opened by a plain Jupyter on this machine."""
    front = new_front(plain)
    # JupyterLab's own line: the kernel tells whatever page there is that packages came, and this one does not listen.
    front.expected = ["Exception opening new comm"]
    name = f"plain-{app}"
    kernel = world.project(name, "six")
    cells = (WHERE, "%mlenv check", "import humanize", "%mlenv add iniconfig")
    write_notebook(world.root / name / "work.ipynb", *cells, kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    assert front.run(0).strip() == ".venv"
    assert "in-step: 1 package" in front.run(1)
    assert "%mlenv add humanize" in front.run(2)
    front.run(3)
    assert "iniconfig" in world.installed(name)
    assert front.page.locator("[class*=jp-mlenv]").count() == 0
    assert not [url for _, url in front.requests if "/mlenv/" in url]


@only_in_lab
def test_a_server_that_is_older_than_the_page_is_named_and_what_it_knows_works(
    world: World, server: Server, front: Front, app: str
) -> None:
    """mlenv was updated while Jupyter ran: routes that the page asks for are not there, and answered as by any Jupyter."""
    front.expected = [r"status of 404 "]
    name = f"older-{app}"
    kernel = world.project(name, "six==1.16.0")
    write_notebook(world.root / name / "work.ipynb", WHERE, kernel={"name": kernel, "display_name": name})

    def unknown(route: Route) -> None:
        route.continue_(url=f"{server.base}mlenv/no-such-route")

    front.page.route(re.compile(r"/mlenv/(packages|pythons|advice)\b"), unknown)
    front.open(f"{name}/work.ipynb")
    front.verdict_is("in-step")
    panel = front.panel.open()
    panel.verdict_is("in-step")
    panel.node.get_by_text("start it again").wait_for()
    assert "older than this page" in panel.node.locator(".jp-mlenv-Packages").inner_text()
    front.command("mlenv:create")
    front.toast("older than this page").wait_for()
    assert front.page.locator(".jp-Dialog").count() == 0
    world.install(name, "iniconfig")
    panel.verdict_is("sync")
    panel.act()
    panel.job_ends("sync")
    assert world.installed(name) == {"six": "1.16.0"}
    assert front.run(0).strip() == ".venv"


@only_in_lab
def test_what_the_environment_of_the_server_needs_is_not_moved_by_the_panel(
    world: World, front: Front, app: str
) -> None:
    """S29: one environment for Jupyter and for everything else: refused with both versions and what to do instead."""
    name = f"served-{app}"
    root = world.root / name
    uv = str(find_uv_bin())
    world.run(uv, "venv", "--quiet", "--python", sys.executable, str(root / ".venv"))
    python = str(root / ".venv" / "bin" / "python")
    world.run(uv, "pip", "install", "--quiet", "--python", python, "jupyter_server", "markupsafe>=3")
    kernel = str(json.loads(world.mlenv(root, "use", "--json"))["kernel"])
    write_notebook(root / "work.ipynb", WHERE, kernel={"name": kernel, "display_name": name})
    before = world.installed(name)
    front.open(f"{name}/work.ipynb")
    panel = front.panel.open()
    panel.node.locator(".jp-mlenv-Verdict").wait_for()
    panel.add("markupsafe==1.1.1")
    panel.job_ends("add", "failed")
    said = panel.job.locator(".jp-mlenv-Job-result").inner_text()
    assert "also runs Jupyter's server" in said
    assert f"markupsafe {before['markupsafe']} -> ==1.1.1" in said
    assert "mlenv create" in said
    # It lies over the end of the panel.
    front.toast("also runs Jupyter's server").locator(".jp-Notification-Toast-Close").click()
    assert world.installed(name) == before
    assert not (root / "pyproject.toml").exists()
    panel.add("iniconfig")  # a package beside it comes as ever
    panel.job_ends("add")
    after = world.installed(name)
    assert (after["markupsafe"], "iniconfig" in after) == (before["markupsafe"], True)


@pytest.fixture
def closed(world: World, tmp_path: Path, shared_data: Path, bundle: None) -> Iterator[Server]:
    """A server whose user cannot write into Jupyter's folder for kernels, nor into that of the server's environment."""
    python = oldest_jupyter(shared_data)
    places = [prefix / "kernels" for prefix in (tmp_path / "closed", python.parents[1] / "share" / "jupyter")]
    places[0].mkdir(parents=True)
    data, weak = {"JUPYTER_DATA_DIR": str(places[0].parent)}, as_weak_user()
    try:
        for place in places:
            place.chmod(0o555)
        with serving(world, python=str(python), env=data, before=weak) as running:
            yield running
    finally:
        for place in places:
            place.chmod(0o755)


@only_in_lab
def test_where_jupyters_folder_is_read_only_it_is_said_and_nothing_breaks(
    world: World, closed: Server, app: str, new_front: Callable[..., Front]
) -> None:
    """S51: what is wrong, where, and the variable to set; the notebook goes on in its kernel, and the kernel comes later."""
    name = f"closed-{app}"
    root = world.root / name
    write_notebook(root / "work.ipynb", WHERE)
    front = new_front(closed)
    front.open(f"{name}/work.ipynb")
    front.command("mlenv:create")
    front.form.node.wait_for()
    front.form.field("packages").fill("six==1.16.0")
    front.form.accept()
    front.panel.node.wait_for()
    front.panel.job_ends("create", "failed")
    said = front.panel.job.locator(".jp-mlenv-Job-result").inner_text()
    assert "cannot be written" in said
    assert "JUPYTER_DATA_DIR" in said
    front.toast("cannot be written").wait_for()
    assert front.kernel == "Python 3 (ipykernel)"
    assert front.run(0).strip()
    world.mlenv(root, "create")  # another session of this user, with the variable set
    assert world.verdict(name) == "in-step"
    assert world.installed(name) == {"six": "1.16.0"}
