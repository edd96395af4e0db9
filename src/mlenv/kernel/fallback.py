"""The fallback kernel: a real kernel whose every cell says why the environment's own one cannot start.

The ``%mlenv`` verbs work in it, so that the repair happens in the same notebook. Standard library only, Python 3.9+.
"""

from __future__ import annotations

import sys
from typing import Any, List

from mlenv.errors import MlenvError
from mlenv.kernel import place
from mlenv.kernel.explanation import Explanation

__all__ = ["NAME", "allowed", "explain_every_cell", "leave_environment"]

_VERBS = ("%mlenv", "%%mlenv", "%load_ext")
NAME = "_mlenv_explain"
"""In the hidden part of the user's namespace: this is how the session knows where it runs."""


def leave_environment() -> None:
    """Take the environment's packages and its import hooks out of this process; only the interpreter stays."""
    sites = place.sites(sys.path)
    sys.path[:] = [entry for entry in sys.path if entry not in sites]
    # Hooks of editable installs and the like, which .pth files put there.
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if str(getattr(finder, "__module__", "")).startswith("_frozen_importlib")
    ]
    sys.path_importer_cache.clear()


def allowed(cell: str) -> bool:
    """Whether a cell is executed here: its first line of code is one of mlenv's verbs, or there is no code."""
    lines = [line.strip() for line in cell.splitlines()]
    code = [line for line in lines if line and not line.startswith("#")]
    return not code or code[0].split()[0] in _VERBS


def explain_every_cell(shell: Any, explanation: Explanation) -> None:
    """Let every cell but mlenv's verbs fail with the explanation (IPython 7 and later)."""

    def fail() -> None:
        error = MlenvError("kernel-fallback", explanation.what, hint=explanation.hint, details=explanation.tail)
        # IPython asks the exception itself how it looks: the reader needs no traceback of mlenv's own code.
        vars(error)["_render_traceback_"] = explanation.text.splitlines
        raise error

    def transform(lines: List[str]) -> List[str]:
        return lines if allowed("".join(lines)) else [f"{NAME}()\n"]

    shell.user_ns_hidden[NAME] = shell.user_ns[NAME] = fail
    # The very first step: later ones would turn `!pip install x` or `%%bash` into calls before it is seen.
    shell.input_transformer_manager.cleanup_transforms.insert(0, transform)
