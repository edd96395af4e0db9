"""Whether Jupyter, where it runs beside mlenv, finds mlenv's JupyterLab extension."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from jupyter_core.paths import jupyter_path

__all__ = ["labextension_is_here", "lines_on_the_front_end"]


def labextension_is_here() -> bool | None:
    """Return whether it is installed where JupyterLab and Notebook look; ``None`` where neither of them is here."""
    if not (find_spec("jupyterlab") or find_spec("notebook")):
        return None
    return any((Path(folder) / "mlenv" / "package.json").is_file() for folder in jupyter_path("labextensions"))


def lines_on_the_front_end() -> tuple[str, ...]:
    """Say what is missing and how to have it; nothing where all is well."""
    if labextension_is_here() is not False:
        return ()
    return (
        "mlenv's JupyterLab extension is not installed (it is built where Node.js is): install Node.js, "
        "then mlenv again with pip install --force-reinstall --no-deps",
    )
