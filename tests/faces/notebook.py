"""A real IPython shell in this process, driven as a notebook drives it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """What one cell did."""

    error: BaseException | None
    printed: str
    shown: list[dict[str, Any]] = field(default_factory=list)
    """Bundles that were displayed, the cell's value included."""
    value: Any = None

    @property
    def text(self) -> str:
        return "\n".join([self.printed, *(str(bundle.get("text/plain", "")) for bundle in self.shown)])


class Notebook:
    """Runs cells."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def run(self, code: str) -> Cell:
        from IPython.core.displaypub import CapturingDisplayPublisher

        publisher = CapturingDisplayPublisher()
        before, self.shell.display_pub = self.shell.display_pub, publisher
        out = io.StringIO()
        try:
            with redirect_stdout(out), redirect_stderr(out):
                result = self.shell.run_cell(code, store_history=True)
        finally:
            self.shell.display_pub = before
        shown = [each["data"] for each in publisher.outputs]
        error = result.error_in_exec or result.error_before_exec
        return Cell(error=error, printed=out.getvalue(), shown=shown, value=result.result)

    def complete(self, line: str) -> list[str]:
        return list(self.shell.complete("", line, len(line))[1])


@contextmanager
def open_notebook() -> Iterator[Notebook]:
    """Give a fresh shell; it is taken down afterwards."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    InteractiveShell.clear_instance()
    # Said before it is made: its history would open a file in the home of this test, and miss it at the end.
    without_history = Config({"HistoryAccessor": {"enabled": False}, "HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(colors="nocolor", config=without_history)
    try:
        yield Notebook(shell)
    finally:
        shell.run_line_magic("reset", "-f")
        InteractiveShell.clear_instance()
