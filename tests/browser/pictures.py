"""The pictures of the README, light and dark: ``make pictures``. Each is looked at by whoever commits it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.accessible import THEMES, set_theme
from browser.front import Front
from browser.world import World, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

pytestmark = pytest.mark.real

IMAGES = Path(__file__).parents[2] / "examples" / "images"
MOST_BYTES = 150_000

CELLS = (
    "import humanize\n\npenguins = 344\nprint(f'{humanize.intcomma(penguins * 1000)} rows')",
    "import attrs\n\n@attrs.define\nclass Penguin:\n    island: str\n    mass_g: int\n\nPenguin('Biscoe', 5700)",
)


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    return browser.new_context(viewport={"width": 1180, "height": 640})


def _take(front: Front, name: str) -> None:
    """Take one picture in the light and one in the dark theme."""
    for theme, shade in zip(THEMES[:2], ("light", "dark"), strict=True):
        set_theme(front, theme)
        front.page.mouse.move(5, 5)
        IMAGES.mkdir(exist_ok=True)
        path = IMAGES / f"{name}-{shade}.png"
        # Animations stay as they are: to end that of a notification would put it away.
        front.page.screenshot(path=str(path), caret="hide")
        assert path.stat().st_size < MOST_BYTES, path
    set_theme(front, THEMES[0])


def _tidy(front: Front) -> None:
    """Close the list of files: the notebook and the panel are what the picture is about."""
    if front.app == "lab":
        front.command("application:toggle-left-area")


@pytest.fixture(scope="module")
def kernel(world: World) -> str:
    made = world.project("penguins", "humanize", "attrs", "tabulate")
    write_notebook(world.root / "penguins" / "islands.ipynb", *CELLS, kernel={"name": made})
    return made


@pytest.fixture
def drifted(world: World, kernel: str, front: Front) -> Front:
    """A notebook that was in step, until somebody changed its environment by hand."""
    front.open("penguins/islands.ipynb")
    front.verdict_is("in-step")
    _tidy(front)
    front.run(0)
    front.run(1)
    front.panel.open()
    world.install("penguins", "humanize==4.9.0", "iniconfig==2.0.0")
    front.verdict_is("sync")
    front.toast("penguins").click(trial=True)  # it has slid in
    return front


def test_drift(drifted: Front) -> None:
    """Panel, status item and notification, in JupyterLab and in Notebook 7."""
    _take(drifted, "drift" if drifted.app == "lab" else "notebook7")
    drifted.panel.act()
    drifted.panel.job_ends("sync")
    drifted.verdict_is("in-step")


@pytest.mark.parametrize("app", ["lab"])
def test_form(world: World, front: Front, app: str) -> None:
    """The form that makes an environment for a notebook that has none."""
    write_notebook(world.root / "whales" / "songs.ipynb", *CELLS)
    front.open("whales/songs.ipynb")
    _tidy(front)
    front.command("mlenv:create")
    front.form.node.wait_for()
    front.form.node.get_by_label("Packages that this notebook asks for").check()
    _take(front, "create")


@pytest.mark.parametrize("app", ["lab"])
def test_missing_kernel(world: World, front: Front, kernel: str, app: str) -> None:
    """A notebook from a colleague, whose kernel is not on this computer."""
    theirs = {"name": "colleague", "display_name": "Python (penguins-env)", "language": "python"}
    write_notebook(world.root / "penguins" / "colleague.ipynb", *CELLS, kernel=theirs)
    front.open("penguins/colleague.ipynb", wait=False)
    _tidy(front)
    front.toast("is not here").click(trial=True)
    _take(front, "missing-kernel")


def test_panel_in_a_cell(world: World, front: Front, kernel: str) -> None:
    """What `%mlenv panel` draws in any front end, out of step and opened at its packages."""
    write_notebook(
        world.root / "penguins" / f"panel-{front.app}.ipynb", "import humanize", "%mlenv panel", kernel={"name": kernel}
    )
    front.open(f"penguins/panel-{front.app}.ipynb")
    _tidy(front)
    front.run(0)
    world.install("penguins", "humanize==4.9.0")
    front.run(1)
    panel = front.output(1)
    panel.get_by_text("Packages", exact=True).click()
    panel.get_by_role("region", name="Packages", exact=True).wait_for()
    panel.get_by_placeholder("humanize, or numpy<2").scroll_into_view_if_needed()
    front.toast("penguins").click(trial=True)  # it has slid in
    _take(front, "panel" if front.app == "lab" else "panel-notebook7")
    panel.locator("button:visible", has_text="Sync").click()
    panel.locator("strong", has_text="in-step").wait_for()
