"""One verb of mlenv's command line, asked by this kernel: in a child process, with all that the child must know of it.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Callable, Dict, Optional, Sequence

from mlenv.kernel import child
from mlenv.kernel.state import State
from mlenv.model import Event

__all__ = ["ask", "asks_many"]

_STARTING = frozenset({"check", "create", "freeze", "use", "kernels", "doctor", "dotenv", "pythons", "scan"})
"""Verbs that make sense where there is no project yet; the command line says what it needs."""


def ask(
    state: State,
    verb: str,
    words: Sequence[str],
    tell: Callable[[Event], None],
    stop: Optional[threading.Event] = None,
) -> Dict[str, Any]:
    """Run a verb to its end; returns its last message.

    Args:
        state: of this kernel.
        verb: ``add``.
        words: its arguments and options.
        tell: told each step.
        stop: set by another thread to end it.

    Raises:
        MlenvError: the verb's own error; ``no-project`` where it needs one.
        KeyboardInterrupt: it was interrupted or stopped.
    """
    argv = child.command(
        state.around.host,
        verb,
        words,
        project=_project(state, verb, words),
        kernel_prefix=sys.prefix,
        loaded=child.loaded_json(state.loaded() if state.at_home else ()),
    )
    return child.run(argv, tell, cwd=os.getcwd(), stop=stop)


def _project(state: State, verb: str, words: Sequence[str]) -> Optional[str]:
    """Return the project that a verb is told; some look for it themselves."""
    if "--project" in words or verb in ("init", "run") or asks_many(verb, words):
        return None  # a notebook that is named may be of another project
    if verb == "setup":
        return state.root if state.at_home and state.hosted is None else None
    return state.root if verb in _STARTING else state.need_root()


def asks_many(verb: str, words: Sequence[str]) -> bool:
    """Whether ``check`` is asked of several notebooks or folders, or of all that lies here."""
    paths = [word for word in words if word.endswith(".ipynb") or os.path.isdir(word)]
    return verb == "check" and ("--all" in words or len(paths) > 1 or any(map(os.path.isdir, paths)))
