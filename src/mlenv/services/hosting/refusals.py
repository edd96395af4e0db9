"""What stops a set-up before anything is installed."""

from __future__ import annotations

import os
import sysconfig

from mlenv import locks
from mlenv.errors import MlenvError
from mlenv.hosted.plan import Plan, python_problem
from mlenv.locks import LockContent
from mlenv.services.builds import sources_of
from mlenv.services.hosting.image import Image
from mlenv.services.hosting.story import Story
from mlenv.services.indexes import refuse_credentials, refuse_options
from mlenv.services.select import target_of
from mlenv.versions import satisfies

__all__ = ["refuse", "refuse_builds", "refuse_read_only"]


def refuse(story: Story) -> None:
    """Stop where the lock cannot be brought here.

    Raises:
        MlenvError: ``no-lock``, ``lock-python``; as for options and credentials of lists; what a bundle does not fit.
    """
    selected = story.selected
    selection = selected.selection
    if selected.content is None or selection.lock is None:
        message = "the project has no lock, and a hosted runtime gets what a lock says"
        raise MlenvError("no-lock", message, hint="mlenv lock, where the project is; then run the cell again")
    _refuse_python(story)
    refuse_options(story.context, selected)
    refuse_credentials(story.project, selected)
    if story.given.bundle is not None:
        from mlenv.services.bundling.archive import read_archive
        from mlenv.services.bundling.restore import refuse_unfit

        bundle = read_archive(story.given.bundle)
        refuse_unfit(story.project, selected, bundle, {}, story.given.bundle)


def _refuse_python(story: Story) -> None:
    selection, image = story.selected.selection, story.image
    wanted = selection.requires_python
    said = next((finding for finding in selection.findings if finding.kind == "python"), None)
    if said is None and (not wanted or satisfies(image.version, wanted) is not False):
        return
    locked = said.locked if said is not None else None
    lock, asked = selection.lock or "", wanted or locked or "another"
    message = python_problem(asked, image.version, image.host.shown, lock)
    other = f"; or {image.host.another_python}" if image.host.another_python else ""
    hint = f"make the lock for Python {image.minor}, too (requires-python, then: mlenv lock){other}"
    raise MlenvError("lock-python", message, where=lock, hint=hint)


def refuse_builds(story: Story, chosen: Plan) -> None:
    """Stop where a package that has to come has no wheel for this Python: told from the lock's own list of files."""
    content, names = story.selected.content or LockContent(), {pin.name for pin in chosen.installs}
    if story.context.options.allow_build or story.given.bundle is not None:
        return
    target = target_of(story.image.python)
    missing = [name for name in locks.buildable(content, target) if name in names]
    sources = [pin.name for pin in sources_of(story.selected) if pin.name in names]
    if sources and not missing:
        message = f"{', '.join(sources[:3])} would be built from source, which runs its code; nothing was installed"
        where = story.selected.selection.lock or ""
        raise MlenvError("build-not-allowed", message, where=where, hint="mlenv setup --allow-build")
    if not missing:
        return
    other = locks.suggest_python({n: content.wheels.get(n, ()) for n in missing}, target, content.requires_python)
    better = f"; Python {other} has one" if other else ""
    image = story.image
    where = f"; or {image.host.another_python}" if image.host.another_python and other else ""
    raise MlenvError(
        "no-wheel",
        f"{missing[0]} of {story.selected.selection.lock} has no ready-built wheel for Python {image.minor} of"
        f" {image.host.shown}{better}; nothing was installed",
        where=story.selected.selection.lock or "",
        hint=f"make the lock for Python {image.minor} (mlenv lock){where}; or add --allow-build",
    )


def refuse_read_only(image: Image) -> None:
    """Stop where the image cannot be changed.

    Raises:
        MlenvError: ``image-read-only``.
    """
    if not os.access(sysconfig.get_path("purelib"), os.W_OK):
        message = f"the packages of {image.host.shown} cannot be changed from here: their folder is read-only"
        raise MlenvError("image-read-only", message, hint="add --isolated: mlenv setup --isolated")
