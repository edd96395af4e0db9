"""After an environment has changed: what its kernel needs to start without the network and to compare at once."""

from __future__ import annotations

from mlenv import runtime
from mlenv.errors import MlenvError
from mlenv.probe import environment
from mlenv.services import kernels, share, words
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.select import selection_for
from mlenv.services.tools import supply_of

__all__ = ["refresh_runtime"]


def refresh_runtime(context: Context, project: Project) -> None:
    """Make sure that the project's kernel finds a runtime and the new selection; where that fails the change stays."""
    if not kernels.kernels_of(str(project.root)):
        return
    try:
        python = environment.interpreter(project.prefix)
        if project.marker.get("ipykernel") != "installed":
            runtime.ensure(python, words.installed_of(project), supply=supply_of(context), report=context.report)
        share.renew(context, project)
        # Without it a live kernel would have to ask for the selection first, and a change made meanwhile goes unsaid.
        selection_for(context, project, python)
    except MlenvError as error:
        context.tell("note", f"the kernel may not start: {error.message}")
