"""Source builds run code of packages: announced where they are allowed, refused before anything is written else."""

from __future__ import annotations

from mlenv import locks
from mlenv.errors import MlenvError
from mlenv.locks import LockContent, Selected
from mlenv.model import Pin
from mlenv.probe.interpreters import Interpreter
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.select import target_of

__all__ = ["refuse_builds", "sources_of"]


def refuse_builds(context: Context, project: Project, selected: Selected, interpreter: Interpreter) -> None:
    """Stop before any compile where a locked package has no wheel for this Python and building is not allowed.

    Raises:
        MlenvError: ``no-wheel`` with a Python that has one, where there is such; ``build-not-allowed``.
    """
    allowed = project.settings.allow_build
    if context.options.allow_build or allowed is True:
        _announce(context, selected)
        return
    named = set(allowed) if isinstance(allowed, tuple) else set()
    if context.options.wheelhouse is not None:
        named |= context.options.wheelhouse.hashes.keys()  # built when the bundle was made
    content, target = selected.content or LockContent(), target_of(interpreter.path)
    missing = [name for name in locks.buildable(content, target) if name not in named]
    if missing:
        name = missing[0]
        other = locks.suggest_python({n: content.wheels.get(n, ()) for n in missing}, target, content.requires_python)
        better = f"; Python {other} has one" if other else ""
        raise MlenvError(
            "no-wheel",
            f"{name} has no ready-built wheel for Python {interpreter.version}{better}; nothing was built or written",
            where=selected.selection.lock or "",
            hint=f"mlenv create --python {other}" if other else "add --allow-build to build it from source",
        )
    sources = [pin.name for pin in sources_of(selected) if pin.name not in named]
    if sources:
        raise MlenvError(
            "build-not-allowed",
            f"{', '.join(sources[:3])} would be built from source, which runs its code; nothing was built or written",
            where=selected.selection.lock or "",
            hint="add --allow-build, or allow-build = [...] in [tool.mlenv]",
        )


def sources_of(selected: Selected) -> tuple[Pin, ...]:
    """Return the pins that run code of theirs when installed; project and workspace are their owner's own code."""
    own = {member.name for member in selected.content.members} if selected.content else set()
    return tuple(
        pin
        for pin in selected.selection.pins
        if pin.source.kind in {"vcs", "path", "editable"}
        and not pin.source.url.endswith(".whl")
        and pin.source.url not in {".", ""}
        and pin.name not in own
    )


def _announce(context: Context, selected: Selected) -> None:
    for pin in sources_of(selected):
        context.tell("build", f"building {pin.name} from source")
