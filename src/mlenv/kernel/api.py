"""What ``import mlenv`` gives a notebook: the check as a function, and the way into the project's kernel.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, List, Optional

from mlenv import render
from mlenv.errors import MlenvError
from mlenv.kernel.display import CheckResult, error_without_traceback, home_folder, not_in_step, without_traceback

if TYPE_CHECKING:
    from mlenv.kernel.session import Session

__all__ = ["Switching", "check", "shell", "use_kernel"]


class Switching(Exception):
    """The notebook is on its way into another kernel; the rest of the cell has not run."""


def shell() -> Any:
    """Return IPython's shell, ``None`` outside a notebook or IPython."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def check(project: Optional[str] = None, *, strict: bool = False) -> CheckResult:
    """Compare what this kernel has loaded with what is installed, locked and declared.

    Args:
        project: the project's folder; ``None``: this notebook's.
        strict: raise unless all is in step.

    Raises:
        MlenvError: ``no-project``; ``not-in-step`` with ``strict``; what host code says of an unreadable lock.

    Cost: as ``%mlenv check``, 2 ms for 300 packages.
    """
    from mlenv.kernel.state import State

    if project is not None and not os.path.isdir(project):
        error = MlenvError("no-project", "there is no such folder", where=project, hint="mlenv.check()")
        raise error_without_traceback(error)
    ip = shell()
    session = _session_of(ip)
    state = session.state() if session is not None and project is None else State(ip, project)
    try:
        result = CheckResult(state.report(wait=True, whole=True))
        if strict and not result.ok:
            raise not_in_step(result)
    except MlenvError as error:
        raise error_without_traceback(error, state.root or "") from None
    return result


async def use_kernel() -> CheckResult:
    """Run this notebook in its project's kernel.

    In that kernel it returns the check at once. In any other kernel of JupyterLab or Notebook 7 it has the notebook
    switched and ends the cell: what stands behind the line has not run, cells that wait run in the project's kernel.

    Raises:
        Switching: the switch is under way; shown as one line.
        MlenvError: ``no-project``; ``no-kernel`` where the project has none yet; ``not-switched`` where this front end
            cannot be told, with what to click.
    """
    from mlenv.kernel import session as sessions

    ip = shell()
    if _session_of(ip) is None:
        sessions.load(ip)
    session = _session_of(ip)
    if session is None or session.state().at_home:
        return check()
    state = session.state()
    try:
        found = session.magic().outcome("switch")
        kernel = found.kernel or ""
        shown = str((found.data or {}).get("display_name") or kernel)
        _need_front_end(ip, kernel, shown)
    except MlenvError as error:
        raise error_without_traceback(error, state.root or "") from None
    session.front.switch(kernel, shown)
    text = f"mlenv: this notebook is being switched to {shown}; the rest of this cell has not run: run it there"
    raise without_traceback(Switching(text), text)


def _session_of(ip: Any) -> Optional[Session]:
    found: Optional[Session] = vars(ip).get("_mlenv_session")
    return found


def _need_front_end(ip: Any, kernel: str, shown: str) -> None:
    from mlenv.kernel.magics import switch_lines
    from mlenv.kernel.surroundings import front_end

    front = front_end(ip)
    if front != "jupyter":
        lines: List[str] = switch_lines(kernel, shown, front)
        hint = render.shorten(" ".join(line.strip() for line in lines), "", home_folder())
        raise MlenvError("not-switched", f"this notebook does not run in {shown}", hint=hint)
