"""Restart this notebook's kernel where somebody is there to start it again.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

from typing import Any

from mlenv.errors import MlenvError

__all__ = ["restart"]

_REVIVING = frozenset({"jupyter", "vscode", "colab"})


def restart(shell: Any, front: str) -> None:
    """End this kernel so that the front end starts it anew; variables are lost.

    Args:
        shell: IPython's shell.
        front: the front end, see :func:`mlenv.kernel.surroundings.front_end`.

    Raises:
        MlenvError: ``no-front-end`` where nothing would start it again (nbclient, papermill, a terminal).
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None or front not in _REVIVING:
        raise MlenvError(
            "no-front-end",
            "nobody is there to start this kernel again once it has ended",
            hint="start the kernel again yourself: run the notebook anew, or leave IPython and start it again",
        )
    print("mlenv: the kernel restarts now; run the cells from the top")
    # ipykernel's own way to end with the wish to come back (5 to 7); the front end's server then starts it again.
    kernel.do_shutdown(True)
