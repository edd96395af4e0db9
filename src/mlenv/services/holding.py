"""Begin a change: the project's lock, what a kill interrupted finished, the project as it lies there now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mlenv import generations, store
from mlenv.errors import MlenvError
from mlenv.kernel import kept
from mlenv.services import hygiene, space
from mlenv.services.context import Context
from mlenv.services.project import Project, again

__all__ = ["holding"]


@contextlib.contextmanager
def holding(context: Context, project: Project, verb: str) -> Iterator[tuple[Project, int]]:
    """Hold a project for one verb; every verb that writes works inside.

    Yields:
        The project, read once nobody else can change it, and the lock's descriptor, which engines inherit.

    Raises:
        MlenvError: ``project-kept`` where another user keeps it; ``project-busy``; as
            :func:`mlenv.services.project.load`.
    """
    root = project.root
    kept.refuse(str(root), verb)
    try:
        with store.hold(root, verb, lambda text: context.tell("wait", text)) as (descriptor, _):
            generations.heal(root)
            project = again(project)
            if generations.settle(root, project.link):
                hygiene.ignore(context, root, project.link)  # the step that came after the one that was killed
            yield project, descriptor
    except MlenvError as error:
        raise space.told(error, root) from error.__cause__
