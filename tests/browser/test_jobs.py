"""Jobs in the panel: how far they are, cancelled by a click, seen from two tabs, and how they say why they failed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.front import Front, only_in_lab
from browser.world import Server, World, serving, write_notebook
from scenarios.real_project import child_processes
from torture import index as package_index
from torture.handmade import make_wheel

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

pytestmark = pytest.mark.real

CELLS = ("import steady\nprint(steady.VALUE)", "6 * 7", "!python -m pip --version")
_SLOW_S = 1.0


@pytest.fixture(scope="module")
def released() -> Iterator[threading.Event]:
    """Set when the index may answer for the package that it never answers for."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, released: threading.Event) -> Iterator[package_index.Index]:
    """A package index on this machine, with slow, silent and broken answers for some of its packages."""
    folder = tmp_path_factory.mktemp("packages")
    for name, version in (("steady", "1.0"), ("steady", "2.0"), ("second", "1.0"), ("third", "1.0"), ("fourth", "1.0")):
        make_wheel(folder, name, version, {f"{name}.py": f"VALUE = {version!r}\n"})

    # Environments are seeded with pip.
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]
    subprocess.run([*argv, str(folder), "pip"], check=True, timeout=300)

    def silent(handler: BaseHTTPRequestHandler, _body: bytes, _kind: str) -> bool:
        released.wait(120)
        handler.close_connection = True
        return True

    def slow(_handler: BaseHTTPRequestHandler, _body: bytes, _kind: str) -> bool:
        released.wait(_SLOW_S)  # nobody sets it before the end: a wait that can be cut short
        return False

    with package_index.serving(folder) as running:
        running.faults.update({"/simple/slowpoke/": silent})
        running.faults.update({f"/simple/{name}/": slow for name in ("second", "third", "fourth")})
        running.faults.update({f"/files/{name}-": slow for name in ("second", "third", "fourth")})
        yield running


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, shared_data: Path, index: package_index.Index) -> World:
    """A user whose packages come from that index; the kernel's own came before, from the usual one."""
    made = World.new(tmp_path_factory.mktemp("user"), shared_data)
    made.project("before")
    settings = {"UV_DEFAULT_INDEX": index.url, "PIP_INDEX_URL": index.url, "UV_NO_CONFIG": "1"}
    return World(made.root, {**made.env, **settings})


@pytest.fixture
def project(world: World, front: Front) -> str:
    """A project whose notebook is open, in step."""
    return _open(world, front, f"jobs-{front.app}")


def _open(world: World, front: Front, name: str) -> str:
    if not (world.root / name).exists():
        kernel = world.project(name, "steady==1.0")
        write_notebook(world.root / name / "work.ipynb", *CELLS, kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    front.verdict_is("in-step")
    return name


def _files(world: World, name: str) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((world.root / name).glob("*.toml"))}


def _installers(world: World, name: str) -> list[str]:
    """Running programs that name the project, its kernel left out."""
    return [text for text in child_processes(str(world.root / name)) if "launcher.py" not in text]


def test_a_long_job_is_cancelled_by_a_click(world: World, front: Front, project: str) -> None:
    """Everything that it started ends, and the project is as it was."""
    before = (_files(world, project), world.installed(project))
    panel = front.panel.open()
    panel.add("slowpoke")
    panel.node.locator(".jp-mlenv-Job[data-state='running']").wait_for()
    panel.button("cancel").click()
    text = panel.job_ends("add", "cancelled")
    assert "slowpoke" in text
    assert _installers(world, project) == []
    assert (_files(world, project), world.installed(project)) == before
    panel.verdict_is("in-step")
    front.verdict_is("in-step")
    assert world.verdict(project) == "in-step"
    panel.add("second")  # and the next one works
    panel.job_ends("add")
    assert "second" in world.installed(project)
    panel.choose("undo")
    panel.job_ends("undo")
    assert "second" not in world.installed(project)


def test_progress_is_shown_and_another_cell_runs_meanwhile(world: World, front: Front, project: str) -> None:
    """S20: at least three different texts while the job runs; the kernel is nobody's prisoner."""
    panel = front.panel.open()
    front.page.evaluate(_NOTE_STEPS)
    panel.add("second third fourth")
    panel.node.locator(".jp-mlenv-Job[data-state='running']").wait_for()
    assert front.run(1).strip() == "42"
    assert panel.job.get_attribute("data-state") == "running"
    panel.job_ends("add")
    seen = [text for text in front.page.evaluate("() => window.steps") if text.strip()]
    assert len(set(seen)) >= 3, seen
    assert {"second", "third", "fourth"} <= set(world.installed(project))
    panel.choose("undo")
    panel.job_ends("undo")


_NOTE_STEPS = """() => {
  window.steps = [];
  const panel = document.querySelector('#mlenv-panel');
  new MutationObserver(() => {
    for (const line of panel.querySelectorAll('.jp-mlenv-Job-step, .jp-mlenv-Log-text')) {
      window.steps.push(line.textContent);
    }
  }).observe(panel, { subtree: true, childList: true, characterData: true });
}"""


def test_two_tabs_show_one_job_and_its_verdict(world: World, new_front: Callable[..., Front]) -> None:
    """The tab that did not start it follows it, too; each tells at most once."""
    first, second = new_front(), new_front()
    name = _open(world, first, f"jobs-{first.app}")
    _open(world, second, name)
    for front in (first, second):
        front.panel.open()
    # Drift, made by hand.
    (world.site(name) / "steady.py").unlink()
    for front in (first, second):
        front.panel.verdict_is("broken")
        front.toast(name).first.wait_for()
        assert front.toast(name).count() == 1
    first.panel.act()
    second.panel.node.locator(".jp-mlenv-Job").wait_for()
    for front in (first, second):
        front.panel.verdict_is("in-step")
        front.verdict_is("in-step")
    assert (world.site(name) / "steady.py").exists()
    assert world.verdict(name) == "in-step"


def test_a_package_that_does_not_exist_is_named(world: World, front: Front, project: str) -> None:
    """In five lines or fewer, with what to do; nothing is changed."""
    before = (_files(world, project), world.installed(project))
    panel = front.panel.open()
    panel.add("no-such-package")
    card = panel.job_ends("add", "failed")
    said = panel.job.locator(".jp-mlenv-Job-result").inner_text()
    assert "no-such-package" in said
    assert len([line for line in said.splitlines() if line.strip()]) <= 5, card
    toast = front.toast("no-such-package")
    toast.wait_for()
    assert (_files(world, project), world.installed(project)) == before
    panel.verdict_is("in-step")


@only_in_lab
def test_an_index_that_cannot_be_reached_is_told_from_a_package_that_is_not_there(
    world: World, front: Front, project: str, index: package_index.Index
) -> None:
    """No network: the message says that the index does not answer."""

    def gone(handler: BaseHTTPRequestHandler, _body: bytes, _kind: str) -> bool:
        handler.close_connection = True
        return True

    index.faults["/simple/lonely/"] = gone
    panel = front.panel.open()
    panel.add("lonely")
    panel.job_ends("add", "failed")
    said = panel.job.locator(".jp-mlenv-Job-result").inner_text()
    assert "index" in said or "network" in said or "reach" in said, said
    panel.verdict_is("in-step")


@only_in_lab
def test_a_lock_that_cannot_be_read_is_told_with_its_place(world: World, front: Front, project: str) -> None:
    """And all is well again when the file is."""
    front.expected = [r"status of 422 .*/mlenv/"]
    lock = world.root / project / "pylock.toml"
    text = lock.read_text()
    panel = front.panel.open()
    lock.write_text(text[: len(text) // 2] + "\n[[[")
    broken = panel.node.locator(".jp-mlenv-Empty")
    broken.wait_for()
    assert "pylock.toml" in broken.inner_text()
    lock.write_text(text)
    panel.verdict_is("in-step")


@only_in_lab
def test_a_job_is_refused_while_another_one_runs(world: World, front: Front, server: Server, project: str) -> None:
    """Buttons say why they cannot be clicked; the server refuses whoever asks all the same."""
    panel = front.panel.open()
    panel.add("slowpoke")
    panel.node.locator(".jp-mlenv-Job[data-state='running']").wait_for()
    panel.node.locator(".jp-mlenv-Add input").fill("second")
    add = panel.node.locator("button[data-name='add']")
    assert add.get_attribute("aria-disabled") == "true"
    assert add.get_attribute("title")
    panel.button("cancel").click()
    panel.job_ends("add", "cancelled")


@pytest.fixture(scope="module")
def server(world: World, bundle: None) -> Iterator[Server]:
    with serving(world) as running:
        yield running
