"""Holds the cells that wait behind a switch: none of them begins here and then runs again in the other kernel.

A front end learns of the switch while the next cell of its queue is being started. It answers with an interrupt, the
only thing that a busy kernel hears. Standard library only, Python 3.9+.
"""

from __future__ import annotations

import threading
import time
from typing import Any, List

__all__ = ["Hold"]

_QUEUED_WITHIN_S = 0.5
"""A cell that starts so soon after the one before it was queued behind it; no person is as fast."""
_PATIENCE_S = 2.0
"""A front end that does not interrupt within this time has no extension of mlenv: the cell runs here, as ever."""
_STEP_S = 0.05
"""Windows does not wake a sleeping thread for an interrupt."""


class Hold:
    """Decides about each cell before any of its code runs.

    Args:
        shell: IPython's shell (7.34 or later).
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._until = 0.0
        self._shown = ""
        self._leaving = False
        self._gates: List[_Gate] = []

    def begin(self, display_name: str) -> None:
        """Note that a front end was told to switch to this kernel: the next cell waits, if it was queued."""
        self._shown = display_name
        self._leaving = False
        self._until = time.monotonic() + _QUEUED_WITHIN_S

    def before_cell(self) -> None:
        """Wait for the front end, where this cell was queued behind a switch. Cost: 0.1 us for all others, else 2 s."""
        if not self._until:
            return
        is_queued = time.monotonic() < self._until and threading.current_thread() is threading.main_thread()
        self._until = 0.0
        if is_queued and (self._leaving or _interrupted_within(_PATIENCE_S)):
            self._leaving = True
            self._refuse()

    def after_cell(self) -> None:
        """Let the next cell in; if this one was refused, what is still queued behind it is refused, too."""
        if self._gates:
            self._until = time.monotonic() + _QUEUED_WITHIN_S
        while self._gates:
            gate = self._gates.pop()
            if gate in self._shell.ast_transformers:
                self._shell.ast_transformers.remove(gate)

    def _refuse(self) -> None:
        # A hook cannot keep a cell from running: IPython goes on whatever it raises. A transformer of its code can.
        gate = _Gate(f"mlenv: not run here, this notebook is being switched to {self._shown}")
        self._gates.append(gate)
        self._shell.ast_transformers.insert(0, gate)


class _Gate:
    """What IPython takes for a transformer of code."""

    def __init__(self, text: str) -> None:
        self._text = text

    def visit(self, node: Any) -> Any:
        from IPython.core.error import InputRejected

        class MlenvNotRun(InputRejected):  # type: ignore[misc]  # IPython has no types
            """The front end knows by this name that nothing of the cell has run."""

            def _render_traceback_(self) -> List[str]:
                return [str(self)]

        raise MlenvNotRun(self._text)


def _interrupted_within(seconds: float) -> bool:
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            time.sleep(_STEP_S)
    except KeyboardInterrupt:
        return True
    return False
