"""Kernels that are not here, or have lost their environment, or are the wrong ones: the way back is one click."""

from __future__ import annotations

import json
import re
import shutil
import socket
from pathlib import Path

import pytest

from browser.front import Front, only_in_lab
from browser.world import World, write_notebook

pytestmark = pytest.mark.real

LISTED_MS = 5_000
"""Until a new kernel is in the page's list."""

WHERE = "import os, sys\nprint(os.path.relpath(sys.prefix))"
_PYTHON3 = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def _named(front: Front, what: str) -> str:
    return f"{what}-{front.app}"


def test_a_notebook_of_a_colleague_is_offered_the_projects_environment(world: World, front: Front) -> None:
    """S13: its kernel is not here, the project's is; after a click it runs there."""
    name = _named(front, "colleague")
    kernel = world.project(name, "six")
    theirs = {"name": "colleague-env", "display_name": "Python (colleague)", "language": "python"}
    notebook = write_notebook(world.root / name / "work.ipynb", WHERE, kernel=theirs)
    text = notebook.read_text()
    front.open(f"{name}/work.ipynb", wait=False)
    offer = front.toast("is not here")
    offer.wait_for()
    assert "Python (colleague)" in offer.inner_text()
    assert front.page.locator(".jp-Dialog").count() == 0
    assert front.server.kernel_of(f"{name}/work.ipynb") == ""
    assert notebook.read_text() == text
    offer.get_by_role("button", name=re.compile("^Use ")).click()
    front.runs_in(kernel)
    assert front.run(0).strip() == ".venv"
    front.verdict_is("in-step")


def test_a_notebook_of_a_colleague_is_offered_to_create_the_environment_from_the_lock(
    world: World, front: Front
) -> None:
    """S13: a fresh clone: a lock, no environment, a kernel that is not here."""
    name = _named(front, "clone")
    world.project("origin", "six==1.16.0")
    (world.root / name).mkdir()
    for file in ("pyproject.toml", "pylock.toml"):
        shutil.copy(world.root / "origin" / file, world.root / name / file)
    theirs = {"name": "origin-12345678", "display_name": "Python (origin)", "language": "python"}
    write_notebook(world.root / name / "work.ipynb", WHERE, kernel=theirs)
    front.open(f"{name}/work.ipynb", wait=False)
    offer = front.toast("is not here")
    offer.get_by_role("button", name="Create the Environment from pylock.toml").click()
    front.verdict_is("in-step")
    front.kernel_is_idle()
    assert front.run(0).strip() == ".venv"
    assert world.installed(name) == {"six": "1.16.0"}
    assert front.server.kernel_of(f"{name}/work.ipynb") in world.kernelspecs


def test_a_removed_environment_is_made_again_by_a_click_with_the_same_kernel(world: World, front: Front) -> None:
    """S11: the folder is gone: no "Unhandled error", an offer; the id of the kernel stays."""
    name = _named(front, "removed")
    kernel = world.project(name, "six==1.16.0")
    write_notebook(world.root / name / "work.ipynb", WHERE, kernel={"name": kernel, "display_name": name})
    (world.root / name / ".venv").unlink()
    shutil.rmtree(world.root / name / ".mlenv")
    front.open(f"{name}/work.ipynb", wait=False)
    offer = front.toast("is gone")
    offer.wait_for()
    assert front.page.locator(".jp-Dialog").count() == 0
    offer.get_by_role("button", name="Recreate It from pylock.toml").click()
    front.runs_in(kernel)
    assert front.run(0).strip() == ".venv"
    front.verdict_is("in-step")
    assert world.installed(name) == {"six": "1.16.0"}


def test_the_wrong_kernel_is_said_and_its_failed_import_helped(world: World, front: Front) -> None:
    """S1, S2, S45: told from outside, both places named; an import that fails there leads to the project's kernel."""
    name = _named(front, "wrong")
    kernel = world.project(name, "humanize")
    write_notebook(world.root / name / "work.ipynb", "import humanize\nprint(humanize.__name__)", kernel=_PYTHON3)
    front.open(f"{name}/work.ipynb")
    front.verdict_is("switch")
    front.toast("does not run in the environment").wait_for()
    panel = front.panel.open()
    reason = panel.node.locator(".jp-mlenv-Verdict-reason").inner_text()
    assert ".venv" in reason
    failed = front.run(0)
    assert "ModuleNotFoundError" in failed
    hint = front.toast("humanize")
    hint.first.wait_for()
    hint.get_by_role("button", name=re.compile("Switch")).first.click()
    front.runs_in(kernel)
    assert front.run(0).strip() == "humanize"
    front.verdict_is("in-step")


def test_a_missing_package_is_added_from_the_failed_import(world: World, front: Front) -> None:
    """An import of what nothing has: one click declares, locks and installs it, once agreed to."""
    name = _named(front, "adds")
    kernel = world.project(name, "six")
    write_notebook(
        world.root / name / "work.ipynb", "import humanize\nprint(humanize.__name__)", kernel={"name": kernel}
    )
    front.open(f"{name}/work.ipynb")
    front.verdict_is("in-step")
    assert "ModuleNotFoundError" in front.run(0)
    hint = front.output(0).locator(".jp-mlenv-Output, .mlenv").first
    hint.wait_for()
    front.output(0).get_by_role("button", name=re.compile("Add")).first.click()
    front.confirm()
    front.panel.open().job_ends("add")
    front.verdict_is("in-step")
    assert "humanize" in world.installed(name)
    assert front.run(0).strip() == "humanize"


def test_a_magic_creates_and_switches_and_waiting_cells_run_there(world: World, front: Front) -> None:
    """`%mlenv create` in the plain kernel, Run All: the cells below it run in the new environment."""
    name = _named(front, "magic")
    cells = ("%load_ext mlenv", "%mlenv create six", WHERE, "import six\nprint(six.__name__)")
    write_notebook(world.root / name / "work.ipynb", *cells, kernel=_PYTHON3)
    front.open(f"{name}/work.ipynb")
    front.menu("Run", "Run All Cells")
    front.shows_kernel(f"Python ({name})")
    front.output(3).get_by_text("six", exact=True).wait_for()
    assert front.text(2).strip() == ".venv"
    front.verdict_is("in-step")
    assert world.verdict(name) == "in-step"


@only_in_lab
def test_a_magic_switches(world: World, front: Front) -> None:
    """`%mlenv switch` where the environment is there already."""
    name = _named(front, "switches")
    kernel = world.project(name, "six")
    cells = ("%load_ext mlenv", "%mlenv switch", WHERE)
    write_notebook(world.root / name / "work.ipynb", *cells, kernel=_PYTHON3)
    front.open(f"{name}/work.ipynb")
    front.run(0)
    front.start(1)
    front.runs_in(kernel)
    assert front.run(2).strip() == ".venv"


@only_in_lab
def test_a_kernel_made_in_a_terminal_is_listed_without_a_reload(world: World, front: Front) -> None:
    """S58: within 5 s, and nobody touches the page."""
    name = _named(front, "terminal")
    write_notebook(world.root / name / "work.ipynb", "1", kernel=_PYTHON3)
    front.open(f"{name}/work.ipynb")
    # A page that has found nothing here again and again looks as often as any other one.
    front.looks_again(f"{name}/work.ipynb", 3)
    kernel = world.project(name, "six")
    assert kernel in front.server.ask("api/kernelspecs")["kernelspecs"]
    front.page.wait_for_function(
        "id => id in window.jupyterapp.serviceManager.kernelspecs.specs.kernelspecs", arg=kernel, timeout=LISTED_MS
    )
    assert f"Python ({name})" in front.listed_kernels()
    front.page.keyboard.press("Escape")
    front.verdict_is("switch")


@only_in_lab
def test_stale_kernels_are_listed_and_pruned_foreign_ones_stay(world: World, front: Front) -> None:
    """S10: the state of each is said; what would go is shown first; only mlenv's own go."""
    name = _named(front, "prunes")
    kernel = world.project(name, "six")
    stale = world.project(f"{name}-stale", "six")
    shutil.rmtree(world.root / f"{name}-stale")
    foreign = Path(world.env["JUPYTER_DATA_DIR"]) / "kernels" / f"foreign-{front.app}"
    foreign.mkdir(parents=True)
    spec = {
        "argv": ["/nowhere/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "language": "python",
    }
    (foreign / "kernel.json").write_text(json.dumps({**spec, "display_name": f"Foreign {front.app}"}))
    write_notebook(world.root / name / "work.ipynb", "1", kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    panel = front.panel.open()
    panel.node.locator(".jp-mlenv-Kernels summary").click()
    for each, state in ((kernel, "ok"), (stale, "project-missing"), (foreign.name, "foreign")):
        row = panel.node.locator(f"[data-kernel='{each}']")
        row.wait_for()
        assert row.get_attribute("data-state") in {state, "environment-missing"}, each
    panel.button("prune").click()
    dialog = front.page.locator(".jp-Dialog")
    dialog.get_by_text(re.compile(stale)).first.wait_for()
    assert stale in world.kernelspecs
    assert f"{foreign.name} stays, it is not of mlenv" in dialog.inner_text()
    front.confirm()
    panel.node.locator(f"[data-kernel='{stale}']").wait_for(state="detached")
    assert stale not in world.kernelspecs
    assert {kernel, foreign.name} <= set(world.kernelspecs)


@only_in_lab
def test_a_saved_notebook_says_nothing_of_this_machine(world: World, front: Front) -> None:
    """S60: outputs of mlenv, saved: no folder, user or host in the file, and no key of ours in its metadata."""
    name = _named(front, "saved")
    kernel = world.project(name, "six")
    cells = ("%mlenv check", "%mlenv add iniconfig", "import no_such_module", "%mlenv freeze")
    write_notebook(world.root / name / "work.ipynb", *cells, kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    front.verdict_is("in-step")
    for number in range(len(cells)):
        front.run(number)
    front.save()
    saved = json.loads((world.root / name / "work.ipynb").read_text())
    outputs = json.dumps([cell.get("outputs") for cell in saved["cells"]])
    for secret in (str(world.root), str(world.home), socket.gethostname(), world.env["MLENV_DATA_DIR"]):
        assert secret not in outputs, secret
    assert set(saved["metadata"]) <= {"kernelspec", "language_info"}
    assert saved["metadata"]["kernelspec"]["name"] == kernel
