"""``use``: take an environment that is already there as the project's, without changing a byte of it."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import kernel_names, store, trust
from mlenv.errors import MlenvError
from mlenv.model import EnvironmentFacts, Outcome
from mlenv.probe import environment, interpreters, known_environments
from mlenv.probe.known_environments import Known
from mlenv.services import kernels, words
from mlenv.services.context import Context
from mlenv.services.project import Project, again, open_project, refuse_odd_bytes, remember_used
from mlenv.services.select import forget_selections
from mlenv.verbs import did_you_mean

__all__ = ["list_environments", "use"]


def use(context: Context, named: str | None, *, kernel_name: str = "") -> Outcome:
    """Register an environment that is already there as the project's, without changing it.

    Args:
        context: ``--project``, ``--ipykernel``, ``--dry-run``.
        named: its folder, or the name of an environment that conda, pixi, hatch, Poetry or Pipenv keeps; ``None`` for
            the one that lies in the project, else the one that such a tool made for it.
        kernel_name: what ``--name`` asks for.

    Raises:
        MlenvError: ``environment-missing``, ``environment-ambiguous``, ``environment-broken``,
            ``environment-unsafe``; what the kernel's start failed with.
    """
    project = open_project(context, create=True)
    if kernel_name:
        kernel_names.check_id(kernel_name, where="--name")
    place = _named(context, project, named) if named else _own(project)
    facts = _usable(place)
    name, tool = project.root.name, _tool(project, place)
    if context.options.dry_run:
        return Outcome(verb="use", lines=(f"would register {place.name} as a kernel of {name}",), dry_run=True)
    context.tell("kernel", "starting the kernel to prove it")
    registered = kernels.register(
        context, root=str(project.root), prefix=str(place), name=name, kernel_name=kernel_name,
        ipykernel=context.options.ipykernel, leave_no_trace=True,
    )  # fmt: skip
    trust.trust(project.root, place)
    remember_used(project.root, place)
    forget_selections(project.folder)
    shown = words.place(place, project.root)
    lines = [f"environment  {shown}: {tool}, Python {facts.python} (as it is, nothing was changed)"]
    lines += [line.replace("kernel ", "kernel       ", 1) for line in registered.lines[:1]]
    lines += [f"note         {line}" for line in registered.lines[1:]]
    after = again(project)
    if after.link != place:
        lines.append(f'note         check looks at {after.link.name}; set env = "{shown}" in [tool.mlenv]')
    lines += [f"note         {line}" for line in words.side_by_side(after)]
    data = {**(registered.data or {}), "prefix": str(place), "tool": tool}
    return Outcome(verb="use", lines=tuple(lines), kernel=registered.kernel, data=data)


def list_environments(context: Context) -> Outcome:
    """List the environments that were found, those of the project first. Nothing is started."""
    project = open_project(context, create=True)
    there = project.link if project.environment.prefix else None
    rows = known_environments.known(project.root, os.environ, there)
    used = os.path.realpath(there) if there else ""
    cells = [
        (
            "->" if os.path.realpath(row.path) == used else "",
            row.name,
            row.tool,
            row.python,
            words.place(row.path, project.root),
            f"does not run: {row.problem}" if row.problem else "of this project" if row.own else "",
        )
        for row in rows
    ]
    lines = words.table(cells) or ["no environments: mlenv create makes one"]
    if cells:
        lines.append("next: mlenv use NAME, or mlenv use PATH")
    return Outcome(verb="use", lines=tuple(lines), data={"environments": [_wire(row, used) for row in rows]})


def _wire(row: Known, used: str) -> dict[str, object]:
    return {
        "name": row.name,
        "tool": row.tool,
        "python": row.python or None,
        "path": str(row.path),
        "problem": row.problem or None,
        "own": row.own,
        "used": os.path.realpath(row.path) == used,
    }


def _named(context: Context, project: Project, named: str) -> Path:
    """Return the folder of this name, else the environment that some tool knows by it."""
    place = Path(os.path.abspath(context.cwd / Path(named).expanduser()))
    refuse_odd_bytes(place)
    if os.path.lexists(place) or os.sep in named or "/" in named or named in {".", ".."}:
        return place
    rows = known_environments.known(project.root, os.environ)
    fitting = [row for row in rows if named in {row.name, row.path.name}]
    own = [row for row in fitting if row.own]
    if len(own or fitting) == 1:
        return (own or fitting)[0].path
    if fitting:
        raise _ambiguous(f"{len(fitting)} environments are called {named}", fitting, project)
    names = sorted({row.name for row in rows})
    there = f"; there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else ""
    raise MlenvError(
        "environment-missing",
        f"there is no environment at this path, and none is called {named}{there}.{did_you_mean(named, names)}",
        where=str(place),
        hint="mlenv use --list shows what was found; mlenv create makes one",
    )


def _own(project: Project) -> Path:
    """Return the environment in the project, else the one that a tool keeps for it elsewhere."""
    if project.environment.prefix is not None:
        return project.link
    own = [row for row in known_environments.known(project.root, os.environ) if row.own and not row.problem]
    defaults = [row for row in own if row.name == "default"]
    own = defaults if len(defaults) == 1 else own
    if len(own) > 1:
        raise _ambiguous("several environments were made for this project", own, project)
    return own[0].path if own else project.link


def _tool(project: Project, place: Path) -> str:
    """Return the tool that keeps an environment, else the one that made it."""
    rows = () if place.is_relative_to(project.root) else known_environments.known(project.root, os.environ)
    return next((row.tool for row in rows if row.path == place), known_environments.tool_of(place))


def _ambiguous(message: str, rows: list[Known], project: Project) -> MlenvError:
    places = [words.place(row.path, project.root) for row in rows]
    return MlenvError(
        "environment-ambiguous",
        f"{message}: {', '.join(places[:5])}{', ...' if len(places) > 5 else ''}",
        where=str(project.root),
        hint=f"mlenv use {places[0]}",
    )


def _usable(place: Path) -> EnvironmentFacts:
    """Return the facts of an environment whose Python starts.

    Raises:
        MlenvError: ``environment-missing``, ``environment-broken``, ``python-broken``.
    """
    facts = environment.environment_facts(str(place)) if os.path.isdir(place) else None
    if facts is None or facts.prefix is None:
        raise MlenvError(
            "environment-missing", "there is no environment at this path", where=str(place), hint="mlenv create"
        )
    if facts.problem is not None:
        raise MlenvError(
            "environment-broken", _reason(place, facts.problem.reason), where=str(place), hint=_mend(place)
        )
    try:
        interpreters.find(environment.interpreter(str(place)), store.cache_dir())
    except MlenvError as error:
        foreign = "Exec format error" in error.message  # the system's own words (execve, ENOEXEC)
        message = "this environment was made on another kind of machine, and cannot run here"
        raise MlenvError(
            error.code,
            message if foreign else error.message,
            where=str(place),
            hint=_mend(place),
            details=error.details,
        ) from None
    return facts


def _reason(place: Path, reason: str) -> str:
    """Say it of environments that another system made, of conda's without Python, and of what is no environment."""
    if os.name != "nt" and (place / "Scripts" / "python.exe").exists() and not (place / "bin").exists():
        return "this environment was made on Windows, and cannot run here"
    if known_environments.is_environment(place) or os.path.lexists(environment.interpreter(str(place))):
        conda = (place / "conda-meta").is_dir() and not os.path.lexists(environment.interpreter(str(place)))
        return "this environment of conda holds no Python" if conda else reason
    return "this folder is not an environment: it holds neither pyvenv.cfg nor conda-meta"


def _mend(place: Path) -> str:
    if (place / "conda-meta").is_dir() and not os.path.lexists(environment.interpreter(str(place))):
        return f"conda install -p {place} python; or mlenv create, which makes another one"
    return "mlenv create makes one; mlenv use --list shows what was found"
