"""What an interrupted pip left in an environment (``~umpy``): named by ``check``, removed by ``sync``."""

from __future__ import annotations

from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import Installed
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.refusals import refuse_foreign

__all__ = ["clear_leftovers"]


def clear_leftovers(context: Context, project: Project, installed: Installed) -> tuple[str, ...]:
    """Remove them where they lie, and say so; a dry run only says. Nothing can be imported from a ``~`` folder.

    Args:
        context: ``dry_run`` counts.
        project: as it lies on disk, its lock held.
        installed: the scan of its environment.

    Returns:
        A line to tell; none where there was nothing. What lies in another Python (``include-system-site-packages``) or
        in an environment that mlenv does not change stays.
    """
    environment = project.environment
    own = set(environment.sites) - set(environment.inherited)
    found = [Path(path) for path in installed.leftovers if path.rpartition("/")[0] in own]
    names = ", ".join(path.name for path in found)
    if not found:
        return ()
    if context.options.dry_run:
        return (f"would remove {names}, left by an interrupted pip",)
    try:
        refuse_foreign(project)
        for path in found:
            store.remove_tree(path, inside=path.parent)
    except MlenvError as error:
        return (f"{names}, left by an interrupted pip, stays: {error.message}",)
    return (f"removed {names}, left by an interrupted pip",)
