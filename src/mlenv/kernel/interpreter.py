"""What compiled modules must fit, by which a runtime is chosen: told by the launcher of its own process.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import importlib.machinery
import sys

__all__ = ["tag", "tag_of"]


def tag() -> str:
    """Return the tag of the running interpreter."""
    machine = ""
    if sys.platform == "darwin":
        import os

        machine = os.uname().machine
    suffix = next(iter(importlib.machinery.EXTENSION_SUFFIXES), "")
    return tag_of(suffix, str(sys.implementation.cache_tag), machine)


def tag_of(suffix: str, cache_tag: str, machine: str) -> str:
    """Return what compiled modules must fit: ``cpython-312-x86_64-linux-gnu``, ``cp312-win_amd64``.

    Args:
        suffix: first file ending of compiled modules: ``.cpython-312-x86_64-linux-gnu.so``; may be empty.
        cache_tag: ``cpython-312``; counts where there are no compiled modules.
        machine: ``arm64``; counts on macOS, whose builds name no processor in the ending.
    """
    name = suffix.strip(".").rsplit(".", 1)[0] if suffix else cache_tag
    return f"{name}-{machine}" if name.endswith("-darwin") else name
