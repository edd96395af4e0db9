"""``check``: loaded, installed, locked, declared; from the outside, so what is loaded is not measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mlenv import drift, store
from mlenv.built_for import Here, here_of
from mlenv.errors import MlenvError
from mlenv.installed import with_damage
from mlenv.kernel import kept
from mlenv.model import (
    EnvironmentFacts,
    Finding,
    Installed,
    KernelRef,
    Loaded,
    ProjectRef,
    Report,
    Selection,
    value,
)
from mlenv.probe import ask, environment, machines, site
from mlenv.services import words
from mlenv.services.context import Context
from mlenv.services.project import Project, open_project
from mlenv.services.select import select_project, selection_for, target_of

__all__ = [
    "Measured", "built_elsewhere", "check", "check_project", "facts_of", "judge", "measure", "needs_of", "selection_of",
]  # fmt: skip


@value
class Measured:
    """What was measured of a project, once for as many reports as are asked of it."""

    project: Project
    environment: EnvironmentFacts
    installed: Installed
    python: ask.Facts | None = None
    """What the environment's interpreter says of itself; ``None`` where there is none that starts."""
    beside: tuple[Finding, ...] = ()
    """What is worth saying of it, whoever asks."""


def check(context: Context) -> Report:
    """Say in one verdict whether the project's environment is what its lock says.

    Raises:
        MlenvError: ``no-project``; unreadable locks and manifests, with the place in the file.
    """
    return check_project(context, open_project(context))


def check_project(
    context: Context,
    project: Project,
    notebook: tuple[str, str] | None = None,
    *,
    kernel: KernelRef | None = None,
    loaded: Sequence[Loaded] | None = None,
) -> Report:
    """As :func:`check`, for a project that is open. Cost: about 2 ms for 300 packages with a cached selection.

    Args:
        context: the options.
        project: as it lies on disk.
        notebook: path relative to the project, and text, of a notebook that may declare packages of its own.
        kernel: the kernel that it is about, where the caller knows one (default: what ``--kernel-prefix`` says).
        loaded: what that kernel has in memory, where the caller was told; it counts only where the kernel runs in the
            project's environment.
    """
    return judge(context, measure(context, project), notebook, kernel=kernel, loaded=loaded)


def measure(context: Context, project: Project) -> Measured:
    """Look at a project's environment."""
    environment, python = _asked(project)
    installed = site.scan(environment.sites) if environment.prefix else Installed()
    told = (*words.side_by_side(project), *words.kept_elsewhere(project), *words.other_python(project))
    return Measured(
        project=project,
        environment=environment,
        installed=_examined(context, installed, python),
        python=python,
        beside=tuple(Finding(kind="note", reason=text) for text in told),
    )


def judge(
    context: Context,
    measured: Measured,
    notebook: tuple[str, str] | None = None,
    *,
    kernel: KernelRef | None = None,
    loaded: Sequence[Loaded] | None = None,
) -> Report:
    """As :func:`check_project`, for a project that has been measured.

    Raises:
        MlenvError: as :func:`check`.
    """
    project, environment, installed = measured.project, measured.environment, measured.installed
    known = _same_place(kernel, project) if kernel is not None else None
    selection = _selection(context, project, environment, notebook, measured.python)
    if measured.beside:
        selection = replace(selection, findings=(*selection.findings, *measured.beside))
    if kernel is None and context.options.kernel_prefix:
        kernel = KernelRef(prefix=context.options.kernel_prefix, name="")
    report = drift.report(
        selection=selection,
        environment=environment,
        installed=installed,
        loaded=loaded,
        kernel=kernel,
        project=ProjectRef(root=str(project.root), name=selection.name, manifest=selection.manifest),
        needs=needs_of(selection, installed),
        roots=(os.path.realpath(project.root),),
        same_place=site.same_place,
        kernel_is_project=known,
    )
    return kept.advised(report, str(project.root))


def _same_place(kernel: KernelRef, project: Project) -> bool:
    """Whether a kernel runs in the project's environment: folders are compared through their links."""
    return os.path.realpath(kernel.prefix) == os.path.realpath(project.prefix)


def facts_of(project: Project) -> EnvironmentFacts:
    """Return the environment's facts, its interpreter having been started once (cached by its file)."""
    return _asked(project)[0]


def _asked(project: Project) -> tuple[EnvironmentFacts, ask.Facts | None]:
    facts = project.environment
    if facts.prefix is None or facts.problem is not None:
        return facts, None
    try:
        return facts, ask.ask(interpreter_of(facts.prefix), store.cache_dir())
    except MlenvError as error:
        problem = Finding(kind="broken", reason=f"{error.message}")
    return EnvironmentFacts(
        prefix=facts.prefix, python=facts.python, engine=facts.engine, problem=problem, sites=facts.sites
    ), None


def interpreter_of(prefix: str) -> str:
    """Return the path of an environment's interpreter, never resolved through links."""
    return environment.interpreter(prefix)


def selection_of(context: Context, project: Project) -> Selection:
    """Return what the project's lock and manifest ask of its interpreter (the host's, where it has none).

    Raises:
        MlenvError: unreadable locks and manifests, with the place in the file.
    """
    environment, python = _asked(project)
    return _selection(context, project, environment, None, python)


def _selection(
    context: Context,
    project: Project,
    environment: EnvironmentFacts,
    notebook: tuple[str, str] | None,
    asked: ask.Facts | None,
) -> Selection:
    if environment.prefix and environment.problem is None:
        python = interpreter_of(environment.prefix)
    else:
        from mlenv.probe import interpreters

        python, asked = interpreters.host().path, None
    if notebook is not None:
        return select_project(project, target_of(python), context.options, notebook=notebook).selection
    return selection_for(context, project, python, asked)


def _examined(context: Context, installed: Installed, python: ask.Facts | None) -> Installed:
    """Add what only the packages' own files tell: their top folders, their machine, with ``--deep`` every hash."""
    rows = dict(site.missing_tops(installed, {}))
    if python is not None:
        rows |= dict(machines.built_elsewhere(installed, _machine_of(python)))
    owned = frozenset(installed.owned)
    known = [row for row in installed.distributions if row.name not in owned] if context.options.deep else []
    if context.options.deep and installed.conda:
        from mlenv.probe.conda_whole import conda_faults

        rows |= dict(conda_faults(installed, deep=True))
    return with_damage(installed, rows.items(), [(each.name, site.verify(each, deep=True)) for each in known])


def built_elsewhere(installed: Installed, prefix: str) -> tuple[tuple[str, str], ...]:
    """Return (name, reason) of packages of an environment that were built for another machine than its interpreter's.

    Nothing where the interpreter does not answer: that is told, and mended, by itself. Cost: about 4 ms for 300
    packages.
    """
    try:
        facts = ask.ask(interpreter_of(prefix), store.cache_dir())
    except MlenvError:
        return ()
    return machines.built_elsewhere(installed, _machine_of(facts))


def _machine_of(facts: ask.Facts) -> Here:
    bits = 32 if facts.tags and facts.tags[0].endswith(("i686", "armv7l", "armv8l")) else 64
    return here_of(facts.platform, facts.markers.get("platform_machine", ""), bits)


def needs_of(selection: Selection, installed: Installed) -> Mapping[str, Sequence[str]] | None:
    """Return what each installed package requires, where that decides what is extra; ``None`` where it does not."""
    if not drift.needs_matter(selection, installed):
        return None
    return site.needs(installed, [row.text for row in selection.declared])
