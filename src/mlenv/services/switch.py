"""``switch``: which kernel runs the project, and how to choose it; switching itself is the front end's."""

from __future__ import annotations

from mlenv.errors import MlenvError
from mlenv.model import Outcome
from mlenv.services.context import Context
from mlenv.services.kernels import kernels_of
from mlenv.services.project import open_project

__all__ = ["switch"]


def switch(context: Context) -> Outcome:
    """Name the project's kernel and the way to choose it in each front end.

    Raises:
        MlenvError: ``no-kernel`` with what to type.
    """
    project = open_project(context)
    mine = [one for one in kernels_of(str(project.root)) if one.prefix == project.prefix and one.state == "ok"]
    if not mine:
        raise MlenvError(
            "no-kernel", "this project has no working kernel yet", where=str(project.root), hint="mlenv create"
        )
    one = mine[0]
    lines = (
        f"the project's kernel is {one.display_name} ({one.id})",
        f'JupyterLab, Notebook: Kernel > Change Kernel > "{one.display_name}" (reload the page if it is not listed)',
        f'VS Code: kernel picker > Jupyter Kernel > "{one.display_name}"',
        f"nbclient, papermill: kernel_name={one.id}",
    )
    return Outcome(verb="switch", lines=lines, kernel=one.id, data={"id": one.id, "display_name": one.display_name})
