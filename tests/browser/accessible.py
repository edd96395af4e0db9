"""What axe-core finds in our own nodes of a page; the rest of the page is Jupyter's own affair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from browser.front import Front

__all__ = ["THEMES", "set_theme", "violations"]

THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")

_AXE = Path(__file__).parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"


def set_theme(front: Front, theme: str) -> None:
    """Change the colours of a page, as Settings > Theme does."""
    front.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    front.page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    front.page.locator("#jupyterlab-splash").wait_for(state="detached")


def violations(front: Front, *selectors: str) -> list[str]:
    """Return what is wrong in the nodes of some selectors, one line each; every selector has to be there."""
    page = front.page
    missing = [selector for selector in selectors if not page.locator(selector).count()]
    assert not missing, f"not in the page: {missing}"
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE.read_text())
    found: list[dict[str, Any]] = page.evaluate(
        "include => window.axe.run({ include }, { resultTypes: ['violations'] }).then(all => all.violations)",
        list(selectors),
    )
    return [
        f"{rule['id']}: {rule['help']}: {node['target']}: {node['html'][:200]}: {node.get('failureSummary', '')}"
        for rule in found
        for node in rule["nodes"]
    ]
