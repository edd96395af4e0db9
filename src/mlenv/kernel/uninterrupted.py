"""Hold an interrupt back for as long as it would leave something half done.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from types import FrameType
from typing import Iterator, Optional

__all__ = ["Held", "uninterrupted"]


class Held:
    """The interrupts that came while a block was not to be torn."""

    def __init__(self) -> None:
        self.asked = 0
        """How often the user asked."""

    def note(self, _number: int, _frame: Optional[FrameType]) -> None:
        self.asked += 1


@contextmanager
def uninterrupted() -> Iterator[Held]:
    """Let the block run to its end; an interrupt that came meanwhile is raised after it.

    A block that takes long looks at ``asked`` itself. In other threads than the main one, where no interrupt is ever
    raised, nothing is done. Cost: 2 us.

    Raises:
        KeyboardInterrupt: after the block, if the user interrupted and interrupts are not ignored at this moment.
    """
    held = Held()
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    before = signal.signal(signal.SIGINT, held.note)
    try:
        yield held
    finally:
        # None: a handler that was not set from Python and cannot be set again.
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
    if held.asked and before is not signal.SIG_IGN:
        raise KeyboardInterrupt
