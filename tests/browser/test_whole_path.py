"""The whole path with the mouse: from an empty folder to a notebook whose environment is locked and checked."""

from __future__ import annotations

import re

import pytest

from browser.front import Front
from browser.world import World, write_notebook

pytestmark = pytest.mark.real

CELLS = ("import os, sys\nimport idna\nprint(os.path.relpath(sys.prefix), idna.__version__)", "6 * 7")
DRIFT = "!python -m pip install --quiet --no-deps --disable-pip-version-check six==1.16.0"


def test_from_an_empty_folder_to_a_locked_notebook_with_the_mouse_alone(world: World, front: Front) -> None:
    """Create, switch, drift, sync, upgrade, restart, freeze: each by clicks, each told by page, disk and server."""
    name = f"iris-{front.app}"
    root = world.root / name
    write_notebook(root / "work.ipynb", *CELLS)
    front.open(f"{name}/work.ipynb")
    assert front.kernel == "Python 3 (ipykernel)"

    _create(world, front, name)
    kernel = front.server.kernel_of(f"{name}/work.ipynb")
    first = world.installed(name)["idna"]
    assert front.run(0).split() == [".venv", first]

    _drift_is_said_and_synced(world, front, name)
    _upgrade_asks_for_a_restart(world, front, name, first)
    _drift_is_accepted(world, front, name)
    assert front.server.kernel_of(f"{name}/work.ipynb") == kernel
    assert list(world.kernelspecs).count(kernel) == 1


def _create(world: World, front: Front, name: str) -> None:
    """By the form, with what the notebook imports; the notebook then runs in its own environment."""
    front.page.get_by_role("button", name=re.compile("^Environment of this project")).click()
    form = front.form
    form.node.wait_for()
    form.node.get_by_label("Packages that this notebook asks for").check()
    form.accept()
    front.page.locator(".jp-Dialog", has_text="idna").locator(".jp-mod-accept").click()
    front.shows_kernel(f"Python ({name})")
    front.verdict_is("in-step")
    kernel = next(each for each, spec in world.kernelspecs.items() if spec["display_name"] == f"Python ({name})")
    front.runs_in(kernel)
    assert world.verdict(name) == "in-step"
    assert (world.root / name / "pylock.toml").exists()
    assert f"Python ({name})" in front.listed_kernels()
    front.page.keyboard.press("Escape")


def _drift_is_said_and_synced(world: World, front: Front, name: str) -> None:
    """What a cell installs behind mlenv's back is said at once, and taken away by one click."""
    front.write(1, DRIFT)
    front.run(1)
    front.verdict_is("sync")
    toast = front.toast("six")
    toast.wait_for()
    assert name in toast.inner_text()
    panel = front.panel.open()
    panel.verdict_is("sync")
    assert panel.rows() == {"six": {"loaded": "", "installed": "1.16.0", "locked": "", "declared": ""}}
    panel.act()
    panel.job_ends("sync")
    panel.verdict_is("in-step")
    front.verdict_is("in-step")
    assert "six" not in world.installed(name)
    assert world.verdict(name) == "in-step"


def _upgrade_asks_for_a_restart(world: World, front: Front, name: str, first: str) -> None:
    """A loaded package in another version: the page says so until the kernel is restarted, by the offered click."""
    panel = front.panel.open()
    panel.add("idna==3.6")
    panel.job_ends("add")
    front.verdict_is("restart")
    assert world.installed(name)["idna"] == "3.6"
    row = panel.rows()["idna"]
    assert (row["loaded"], row["installed"], row["locked"]) == (first, "3.6", "3.6")
    front.toast("restart").get_by_role("button", name="Restart kernel").click()
    front.confirm()
    front.verdict_is("in-step")
    front.kernel_is_idle()
    assert front.run(0).split() == [".venv", "3.6"]
    front.verdict_is("in-step")


def _drift_is_accepted(world: World, front: Front, name: str) -> None:
    """The same drift again, kept this time."""
    front.run(1)
    panel = front.panel.open()
    panel.verdict_is("sync")
    panel.choose("freeze")
    panel.job_ends("freeze")
    panel.verdict_is("in-step")
    assert 'name = "six"' in (world.root / name / "pylock.toml").read_text()
    assert world.installed(name)["six"] == "1.16.0"
    assert world.verdict(name) == "in-step"
