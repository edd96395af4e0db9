"""What a project is to become: what every verb that changes an environment hands to what carries it out."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv.drift import CONDA_KINDS, command_outside
from mlenv.engines.choose import EngineChoice, Tools
from mlenv.engines.conda import HINT, supported
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.model import value
from mlenv.probe.interpreters import Interpreter
from mlenv.services.context import Context
from mlenv.services.own_tool import refuse_misfit
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver

__all__ = ["Wish", "wants_ipykernel", "wish_for"]


@value
class Wish:
    """What a project is to become."""

    verb: str
    selected: Selected
    """Of the files as they will be."""
    interpreter: Interpreter
    engine: EngineChoice
    tools: Tools
    files: Mapping[str, str]
    """Project files to write: path relative to the root -> text; manifest first, then locks."""
    with_ipykernel: bool = False
    """Whether ipykernel goes into the environment (the classic way, for hubs)."""
    reinstall: tuple[str, ...] = ()
    """Packages whose files were damaged: fetched afresh, since the cache may share the damage."""


def wish_for(
    context: Context,
    project: Project,
    verb: str,
    selected: Selected,
    resolver: Resolver,
    files: Mapping[str, str],
    reinstall: tuple[str, ...] = (),
) -> Wish:
    """Return the wish of a verb: by what was resolved with, and ipykernel inside where it was or is asked for.

    Raises:
        MlenvError: ``engine-unfit`` where a tool was asked for that cannot install this lock; ``lock-not-driven`` where
            the lock asks for packages of conda.
    """
    _refuse_conda_lock(selected, resolver)
    refuse_misfit(resolver.engine, selected)
    return Wish(
        verb=verb,
        selected=selected,
        interpreter=resolver.interpreter,
        engine=resolver.engine,
        tools=resolver.tools,
        files=files,
        with_ipykernel=wants_ipykernel(context, project),
        reinstall=reinstall,
    )


def _refuse_conda_lock(selected: Selected, resolver: Resolver) -> None:
    """Stop before anything is made: without its packages of conda an environment would only look like the lock's."""
    lock, kind = selected.choice.lock or "", selected.choice.kind or ""
    engine = resolver.engine.name
    if engine == "conda" and kind not in CONDA_KINDS:
        there = lock or selected.choice.manifest
        raise MlenvError(
            "engine-unfit",
            f"conda makes environments from environment.yml; here {there} counts",
            where=there or "",
            hint="--engine uv; or name a lock of conda's with --lock FILE",
        )
    command = command_outside(kind, lock)
    if not command or engine == "conda":
        return
    missing = not supported(resolver.tools.rattler)
    raise MlenvError(
        "lock-not-driven",
        f"{lock} asks for packages of conda, which the engine conda installs"
        f"{', and py-rattler is not here' if missing else f', not {engine}'}; nothing was changed",
        where=lock,
        hint=f"{HINT}, then the same command again; or: {command}" if missing else "--engine conda",
    )


def wants_ipykernel(context: Context, project: Project) -> bool:
    """Whether the kernel's own packages go into the environment: told now, or when it was made."""
    return context.options.ipykernel == "installed" or project.marker.get("ipykernel") == "installed"
