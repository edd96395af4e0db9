"""``delete``: the project's environment and its kernel; manifest and lock stay, nothing of others is touched."""

from __future__ import annotations

from mlenv import generations, kernels, store
from mlenv.errors import MlenvError
from mlenv.model import Outcome
from mlenv.services.context import Context
from mlenv.services.kernels import kernels_of
from mlenv.services.project import Project, load, open_project

__all__ = ["delete"]


def delete(context: Context) -> Outcome:
    """Delete what mlenv made here.

    Raises:
        MlenvError: ``confirm`` without ``--yes``; ``environment-foreign`` for an environment that mlenv did not make
            (``--force`` deletes a plain virtual environment, too); ``environment-in-use``.
    """
    project = open_project(context)
    specs = [one for one in kernels_of(str(project.root)) if one.folder]
    shown = [project.link.name] if project.environment.prefix else []
    shown += [f"kernel {one.id}" for one in specs]
    if not shown:
        return Outcome(verb="delete", lines=("there is no environment and no kernel to delete",))
    if context.options.dry_run:
        return Outcome(verb="delete", lines=(f"would delete {', '.join(shown)}",), dry_run=True)
    if not context.options.yes:
        raise MlenvError(
            "confirm", f"this deletes {', '.join(shown)}; manifest and lock stay", hint="mlenv delete --yes"
        )
    with store.hold(project.root, "delete", lambda text: context.tell("wait", text)):
        project = load(project.root)
        _refuse(context, project)
        for one in specs:
            kernels.remove(one.id)
        _remove_environment(project)
    return Outcome(
        verb="delete", lines=(f"deleted {', '.join(shown)}", "manifest and lock are as they were: mlenv create")
    )


def _refuse(context: Context, project: Project) -> None:
    if project.environment.prefix and not project.link.is_relative_to(project.root):
        raise MlenvError(
            "environment-outside",
            "the environment lies outside the project; mlenv does not delete it",
            where=str(project.link),
        )
    foreign = project.environment.prefix and generations.current(project.link) is None
    if foreign and not context.options.force:
        raise MlenvError(
            "environment-foreign",
            f"{project.link.name} was not made by mlenv; it was left alone",
            where=str(project.link),
            hint="mlenv delete --yes --force",
        )
    now = generations.current(project.link)
    if now and generations.in_use(project.root, now.name) and not context.options.force:
        raise MlenvError(
            "environment-in-use",
            "a running kernel uses this environment",
            where=str(project.link),
            hint="shut its notebooks down, or: mlenv delete --yes --force",
        )


def _remove_environment(project: Project) -> None:
    if project.link.is_symlink() or project.link.exists():
        store.remove_tree(project.link, inside=project.root)
    private = project.root / ".mlenv"
    for name in ("envs", "backups", "work", "live"):
        if (private / name).exists():
            store.remove_tree(private / name, inside=private)
    (private / "history.json").unlink(missing_ok=True)
