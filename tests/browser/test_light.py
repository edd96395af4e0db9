"""What mlenv costs a page that only opens a notebook."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from browser.front import Front
from browser.world import World, write_notebook

pytestmark = pytest.mark.real

MOST_BYTES = 100_000
_LOADED = """() => performance.getEntriesByType('resource')
    .filter(entry => entry.name.includes('/extensions/mlenv/'))
    .map(entry => [entry.name.split('/').pop().split('?')[0], entry.decodedBodySize])"""


def test_a_page_loads_little_of_mlenv_before_somebody_asks_for_more(world: World, front: Front) -> None:
    """Plain bytes, as Jupyter's own server sends them; the panel's part comes when it is first looked at."""
    name = f"light-{front.app}"
    kernel = world.project(name, "six")
    write_notebook(world.root / name / "work.ipynb", "1", kernel={"name": kernel})
    front.open(f"{name}/work.ipynb")
    front.verdict_is("in-step")
    first = dict(front.page.evaluate(_LOADED))
    assert 10_000 < sum(first.values()) < MOST_BYTES, first
    front.panel.open()
    front.panel.node.locator(".jp-mlenv-Packages").wait_for()
    assert sum(dict(front.page.evaluate(_LOADED)).values()) > sum(first.values()) + 10_000


def test_a_folder_without_a_project_is_no_fault_of_the_page(world: World, front: Front) -> None:
    """The page looks again and again: no error in the browser's log, and the panel says what can be done."""
    folder = world.root / f"plain-{front.app}"
    (folder / ".git").mkdir(parents=True)
    write_notebook(folder / "work.ipynb", "1")
    with front.page.expect_response(lambda answer: urlsplit(answer.url).path.endswith("/mlenv/check")) as told:
        front.open(f"{folder.name}/work.ipynb")
    assert told.value.status == 200
    assert told.value.json()["error"]["code"] == "no-project"
    assert front.page.locator(".jp-mlenv-Status-button").count() == 0
    assert not front.problems
