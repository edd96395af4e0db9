"""The last line of an exported file: what made it, and whether somebody has edited it since."""

from __future__ import annotations

import hashlib
from typing import Literal

from mlenv.exports.deployment import TextFile
from mlenv.locks.exported import END

__all__ = ["State", "sealed", "state_of"]

State = Literal["absent", "same", "ours", "edited", "foreign"]


def sealed(file: TextFile, platform: str, lock: str) -> str:
    """Return the text with its seal; as it is where the format has no comments."""
    body = file.text.rstrip("\n") + "\n"
    if file.comment is None:
        return body
    return f"{body}{file.comment} mlenv export {platform}: made from {lock}, sha256:{_digest(body)}\n"


def state_of(found: str | None, wanted: str) -> State:
    """Judge what lies at the place of an exported file.

    Args:
        found: its text; ``None`` where there is none.
        wanted: what would be written.

    Returns:
        ``ours``: mlenv wrote it, and nobody changed it since, so it may be replaced; line ends do not count.
    """
    if found is None:
        return "absent"
    text = found.replace("\r\n", "\n")
    if text.rstrip() == wanted.rstrip():
        return "same"
    end = END.search(text)
    if end is None:
        return "foreign"
    return "ours" if _digest(text[: end.start()]) == end[3] else "edited"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
