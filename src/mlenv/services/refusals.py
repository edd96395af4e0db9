"""What stops a change before anything is built: environments of others, and what would hurt a live kernel."""

from __future__ import annotations

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import Change
from mlenv.probe import ask, environment
from mlenv.services.builds import refuse_builds
from mlenv.services.context import Context
from mlenv.services.indexes import refuse_credentials, refuse_options
from mlenv.services.project import Project
from mlenv.services.wish import Wish

__all__ = ["is_managed", "refuse_conda", "refuse_foreign", "refuse_what_hurts"]


def refuse_what_hurts(context: Context, project: Project, wish: Wish, changes: tuple[Change, ...]) -> None:
    """Stop before anything is written where a change would hurt the kernel that asks, or compile by surprise.

    Raises:
        MlenvError: ``outside``, ``loaded-binary``, ``build-not-allowed``, ``no-wheel``, ``requirements-options``.
    """
    for name in wish.files:
        store.refuse_outside(project.root / name, project.root)
    refuse_options(context, wish.selected)
    refuse_credentials(project, wish.selected)
    refuse_builds(context, project, wish.selected, wish.interpreter)
    if context.options.force or context.options.dry_run:
        return
    loaded = context.options.loaded or {}
    hurt = [
        f"{change.package} {loaded[change.package].get('version')} -> {change.after or 'removed'}"
        for change in changes
        if loaded.get(change.package, {}).get("binary") and change.before is not None
    ]
    if hurt:
        raise MlenvError(
            "loaded-binary",
            f"compiled packages in this kernel's memory would change: {', '.join(hurt)}; nothing was written",
            hint=f"mlenv {wish.verb} ... --force, then restart the kernel",
        )


def refuse_foreign(project: Project) -> None:
    """Refuse to change an environment that is not this project's own: outside of it, or the system's (PEP 668).

    Raises:
        MlenvError: ``externally-managed``, ``environment-outside``; each offers ``create``.
    """
    named, outside = project.settings.env is not None, not project.link.is_relative_to(project.root)
    if not named and not outside:
        return
    hint = "remove `env` from [tool.mlenv] and type: mlenv create" if named else "mlenv create"
    if is_managed(project):
        raise MlenvError(
            "externally-managed",
            f"{project.link.name} is the system's own Python; mlenv does not install into it",
            where=str(project.link),
            hint=hint,
        )
    if outside:
        raise MlenvError(
            "environment-outside",
            f"the environment {project.link.name} lies outside the project, so mlenv does not change it",
            where=str(project.link),
            hint=hint,
        )


def is_managed(project: Project) -> bool:
    """Whether the environment is a Python that its distributor manages (PEP 668). Cost: one start, remembered."""
    if project.environment.prefix is None or project.environment.problem is not None:
        return False
    return ask.ask(environment.interpreter(project.prefix), store.cache_dir()).externally_managed


def refuse_conda(project: Project, wish: Wish) -> None:
    if project.environment.engine != "conda" or not project.environment.prefix or project.link.is_symlink():
        return
    if ".pixi" in project.link.parts:
        raise MlenvError(
            "environment-conda",
            f"{project.link.name} in .pixi is pixi's own environment; mlenv checks it and does not change it",
            where=str(project.link),
            hint='pixi install; or set env = ".venv" in [tool.mlenv] for one of its own',
        )
    if wish.engine.name != "conda":
        raise MlenvError(
            "environment-conda",
            f"{project.link.name} is a conda environment, which {wish.engine.name} does not change",
            where=str(project.link),
            hint="change it with --engine conda, or move it away and type: mlenv create",
        )
