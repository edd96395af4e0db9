"""``check``: loaded, installed, locked, declared; from the outside, so what is loaded is not measured."""

from __future__ import annotations

from mlenv import drift, store
from mlenv.errors import MlenvError
from mlenv.model import EnvironmentFacts, Finding, Installed, KernelRef, ProjectRef, Report, Selection
from mlenv.probe import ask, environment, interpreters, site
from mlenv.services.context import Context
from mlenv.services.project import Project, open_project
from mlenv.services.select import selection_for

__all__ = ["check", "check_project", "facts_of", "needs_of"]


def check(context: Context) -> Report:
    """Say in one verdict whether the project's environment is what its lock says.

    Raises:
        MlenvError: ``no-project``; unreadable locks and manifests, with the place in the file.
    """
    return check_project(context, open_project(context))


def check_project(context: Context, project: Project) -> Report:
    """As :func:`check`, for a project that is open. Cost: about 2 ms for 300 packages with a cached selection."""
    environment = facts_of(project)
    installed = site.scan(environment.sites) if environment.prefix else Installed()
    selection = _selection(context, project, environment)
    installed = _examined(context, installed)
    kernel = None
    if context.options.kernel_prefix:
        kernel = KernelRef(prefix=context.options.kernel_prefix, name="")
    return drift.report(
        selection=selection,
        environment=environment,
        installed=installed,
        loaded=None,
        kernel=kernel,
        project=ProjectRef(root=str(project.root), name=selection.name, manifest=selection.manifest),
        needs=None if selection.exact else needs_of(installed),
    )


def facts_of(project: Project) -> EnvironmentFacts:
    """Return the environment's facts, its interpreter having been started once (cached by its file)."""
    facts = project.environment
    if facts.prefix is None or facts.problem is not None:
        return facts
    try:
        asked = ask.ask(interpreter_of(facts.prefix), store.cache_dir())
    except MlenvError as error:
        problem = Finding(kind="broken", reason=f"{error.message}")
        return EnvironmentFacts(
            prefix=facts.prefix, python=facts.python, engine=facts.engine, problem=problem, sites=facts.sites
        )
    if facts.python and asked.version.split(".")[:2] != facts.python.split(".")[:2]:
        old, new = (".".join(text.split(".")[:2]) for text in (facts.python, asked.version))
        problem = Finding(kind="broken", reason=f"base Python changed {old} -> {new}, remake from the lock")
        return EnvironmentFacts(
            prefix=facts.prefix, python=asked.version, engine=facts.engine, problem=problem, sites=facts.sites
        )
    return facts


def interpreter_of(prefix: str) -> str:
    """Return the path of an environment's interpreter, never resolved through links."""
    return environment.interpreter(prefix)


def _selection(context: Context, project: Project, environment: EnvironmentFacts) -> Selection:
    if environment.prefix and environment.problem is None:
        python = interpreter_of(environment.prefix)
    else:
        python = interpreters.host().path
    return selection_for(context, project, python, ask.ask(python, store.cache_dir()).cache_tag)


def _examined(context: Context, installed: Installed) -> Installed:
    """Add what only a look into the packages' file lists tells: always their top folders, with ``--deep`` every hash."""
    damaged = dict(installed.damaged)
    damaged |= dict(site.missing_tops(installed, {}))
    if context.options.deep:
        for distribution in installed.distributions:
            wrong = site.verify(distribution, deep=True)
            if wrong:
                damaged[distribution.name] = f"{len(wrong)} files are missing or were changed, such as {wrong[0]}"
    return Installed(
        distributions=installed.distributions,
        duplicates=installed.duplicates,
        damaged=tuple(sorted(damaged.items())),
        leftovers=installed.leftovers,
    )


def needs_of(installed: Installed) -> dict[str, tuple[str, ...]]:
    """Return what each installed package requires, by name, for locks that are closed under dependencies or not."""
    return {d.name: site.required_names(d) for d in installed.distributions}
