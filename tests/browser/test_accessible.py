"""For everybody: no rule of axe-core is broken in our nodes, in any theme; all can be done without a mouse."""

from __future__ import annotations

import pytest

from browser.accessible import THEMES, set_theme, violations
from browser.front import Front
from browser.world import World, write_notebook

pytestmark = pytest.mark.real

PANEL, STATUS = "#mlenv-panel", ".jp-mlenv-Status"


def _in_all_themes(front: Front, *selectors: str) -> list[str]:
    found = []
    for theme in THEMES:
        set_theme(front, theme)
        found += [f"{theme}: {line}" for line in violations(front, *selectors)]
    set_theme(front, THEMES[0])
    return found


def test_no_rule_is_broken_in_any_state_and_theme(world: World, front: Front) -> None:
    """Panel, status item and notification: in step, out of step, a failed job, wrong kernel, nothing there."""
    name = f"seen-{front.app}"
    kernel = world.project(name, "six")
    write_notebook(world.root / name / "work.ipynb", "1", kernel={"name": kernel})
    write_notebook(world.root / f"{name}-empty" / "work.ipynb", "1")
    front.open(f"{name}/work.ipynb")
    panel = front.panel.open()
    panel.verdict_is("in-step")
    panel.node.locator(".jp-mlenv-Kernels summary").click()
    panel.rows("all")
    assert _in_all_themes(front, PANEL, STATUS) == []
    world.install(name, "iniconfig")
    panel.verdict_is("sync")
    front.toast("iniconfig").wait_for()
    panel.rows("differing")
    panel.button("more").click()
    panel.add("no-such-package-of-mlenv")
    panel.job_ends("add", "failed")
    assert _in_all_themes(front, PANEL, STATUS, ".Toastify__toast-body") == []
    front.open(f"{name}-empty/work.ipynb")
    front.command("mlenv:open-panel")
    panel.node.locator(".jp-mlenv-Empty").wait_for()
    assert _in_all_themes(front, PANEL) == []


def test_no_rule_is_broken_in_the_form(world: World, front: Front) -> None:
    """Right and wrong."""
    name = f"form-{front.app}"
    write_notebook(world.root / name / "work.ipynb", "import six")
    front.open(f"{name}/work.ipynb")
    front.command("mlenv:create")
    front.form.node.wait_for()
    assert _in_all_themes(front, ".jp-mlenv-Form") == []
    front.form.field("packages").fill("-e .")
    front.form.accept()
    front.form.node.locator("[aria-invalid='true']").wait_for()
    assert _in_all_themes(front, ".jp-mlenv-Form") == []
    front.page.keyboard.press("Escape")
    assert not (world.root / name / "pyproject.toml").exists()


def test_the_form_and_the_panel_are_used_without_a_mouse(world: World, front: Front) -> None:
    """From the palette to a kernel, then through every control of the panel, by keys alone."""
    name = f"keys-{front.app}"
    root = world.root / name
    write_notebook(root / "work.ipynb", "1")
    front.open(f"{name}/work.ipynb")
    keys = front.page.keyboard
    keys.press("Control+Shift+c")
    front.page.locator(".lm-CommandPalette-input").wait_for()
    keys.type("Create Environment")
    front.page.locator(".lm-CommandPalette-item[data-command='mlenv:create']").wait_for()
    keys.press("Enter")
    front.form.node.wait_for()
    keys.type("six==1.16.0")  # the first field has the focus
    keys.press("Enter")
    front.shows_kernel(f"Python ({name})")
    front.verdict_is("in-step")
    assert world.installed(name) == {"six": "1.16.0"}

    world.install(name, "iniconfig")
    front.verdict_is("sync")
    front.page.locator(".jp-mlenv-Status-button").focus()
    keys.press("Enter")
    panel = front.panel
    panel.verdict_is("sync")
    reached = _tab_through(front)
    assert {"act", "more", "differing", "declared", "all", "Search packages", "Packages to add"} <= reached
    panel.button("act").focus()
    keys.press("Enter")
    panel.job_ends("sync")
    assert world.installed(name) == {"six": "1.16.0"}
    panel.button("more").focus()
    keys.press("Enter")
    keys.press("End")
    keys.press("Home")
    keys.press("ArrowDown")
    assert front.page.evaluate("() => document.activeElement.getAttribute('role')") == "menuitem"
    keys.press("Escape")
    assert front.page.evaluate("() => document.activeElement.dataset.name") == "more"
    panel.node.locator(".jp-mlenv-Add input").focus()
    keys.type("idna==3.6")
    keys.press("Enter")
    panel.job_ends("add")
    assert world.installed(name)["idna"] == "3.6"


def _tab_through(front: Front) -> set[str]:
    """Press Tab from the head of the panel on; the names of all controls that had the focus, each with a visible ring."""
    front.page.evaluate(
        "() => { const panel = document.querySelector('#mlenv-panel');"
        " const first = panel.querySelector('button, input, summary'); first.focus(); }"
    )
    reached: set[str] = set()
    for _ in range(60):
        name = front.page.evaluate(
            "() => { const now = document.activeElement;"
            " return now.closest('#mlenv-panel') ?"
            " (now.dataset.name ?? now.getAttribute('aria-label') ?? now.textContent) : null }"
        )
        if name is None:
            break
        reached.add(str(name))
        front.page.keyboard.press("Tab")
    return reached
