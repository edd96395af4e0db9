"""mlenv by its magics alone, in a page: a plain notebook, drift said below its cell, the panel that a cell shows."""

from __future__ import annotations

import pytest

from browser.front import Front, only_in_lab
from browser.world import World, write_notebook

pytestmark = pytest.mark.real

CELLS = (
    "%mlenv check",
    "import os, sys\nprint(os.path.relpath(sys.prefix))",
    "!python -m pip install --quiet --no-deps idna==3.6",
    "%mlenv panel",
    "%mlenv add no-such-package-of-mlenv",
)


def test_drift_is_said_below_its_cell_and_mended_with_the_panel_of_a_cell(world: World, front: Front) -> None:
    """Whatever the page itself shows: the magics do it all."""
    name = f"cells-{front.app}"
    kernel = world.project(name, "six")
    write_notebook(world.root / name / "work.ipynb", *CELLS, kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    checked = front.run(0)
    assert checked.startswith("In step")
    assert "1 package, loaded and installed as locked" in checked
    assert front.run(1).strip() == ".venv"
    assert "mlenv: idna 3.6 on disk, not in pylock.toml. Next: %mlenv sync" in front.run(2)

    front.run(3)
    panel = front.output(3)
    panel.locator("button:visible", has_text="Sync").click()
    panel.locator("strong", has_text="in-step").wait_for()
    assert panel.locator("button:visible").all_inner_texts() == ["Check again"]
    assert "- idna 3.6" in panel.locator("[role=log]").inner_text()
    assert world.installed(name) == {"six": world.installed(name)["six"]}
    assert world.verdict(name) == "in-step"

    failed = [line for line in front.run(4).splitlines() if line.strip()]
    assert any("no-such-package-of-mlenv" in line for line in failed)
    assert len(failed) <= 6, failed  # how it ended, and at most five lines of error
    assert not any("Traceback" in line for line in failed)


def test_the_sections_of_the_panel_search_add_choose_and_list_while_cells_run(world: World, front: Front) -> None:
    """S20 with the mouse: progress in the panel, and another cell answers meanwhile; the sections open when clicked."""
    name = f"panel-{front.app}"
    kernel = world.project(name, "six")
    cells = ("%mlenv panel", "import six\nprint(6 * 7)")
    write_notebook(world.root / name / "work.ipynb", *cells, kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    front.run(0)
    panel = front.output(0)
    panel.locator("strong", has_text="in-step").wait_for()

    panel.get_by_text("Packages", exact=True).click()
    table = panel.get_by_role("region", name="Packages")
    assert "six" in table.inner_text()
    front.page.evaluate(_NOTE_LOG)
    panel.get_by_placeholder("humanize, or numpy<2").fill("iniconfig, humanize<4.10")
    panel.get_by_role("button", name="Add", exact=True).click()
    panel.get_by_role("button", name="Stop").wait_for()
    assert front.run(1).strip() == "42"
    panel.locator("[role=log]", has_text="added").wait_for()
    panel.get_by_role("button", name="Stop").wait_for(state="hidden")
    assert len(set(front.page.evaluate("() => window.said"))) >= 3
    assert {"humanize", "iniconfig", "six"} <= set(world.installed(name))
    panel.get_by_placeholder("a part of a name").fill("human")
    front.page.wait_for_function("() => !document.querySelector('[aria-label=Packages]').innerText.includes('six')")
    assert "humanize<4.10" in table.inner_text()
    panel.get_by_placeholder("humanize, or numpy<2").fill("humanize")
    panel.get_by_role("button", name="Remove").click()
    panel.locator("[role=log]", has_text="removed humanize").wait_for()
    panel.get_by_role("button", name="Stop").wait_for(state="hidden")

    panel.get_by_text("Environment", exact=True).click()
    options = "() => [...document.querySelectorAll('option')].some(each => each.text.includes('('))"
    front.page.wait_for_function(options)
    panel.get_by_role("button", name="Undo").click()
    panel.locator("[role=log]", has_text="undo").wait_for()
    panel.get_by_role("button", name="Stop").wait_for(state="hidden")
    assert "humanize" in world.installed(name)
    panel.get_by_text("Kernels", exact=True).click()
    panel.get_by_role("region", name="Kernels").get_by_text(kernel).wait_for()
    assert world.verdict(name) == "in-step"


_NOTE_LOG = """() => {
  window.said = [];
  const panel = document.querySelector('.jp-OutputArea');
  new MutationObserver(() => {
    for (const line of panel.querySelectorAll('[role=log]')) {
      window.said.push(line.textContent);
    }
  }).observe(panel, { subtree: true, childList: true, characterData: true });
}"""


@only_in_lab
def test_without_ipywidgets_a_cell_shows_the_report_and_the_page_has_its_own_panel(
    world: World, front: Front, app: str
) -> None:
    """S44: one line of explanation below the cell, no error; the panel of the page needs nothing of the kernel."""
    name = f"widgetless-{app}"
    kernel = world.project(name, "six")
    hide = "import sys\nsys.modules['ipywidgets'] = None"  # the import system's own way to say "not here"
    cells = (hide, "%mlenv panel", "%mlenv check", "import six\nprint(six.__name__)")
    write_notebook(world.root / name / "work.ipynb", *cells, kernel={"name": kernel, "display_name": name})
    front.open(f"{name}/work.ipynb")
    front.run(0)
    shown = front.run(1)
    assert shown.count("ipywidgets") == 2  # why, and what to type
    assert "In step" in shown
    assert "Traceback" not in shown
    assert "In step" in front.run(2)
    assert front.run(3).strip() == "six"
    panel = front.panel.open()
    panel.verdict_is("in-step")
    panel.add("iniconfig")
    panel.job_ends("add")
    assert "iniconfig" in world.installed(name)
