"""What ``%mlenv`` verbs tell the page: to switch, to look again, and to others nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kernel.page import Page
from kernel.standin import write_standin
from live_kernel import LiveKernel

pytestmark = [pytest.mark.real]

ARGV = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
JUPYTER = {"JPY_SESSION_NAME": "demo.ipynb"}
SWITCH = {"schema": 1, "kind": "switch", "kernel": "demo-1", "display_name": "Python (demo)"}
REFRESH = {"schema": 1, "kind": "refresh"}
ANSWERS = """
named = {"create", "use", "switch"}
outcome = {"verb": verb, "lines": [verb + " done"], "ok": "--fail" not in words, "dry_run": "--dry-run" in words}
if verb in named:
    outcome.update(kernel="demo-1", data={"display_name": "Python (demo)"})
if "--offline" in words:
    say(event="error", error={"code": "offline", "message": "no network"})
else:
    say(event="result", outcome=outcome)
"""


@pytest.fixture
def opened(
    mlenv_home: Path, tmp_path: Path, start_kernel: Callable[..., LiveKernel]
) -> Iterator[Callable[..., tuple[LiveKernel, Page]]]:
    """Open a notebook of a project in a kernel that is not the project's; its host answers without doing anything."""
    pages: list[Page] = []
    root = tmp_path / "demo"
    root.mkdir()
    (root / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "0"\n')
    host = write_standin(tmp_path, ANSWERS)

    def open_notebook(argv: list[str] = ARGV, **env: str) -> tuple[LiveKernel, Page]:
        live = start_kernel(argv, cwd=root, env=env)
        live.run("%load_ext mlenv\nfrom dataclasses import replace\nstate = get_ipython()._mlenv_session.state()")
        live.run(f"state.around = replace(state.around, host={host!r})")
        pages.append(Page(live))
        return live, pages[-1]

    yield open_notebook
    for page in pages:
        page.close()


def told(live: LiveKernel, page: Page, cell: str, seconds: float = 0.5) -> list[dict[str, Any]]:
    """Run a cell; returns what it told the page."""
    page.heard.clear()
    live.run(cell)
    page.listen(seconds)
    return page.told()


@pytest.mark.parametrize(
    ("cell", "messages"),
    [
        ("%mlenv switch", [SWITCH]),
        ("%mlenv create six", [SWITCH]),
        ("%mlenv use .venv", [SWITCH]),
        ("%mlenv create --dry-run", []),
        ("%mlenv add six", [REFRESH]),
        ("%mlenv add six --dry-run", []),
        ("%mlenv add six --offline", [REFRESH]),
        ("%mlenv kernels", []),
        ("%mlenv kernels prune --yes", [REFRESH]),
        ("%mlenv kernels repair", [REFRESH]),
        ("%mlenv list", []),
        ("%mlenv doctor", []),
        ("%mlenv switch\n%mlenv sync\n%mlenv create", [REFRESH, SWITCH]),
        ("%mlenv switch --json", [SWITCH]),
    ],
)
def test_every_verb_tells_the_page_what_it_has_to_know(table: Callable[[str], Any], cell: str, messages: Any) -> None:
    assert table(cell) == messages


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    raise NotImplementedError
