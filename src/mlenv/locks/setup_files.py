"""``setup.py`` and ``setup.cfg``: what they declare is known only when the build runs, so nobody can tell it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from mlenv.model import Finding

__all__ = ["declares_a_package", "setup_note"]

_SECTIONS = re.compile(r"^\[(?:metadata|options)[\].]", re.MULTILINE)


def declares_a_package(names: Collection[str], load: Callable[[str], bytes | None]) -> tuple[str, ...]:
    """Return which of the two files declare a package: ``setup.cfg`` only with ``[metadata]`` or ``[options]``.

    Args:
        names: files in the project's root.
        load: returns the bytes of a file of the root.
    """
    found = ["setup.py"] if "setup.py" in names else []
    if "setup.cfg" in names and _SECTIONS.search((load("setup.cfg") or b"").decode("utf-8", "replace")):
        found.append("setup.cfg")
    return tuple(found)


def setup_note(files: Collection[str]) -> Finding | None:
    """Say that nobody can tell what these files declare; ``None`` where there are none."""
    if not files:
        return None
    what = " and ".join(files)
    verb = "declares" if len(files) == 1 else "declare"
    reason = f"What {what} {verb} is known only when the build runs, which a check never does: it is not compared."
    return Finding(kind="note", reason=reason)
