"""mlenv: a notebook always knows whether it runs in the environment its project locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Optional

from mlenv._version import __version__

if TYPE_CHECKING:
    from mlenv.kernel.display import CheckResult

__all__ = ["__version__", "check", "load_ipython_extension", "unload_ipython_extension", "use_kernel"]


def check(project: Optional[str] = None, *, strict: bool = False) -> CheckResult:
    """Compare loaded, installed, locked and declared: ``r.ok``, ``r.verdict``, ``r.findings``, ``r.next.command``.

    In a notebook as ``%mlenv check``; in a program that runs beside mlenv as ``mlenv check``, which knows of nothing
    that is loaded.

    Args:
        project: the project's folder; ``None``: found upwards from the notebook or the working folder.
        strict: raise unless all is in step.

    Raises:
        MlenvError: ``no-project``; ``not-in-step`` with ``strict``; a lock or manifest that cannot be read.
    """
    from mlenv.kernel import api

    if api.shell() is not None:
        return api.check(project, strict=strict)
    from importlib import import_module

    # By name: this file is copied beside kernels, too, where nothing of mlenv's own Python is.
    answer: CheckResult = import_module("mlenv.faces.library").check(project, strict=strict)
    return answer


async def use_kernel() -> CheckResult:
    """Run this notebook in its project's kernel: ``await mlenv.use_kernel()``, in a cell of its own.

    In that kernel it returns the check. In another one JupyterLab or Notebook 7 switches, and the rest of the cell is
    not run; the cells that wait behind it run in the project's kernel.

    Raises:
        MlenvError: ``no-project``, ``no-kernel``; ``not-switched`` where the front end cannot be told, with what to
            click; ``usage`` outside a notebook.
    """
    from mlenv.errors import MlenvError
    from mlenv.kernel import api

    if api.shell() is None:
        raise MlenvError("usage", "only a notebook has a kernel to change", hint="await mlenv.use_kernel() in a cell")
    return await api.use_kernel()


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
