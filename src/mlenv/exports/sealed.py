"""The last line of an exported file: what made it, and whether somebody has edited it since."""

from __future__ import annotations

import hashlib
from typing import Literal

from mlenv.exports.deployment import TextFile
from mlenv.locks.exported import END

__all__ = ["State", "sealed", "state_of"]

State = Literal["absent", "same", "ours", "edited", "foreign"]


def sealed(file: TextFile, platform: str, lock: str) -> str:
    """Return the text with its seal; as it is where the format has no comments.

    Args:
        lock: what it was made from; ``uv.lock for DIR/`` where the file lies in a folder that projects share.
    """
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
        ``ours``: mlenv wrote it for this project, and nobody changed it since, so it may be replaced; line ends do not
        count. What it wrote for another project of the repository is ``foreign``.
    """
    if found is None:
        return "absent"
    text = found.replace("\r\n", "\n")
    if text.rstrip() == wanted.rstrip():
        return "same"
    end = END.search(text)
    if end is None or _owner(text) != _owner(wanted):
        return "foreign"
    return "ours" if _digest(text[: end.start()]) == end[3] else "edited"


def _owner(text: str) -> str:
    """Return the folder of the project that a shared file was made for; empty for the folder that the file lies in."""
    end = END.search(text)
    return end[2].partition(" for ")[2] if end else ""


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]
