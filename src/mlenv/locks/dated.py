"""The day that a lock was resolved as of, written into the lock: ``uv.lock`` has a place of its own for it.

``pylock.toml`` has it in ``[tool.mlenv]``, a list in a comment. What is no moment counts as not written.
"""

from __future__ import annotations

import re

from mlenv.moments import is_moment

__all__ = ["day_line", "recorded_moment", "with_day_line"]

_OF_UV = re.compile(r'^\[options\]\n(?:[a-z-]+ = .*\n)*?exclude-newer = "([^"\n]+)"$', re.MULTILINE)
_OF_PYLOCK = re.compile(r'^as-of = "([^"\n]+)"$', re.MULTILINE)
_END = "[tool.mlenv]\n"
_OF_LIST = re.compile(r"^# as of: (\S+)(?: .*)?\n", re.MULTILINE)
_SPAN = re.compile(r"^exclude-newer-span = ", re.MULTILINE)
"""uv's word for a limit that moves with the day, which is no date."""


def recorded_moment(name: str, text: str) -> str:
    """Return the moment that a lock says it was resolved as of; empty where it says none.

    Args:
        name: the lock's file name.
        text: its content.
    """
    text = text.replace("\r\n", "\n")
    if name.endswith("uv.lock"):
        found = None if _SPAN.search(text) else _OF_UV.search(text)
    elif name.endswith(".toml"):
        found = _OF_PYLOCK.search(text, text.rindex(_END)) if _END in text else None
    else:
        found = _OF_LIST.search(text)
    return found[1] if found and is_moment(found[1]) else ""


def day_line(moment: str) -> str:
    """Return the comment that a list has."""
    return f"# as of: {moment} (only packages uploaded before it)"


def with_day_line(text: str, moment: str) -> str:
    """Return a list with the comment for this moment, or for none; the head of a list that mlenv made stays first."""
    plain = _OF_LIST.sub("", text, count=1)
    if not moment:
        return plain
    head, rest = "", plain
    if plain.startswith("# This file was made by mlenv"):
        head, _, rest = plain.partition("\n")
        head += "\n"
    return f"{head}{day_line(moment)}\n{rest}"
