"""mlenv: a notebook always knows whether it runs in the environment its project locked."""

from __future__ import annotations

from typing import Any, Dict, List

from mlenv._version import __version__

__all__ = ["__version__", "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext mlenv``: give this kernel the ``%mlenv`` magic and the watcher."""
    from mlenv.kernel import session

    session.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext mlenv``: take both away again."""
    from mlenv.kernel import session

    session.unload(shell)


def _jupyter_server_extension_points() -> List[Dict[str, str]]:
    """Tell Jupyter's server where its part of mlenv is."""
    return [{"module": "mlenv.faces.server.extension"}]


def _jupyter_labextension_paths() -> List[Dict[str, str]]:
    """Tell JupyterLab where its part of mlenv is (`jupyter labextension develop`)."""
    return [{"src": "labextension", "dest": "mlenv"}]
