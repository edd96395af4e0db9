"""Errors of the console that are Jupyter's own, each with its reason; every other one fails a test."""

from __future__ import annotations

import re

__all__ = ["is_allowed"]

_ANSWERED_404 = r"status of 404 .*/mlenv/(check|packages)\b"
"""Chromium writes every answer 404 to the console; the server says so that a folder has no project, or that a kernel has
ended since. What the page then shows is what the stories look at."""

_OURS = re.compile(r"labextensions/mlenv|\bmlenv:|/mlenv/|jp-mlenv")

_KNOWN = {
    r"Cannot read properties of undefined \(reading 'schema'\)": "Notebook 7: one of its own settings has no schema",
    r"reading 'last_modified'\)[\s\S]*/static/notebook/": "Notebook 7.2: a notebook that has no checkpoint yet",
    r"reading 'kernel'\)[\s\S]*@jupyter-widgets": "ipywidgets: a notebook that has no kernel",
    r"Command 'filebrowser:open-path' not registered": "Notebook 7: each start",
    r"Comm not found for comm id": "two pages on one kernel: each hears what is said to the other one",
    r"removeChild[\s\S]*/static/lab/jlab_core": "JupyterLab: a change of the theme while its splash still fades",
    r"status of 403 .*/static/notebook/\w+\.woff2": "Notebook 7: its icon font, asked for without the page's cookie",
    r"Could not restore the debugger state": "JupyterLab: each change of the kernel",
}


def is_allowed(text: str) -> bool:
    """Whether an error is known of Jupyter itself, and nothing of ours is in it."""
    if re.search(_ANSWERED_404, text):
        return True
    return not _OURS.search(text) and any(re.search(pattern, text) for pattern in _KNOWN)
