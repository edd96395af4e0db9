"""After an environment has changed: a runtime that fits it, so that its kernel starts without asking the network."""

from __future__ import annotations

from mlenv import runtime
from mlenv.errors import MlenvError
from mlenv.probe import environment
from mlenv.services import kernels, words
from mlenv.services.context import Context
from mlenv.services.project import Project

__all__ = ["refresh_runtime"]


def refresh_runtime(context: Context, project: Project) -> None:
    """Make sure that the project's kernel finds a runtime; where that fails the change stays and this is told."""
    if not kernels.kernels_of(str(project.root)) or project.marker.get("ipykernel") == "installed":
        return
    try:
        runtime.ensure(
            environment.interpreter(project.prefix),
            words.installed_of(project),
            offline=context.options.offline,
            report=context.report,
        )
    except MlenvError as error:
        context.tell("note", f"the kernel may not start: {error.message}")
