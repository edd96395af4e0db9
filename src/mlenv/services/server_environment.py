"""An environment that also runs Jupyter's server, which the project does not declare: nobody's lock protects it.

A change of what the server needs is refused, for it would break the page that the notebook is open in; ``--force``
goes on, and then it is said what moved, what conflicts and whether the server still answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.requirements import InvalidRequirement, Requirement

from mlenv import process
from mlenv.engines import pip, uv
from mlenv.engines.answers import parse_pip_check
from mlenv.errors import MlenvError
from mlenv.model import Change, Command, value
from mlenv.probe import environment, site
from mlenv.services import tools as engine_tools
from mlenv.services import words
from mlenv.services.check import selection_of
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.versions import normalise

__all__ = ["Server", "refuse_changes_of_server", "refuse_pins_of_server", "server_in", "server_lines"]

_ROOTS = ("jupyter-server", "jupyterlab", "notebook", "jupyterhub")
_ASK_S = 30.0
_SHOWN = 5


@value
class Server:
    """Jupyter's server as it lies in the project's environment."""

    version: str
    parts: Mapping[str, str]
    """Name -> version of the packages that it is made of, their needs included."""


def server_in(context: Context, project: Project) -> Server | None:
    """Return the server of the project's environment; ``None`` where there is none or the project locks it itself."""
    installed = words.installed_of(project)
    versions = {row.name: row.version for row in installed.distributions}
    if "jupyter-server" not in versions:
        return None
    selection = selection_of(replace(context, options=context.options.unselected), project)
    if ({pin.name for pin in selection.pins} | {row.name for row in selection.declared}) & set(_ROOTS):
        return None
    needs = site.needs(installed)
    parts: set[str] = set()
    waiting = [name for name in _ROOTS if name in versions]
    while waiting:
        name = waiting.pop()
        if name in versions and name not in parts:
            parts.add(name)
            waiting += needs.get(name, ())
    return Server(version=versions["jupyter-server"], parts={name: versions[name] for name in sorted(parts)})


def refuse_pins_of_server(context: Context, server: Server | None, requirements: Sequence[str]) -> None:
    """Stop before anything is resolved where what was asked for is another version of what the server needs.

    Raises:
        MlenvError: ``server-environment``; not with ``--force``.
    """
    if server is None:
        return
    for text in requirements:
        try:
            asked = Requirement(text)
        except InvalidRequirement:  # conda's own spelling (numpy=1.26): judged by what it changes
            continue
        there = server.parts.get(normalise(asked.name))
        if there is not None and (asked.url or not asked.specifier.contains(there, prereleases=True)):
            _refuse(context, server, f"{normalise(asked.name)} {there} -> {asked.specifier or asked.url}")


def refuse_changes_of_server(context: Context, server: Server | None, changes: Sequence[Change]) -> None:
    """Stop before anything is written where packages of the server would move.

    Raises:
        MlenvError: ``server-environment``; not with ``--force``.
    """
    moved = _moved(server, changes)
    if moved:
        _refuse(context, server, words.moved(moved))


def _refuse(context: Context, server: Server | None, what: str) -> None:
    if context.options.force or context.options.dry_run or server is None:
        return
    raise MlenvError(
        "server-environment",
        f"this environment also runs Jupyter's server ({server.version}), which the project does not declare;"
        f" the change would move what it needs: {what}; nothing was written",
        hint="make the project an environment of its own: mlenv create in another folder; or the same with --force",
    )


def _moved(server: Server | None, changes: Sequence[Change]) -> tuple[Change, ...]:
    parts = server.parts if server is not None else {}
    return tuple(change for change in changes if change.package in parts and change.before is not None)


def server_lines(
    context: Context, project: Project, server: Server | None, changes: Sequence[Change], resolver: Resolver
) -> tuple[str, ...]:
    """Say after an override what moved, what conflicts now, and whether the server still answers.

    Cost: two starts, 1 s; nothing where nothing of the server moved.
    """
    moved = _moved(server, changes)
    if not moved:
        return ()
    lines = [f"server       {words.moved((change,))}" for change in moved[:_SHOWN]]
    lines += [f"server       and {len(moved) - _SHOWN} more"] if len(moved) > _SHOWN else []
    conflicts = _conflicts(context, project, resolver)
    lines += [f"conflict     {line}" for line in conflicts[:_SHOWN]] or ["conflict     none"]
    return (*lines, f"server       jupyter server --version: {_answer(project)}")


def _conflicts(context: Context, project: Project, resolver: Resolver) -> tuple[str, ...]:
    if resolver.engine.installer == "uv":
        command = uv.pip_check(engine_tools.uv_of(context, resolver.tools), project.prefix)
    else:
        command = pip.pip_check(engine_tools.pip_of(context, resolver.tools), project.prefix)
    try:
        done = process.run(command)
    except MlenvError as error:
        return (error.message,)
    return parse_pip_check(done.stdout, done.stderr)


def _answer(project: Project) -> str:
    python = environment.interpreter(project.prefix)
    try:
        done = process.run(Command(argv=(python, "-m", "jupyter_server", "--version"), timeout_s=_ASK_S))
    except MlenvError as error:
        return error.message
    said = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:] or [f"status {done.code}"]
    return said[0] if done.code == 0 else f"it does not start: {said[0]}"
