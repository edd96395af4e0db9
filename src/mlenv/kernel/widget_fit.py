"""Whether the page can draw this kernel's widgets: the kernel's ipywidgets and the server's widget manager go in pairs.

Source: ipywidgets' installation guide, "with JupyterLab and the kernel in different environments": ipywidgets 8 needs
jupyterlab_widgets 3 (``@jupyter-widgets/jupyterlab-manager`` 5), ipywidgets 7 needs jupyterlab_widgets 1 (manager 3).
Standard library only, Python 3.9+. Nothing is started and nothing imported.
"""

from __future__ import annotations

import json
import os
from typing import List, Optional, Sequence

__all__ = ["misfit", "server_manager", "server_prefixes"]

_MANAGER = os.path.join("share", "jupyter", "labextensions", "@jupyter-widgets", "jupyterlab-manager", "package.json")
_LAB = os.path.join("share", "jupyter", "lab", "static")
_PAIRS = {7: (3, "jupyterlab_widgets>=1,<2"), 8: (5, "jupyterlab_widgets>=3,<4")}
"""Major version of ipywidgets -> of the page's manager, and what brings that into the server's environment."""


def server_prefixes() -> List[str]:
    """Return the environments that the server of this kernel can be in: of the program that started it.

    Empty where the system does not say (only Linux does).
    """
    try:
        with open(f"/proc/{os.getppid()}/cmdline", "rb") as opened:
            words = [os.fsdecode(word) for word in opened.read().split(b"\0")[:2]]
    except OSError:
        return []
    folders = [os.path.dirname(os.path.dirname(word)) for word in words if os.path.isabs(word)]
    return [folder for folder in dict.fromkeys(folders) if os.path.isdir(os.path.join(folder, _LAB))]


def server_manager(prefixes: Sequence[str]) -> Optional[str]:
    """Return the version of the widget manager of the first of these environments; empty where it has none.

    Returns:
        ``None`` where there is no environment to look at.
    """
    for prefix in prefixes:
        try:
            with open(os.path.join(prefix, _MANAGER), "rb") as opened:
                return str(json.load(opened).get("version") or "")
        except (OSError, ValueError, AttributeError):
            return ""
    return None


def misfit(ipywidgets: str, manager: Optional[str]) -> str:
    """Return what is wrong and what mends it; empty where they fit or nobody can tell.

    Args:
        ipywidgets: the kernel's version, ``8.1.5``.
        manager: as :func:`server_manager`.
    """
    pair = _PAIRS.get(_major(ipywidgets))
    if pair is None or manager is None or _major(manager) == pair[0]:
        return ""
    there = f"has widget manager {manager}" if manager else "has no widget manager"
    return (
        f"no buttons here: this kernel has ipywidgets {ipywidgets}, JupyterLab's environment {there};"
        f' type there: pip install "{pair[1]}", and reload the page. The report instead:'
    )


def _major(version: str) -> int:
    head = version.partition(".")[0]
    return int(head) if head.isdigit() else 0
