"""Why a kernel cannot start, small enough to travel on a command line.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import json
from typing import Optional

from mlenv.model import value

__all__ = ["Explanation", "parse_explanation", "tail"]

_TAIL_LINES = 12
_TAIL_CHARACTERS = 4000


@value
class Explanation:
    what: str
    """What is wrong, one or two sentences."""
    hint: str = ""
    """The exact thing to type in the notebook: ``%mlenv create``."""
    tail: str = ""
    """Last lines of the failing output."""
    runtime: str = ""
    """Key of the runtime that must not be used again, where it is what failed."""

    @property
    def text(self) -> str:
        """What every cell answers."""
        parts = ["This notebook's environment does not run, so no cell was executed.", self.what]
        if self.tail:
            parts += ["", self.tail, ""]
        if self.hint:
            parts.append(f"Type {self.hint} in a cell, then restart the kernel.")
        return "\n".join(parts)

    def as_text(self) -> str:
        """Return it in the form that :func:`parse_explanation` reads."""
        return json.dumps({"what": self.what, "hint": self.hint, "tail": self.tail, "runtime": self.runtime})


def parse_explanation(text: str) -> Optional[Explanation]:
    """Read what :meth:`Explanation.as_text` wrote; any other text becomes the sentence itself."""
    try:
        raw = json.loads(text)
        return Explanation(**{name: str(raw.get(name, "")) for name in ("what", "hint", "tail", "runtime")})
    except (ValueError, AttributeError, RecursionError):
        return Explanation(what=text)


def tail(text: str) -> str:
    """Return the last lines of a program's output or a traceback."""
    return "\n".join(text.rstrip().splitlines()[-_TAIL_LINES:])[-_TAIL_CHARACTERS:]
