"""``delete``: the project's environment and its kernel; manifest and lock stay, nothing of others is touched."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import generations, kernels, store
from mlenv.errors import MlenvError
from mlenv.model import Outcome
from mlenv.services import share
from mlenv.services.context import Context
from mlenv.services.holding import holding
from mlenv.services.kernels import kernels_of
from mlenv.services.project import Project, open_project
from mlenv.services.workspace import refuse_member

__all__ = ["delete"]


def delete(context: Context) -> Outcome:
    """Delete what mlenv made here.

    Raises:
        MlenvError: ``confirm`` without ``--yes``; ``environment-foreign`` for an environment that mlenv did not make
            (``--force`` deletes a plain virtual environment, too, and nothing else); ``environment-outside``;
            ``environment-in-use``.
    """
    project = open_project(context)
    refuse_member(context, project.root, project.member, "delete")
    specs = [one for one in kernels_of(str(project.root)) if one.folder]
    shown = [project.link.name] if project.environment.prefix else []
    shown += [f"kernel {one.id}{' (for every user)' if one.shared else ''}" for one in specs]
    if not shown:
        return Outcome(verb="delete", lines=("there is no environment and no kernel to delete",))
    if context.options.dry_run:
        return Outcome(verb="delete", lines=(f"would delete {', '.join(shown)}",), dry_run=True)
    if not context.options.yes:
        raise MlenvError(
            "confirm", f"this deletes {', '.join(shown)}; manifest and lock stay", hint="mlenv delete --yes"
        )
    with holding(context, project, "delete") as (project, _):
        _refuse(context, project)
        for one in specs:
            if one.shared:
                share.refuse_keeper(one)
        for one in specs:
            if one.shared:
                share.unregister(one)
            else:
                kernels.remove(one.id, folder=one.folder)
        kept = _remove_environment(project, adopted_too=context.options.force)
    lines = [f"deleted {', '.join(shown)}", "manifest and lock are as they were: mlenv create"]
    lines += [f"kept {path}: the environment that was there before mlenv's" for path in kept]
    return Outcome(verb="delete", lines=tuple(lines))


def _refuse(context: Context, project: Project) -> None:
    """Stop where deleting would take what is not mlenv's, or what somebody works with."""
    link, root = project.link, project.root
    if project.environment.prefix and (not link.is_relative_to(root) or link == root):
        raise MlenvError(
            "environment-outside",
            "the environment is not a folder inside the project; mlenv does not delete it",
            where=str(link),
            hint="delete it with what made it; or remove `env` from [tool.mlenv] and type: mlenv delete --yes",
        )
    generations.refuse_no_environment(link)
    if project.environment.prefix and generations.shown(link) is None and not context.options.force:
        raise MlenvError(
            "environment-foreign",
            f"{link.name} was not made by mlenv; it was left alone",
            where=str(link),
            hint="mlenv delete --yes --force",
        )
    if _in_use(root) and not context.options.force:
        raise MlenvError(
            "environment-in-use",
            "a running kernel uses this environment",
            where=str(link),
            hint="shut its notebooks down, or: mlenv delete --yes --force",
        )


def _in_use(root: Path) -> bool:
    """Whether a kernel lives in any of the project's environments, the present one or one before it."""
    envs = root / ".mlenv" / "envs"
    return envs.is_dir() and any(generations.in_use(root, folder.name) for folder in envs.iterdir())


def _remove_environment(project: Project, *, adopted_too: bool) -> tuple[str, ...]:
    """Remove the environment and what belongs to it; return the environments of others that stay in their keep."""
    if os.path.lexists(project.link):
        store.remove_tree(project.link, inside=project.root)
    private = project.root / ".mlenv"
    envs = private / "envs"
    kept = []
    for folder in sorted(envs.iterdir()) if envs.is_dir() else ():
        if folder.name.startswith("adopted-") and not adopted_too:
            kept.append(str(folder.relative_to(project.root)))
        else:
            store.remove_tree(folder, inside=envs)
    for name in ("backups", "work", "live"):
        if (private / name).exists():
            store.remove_tree(private / name, inside=private)
    (private / "history.json").unlink(missing_ok=True)
    return tuple(kept)
