"""The error family: what is wrong, where, and what to type.

Errors hold data; :mod:`mlenv.render` turns them into text, HTML or JSON, and each face maps them once.
Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

__all__ = ["MlenvError"]


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
        self.message = message
        self.where = where
        self.hint = hint
        self.details = details
