"""What one set-up has found out: the image, what was given, the project, and what its lock asks of this Python."""

from __future__ import annotations

from mlenv.locks import Selected
from mlenv.services.context import Context
from mlenv.services.hosting.image import Image
from mlenv.services.hosting.source import Given, with_lock
from mlenv.services.project import Project, load, settled
from mlenv.services.select import select_project, target_of

__all__ = ["Story"]


class Story:
    """One set-up, before anything is changed."""

    def __init__(self, context: Context, image: Image, given: Given) -> None:
        self.image = image
        self.given = given
        self.context = with_lock(context, given)
        root, member = settled(given.root, self.context)
        self.project: Project = load(root, used=False, member=member)
        self.selected: Selected = select_project(self.project, target_of(image.python), self.context.options)
