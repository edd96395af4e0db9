"""A project as it may be looked at because a notebook was opened: no program that came with it is started."""

from __future__ import annotations

import os
from dataclasses import replace

from mlenv import kernels, store, trust
from mlenv.model import Finding
from mlenv.probe import environment, python_places
from mlenv.services.project import Project

__all__ = ["brought_python", "opened"]


def opened(project: Project) -> Project:
    """Return the project, its environment marked as undecidable where its Python must not be started yet.

    A check starts the environment's interpreter once. Whoever opens a notebook that somebody sent has not asked for
    that, so it is started only where it is a Python of this machine (the environment links to it), or this user made
    or accepted the environment, or a kernel that is registered here runs in it. Cost: two small files and a ``stat``;
    where these do not decide it, the list of kernels, too.
    """
    facts = project.environment
    if facts.prefix is None or facts.problem is not None or _may_start(project):
        return project
    reason = (
        f"the Python of {project.link.name} came with this folder and was not started: the environment was neither "
        f"made nor accepted by you on this computer. If you trust it: mlenv use {project.link.name}"
    )
    return replace(project, environment=replace(facts, problem=Finding(kind="undecidable", reason=reason)))


def _may_start(project: Project) -> bool:
    if python_places.is_of_machine(environment.interpreter(project.prefix), os.environ):
        return True
    if trust.trusted(project.root) == project.link:
        return True
    real = os.path.realpath(project.prefix)
    return any(known.prefix and os.path.realpath(known.prefix) == real for known in kernels.listed())


def brought_python(project: Project) -> str:
    """Return the Python that the project's files name by a path and that is none of this machine's own; else nothing.

    The list of Pythons starts what a project names, to tell its version: not where that came with the project, unless
    this user made or accepted its environment.
    """
    if trust.trusted(project.root) == project.link:
        return ""
    named = [project.marker.get("base"), project.settings.python, *_python_version(project)]
    for text in named:
        if not isinstance(text, str) or not (os.sep in text or "/" in text or text.startswith("~")):
            continue
        path = os.path.join(project.root, os.path.expanduser(text))
        if os.path.lexists(path) and not python_places.is_of_machine(path, os.environ):
            return text
    return ""


def _python_version(project: Project) -> tuple[str, ...]:
    if ".python-version" not in project.names:
        return ()
    from mlenv.locks import parse_python_version

    return tuple(parse_python_version(store.read_text(project.root / ".python-version")))
