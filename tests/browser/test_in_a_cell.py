"""mlenv by its magics alone, in a page: a plain notebook, drift said below its cell, the panel that a cell shows."""

from __future__ import annotations

import pytest

from browser.front import Front
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
