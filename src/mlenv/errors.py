"""The error family: what is wrong, where, and what to type.

Errors hold data; :mod:`mlenv.render` turns them into text, HTML or JSON, and each face maps them once.
Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import re

__all__ = ["MlenvError"]

# A name from a file or a command line may hold a terminal's control codes, or turn the reading direction round.
_UNSHOWN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
_LONGEST = 1000


class MlenvError(Exception):
    """One clear failure.

    Attributes:
        code: stable kebab-case name of the failure (``lock-unreadable``).
        message: what is wrong, one sentence, no blame.
        where: file and place inside it (``pylock.toml: packages[3].version``), or a path; empty if there is none.
        hint: the exact thing to type or to change; empty if there is none.
        details: further text for ``--verbose`` and logs (the tail of a program's output), secrets masked.
    """

    def __init__(self, code: str, message: str, *, where: str = "", hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = _shown(message)
        self.where = _shown(where).replace("\n", "\N{REPLACEMENT CHARACTER}")
        self.hint = _shown(hint)
        self.details = details


def _shown(text: str) -> str:
    """Return the text as it may be shown: no control codes, and not longer than a screen."""
    plain = _UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST // 2]}...{plain[-_LONGEST // 2 :]}"
