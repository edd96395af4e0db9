"""What mlenv puts into a page: the side panel, its jobs, the form that creates, as a user sees and uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from browser.front import Front

__all__ = ["Form", "Panel"]

JOB_MS = 180_000
"""Until a job counts as never ending: one may resolve and download."""


class Panel:
    """The side panel "Environments"."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.node: Locator = front.page.locator("#mlenv-panel")

    def open(self) -> Panel:
        """Open it by a click on the status item."""
        if not self.node.is_visible():
            self.front.status.click()
            self.node.wait_for()
        return self

    def verdict_is(self, word: str) -> None:
        self.node.locator(f".jp-mlenv-Verdict[data-verdict='{word}']").wait_for()

    def button(self, name: str) -> Locator:
        """A button of the panel by its name in the source, ready to be clicked."""
        return self.node.locator(f"button[data-name='{name}']:not([aria-disabled='true'])")

    def act(self) -> None:
        """Click the one main button: what the verdict asks for."""
        self.button("act").click()

    def choose(self, name: str) -> None:
        """Choose from the other actions, behind the second button."""
        self.button("more").click()
        self.node.locator(f"[role=menuitem][data-name='{name}']:not([aria-disabled='true'])").click()

    def add(self, packages: str) -> None:
        self.node.locator(".jp-mlenv-Add input").fill(packages)
        self.button("add").click()

    def job_ends(self, verb: str, state: str = "done") -> str:
        """Wait until a job has ended so; the text of its card comes back."""
        card = self.node.locator(f".jp-mlenv-Job[data-verb='{verb}'][data-state='{state}']")
        card.wait_for(timeout=JOB_MS)
        return card.inner_text()

    @property
    def job(self) -> Locator:
        return self.node.locator(".jp-mlenv-Job")

    def rows(self, group: str = "") -> dict[str, dict[str, str]]:
        """The table as it is shown: package -> column -> version; ``group``: ``differing``, ``declared`` or ``all``."""
        if group:
            self.node.locator(f".jp-mlenv-Groups-item[data-name='{group}']").click()
        rows = self.node.locator(".jp-mlenv-Table tbody tr")
        found = {}
        for row in rows.all():
            cells = [(cell.get_attribute("data-label"), cell) for cell in row.locator("td").all()]
            versions = {
                str(label): "" if cell.get_attribute("data-empty") == "true" else cell.inner_text()
                for label, cell in cells
            }
            found[str(row.get_attribute("data-package"))] = versions
        return found


class Form:
    """The form that makes an environment, in its dialog."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.dialog: Locator = front.page.locator(".jp-Dialog", has=front.page.locator(".jp-mlenv-Form"))
        self.node: Locator = self.dialog.locator(".jp-mlenv-Form")

    def field(self, name: str) -> Locator:
        return self.node.locator(f"[name='{name}']")

    @property
    def plan(self) -> str:
        """What the form says that will happen."""
        return self.node.locator(".jp-mlenv-Form-plan").inner_text()

    def accept(self) -> None:
        self.dialog.locator(".jp-mod-accept").click()
