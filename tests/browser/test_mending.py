"""What the panel does beyond the notebook in front, and what it says where nothing runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from browser.front import Front
from browser.world import World, write_notebook

pytestmark = pytest.mark.real


@pytest.fixture
def app() -> str:
    """One application: the panel is the same in both."""
    return "lab"


@pytest.fixture(scope="module")
def kernel(world: World) -> str:
    made = world.project("penguins", "six==1.15.0")
    for name in ("a", "b"):
        write_notebook(world.root / "penguins" / f"{name}.ipynb", "import six", kernel={"name": made})
    write_notebook(world.root / "plain" / "c.ipynb", "1")
    return made


@pytest.mark.usefixtures("kernel")
def test_a_lock_that_a_pull_changed_is_told_as_such(world: World, front: Front) -> None:
    root = world.root / "penguins"
    files = {name: (root / name).read_bytes() for name in ("pyproject.toml", "pylock.toml")}
    world.mlenv(root, "add", "six==1.16.0")
    front.open("penguins/a.ipynb")
    front.verdict_is("in-step")
    for name, content in files.items():
        (root / name).write_bytes(content)
    front.verdict_is("sync")
    front.toast("pylock.toml has changed on disk: 1 package differs (six)").wait_for()
    front.panel.open().act()
    front.panel.job_ends("sync")
    front.verdict_is("in-step")


@pytest.mark.usefixtures("kernel")
def test_without_a_kernel_nothing_is_said_to_be_in_step(front: Front) -> None:
    front.open("penguins/a.ipynb")
    front.verdict_is("in-step")
    assert "In step" in front.status.inner_text()
    front.expected.append("Canceled future for")  # JupyterLab's own, of the kernel that was shut down
    front.menu("Kernel", "Shut Down Kernel")
    front.page.locator(".jp-mlenv-Status-button", has_text="No kernel").wait_for()
    panel = front.panel.open()
    panel.node.get_by_text("No kernel runs; the environment is in step.").wait_for()


def test_a_kernel_of_another_project_is_repaired_from_the_list(world: World, kernel: str, front: Front) -> None:
    front.open("plain/c.ipynb")
    shutil.rmtree((world.root / "penguins" / ".venv").resolve())
    front.command("mlenv:open-panel")
    front.panel.node.wait_for()
    front.panel.node.locator(".jp-mlenv-Kernels summary").click()
    row = front.panel.node.locator(f"[data-kernel='{kernel}'][data-state='environment-missing']")
    row.locator("button[data-name='repair']").click()
    front.panel.node.locator(f"[data-kernel='{kernel}'][data-state='ok']").wait_for(timeout=180_000)
    assert world.installed("penguins")["six"] == "1.15.0"
    assert front.server.kernel_of("plain/c.ipynb") == "python3"


def test_deleting_ends_the_other_notebook_that_uses_it_and_says_so(
    world: World, kernel: str, new_front: Callable[..., Front]
) -> None:
    front, other = new_front(), new_front()
    other.open("penguins/b.ipynb")
    front.open("penguins/a.ipynb")
    front.verdict_is("in-step")
    front.panel.open().choose("delete")
    dialog = front.page.locator(".jp-Dialog")
    dialog.get_by_text("2 notebooks run in it").wait_for()
    assert "shuts down the kernel of penguins/b.ipynb" in dialog.inner_text()
    dialog.get_by_role("button", name="Shut Down and Delete").click()
    front.panel.node.locator(".jp-mlenv-Job", has_text="deleted .venv").wait_for()
    assert not (world.root / "penguins" / ".venv").exists()
    assert kernel not in world.kernelspecs
    assert (world.root / "penguins" / "pylock.toml").exists()
    assert front.server.kernel_of("penguins/b.ipynb") == ""
