"""Edit what a project declares, as text; the project's own habits decide which file that is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mlenv import store
from mlenv.engines.requirement import checked_name
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.manifest_edit import (
    add_dependencies,
    add_requirements,
    add_to_pipfile,
    as_poetry_project,
    new_pyproject,
    remove_dependencies,
    remove_from_pipfile,
    remove_requirements,
    same_newlines,
    set_requires_python,
)
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.versions import normalise

__all__ = [
    "adding",
    "begun",
    "changed_files",
    "default_name",
    "group_of",
    "names_of",
    "new_manifest",
    "refuse_group",
    "removing",
]


def new_manifest(project: Project, python_minor: str, requirements: Sequence[str]) -> dict[str, str]:
    """Return the manifest of a new project: ``pyproject.toml`` (PEP 621), which pip and uv understand, too.

    Raises:
        MlenvError: ``manifest-no-project`` where a build tool reads the file and finds what it needs elsewhere.
    """
    text = new_pyproject(default_name(project.root.name, requirements), f">={python_minor}", list(requirements))
    _refuse_beside_setup(project)
    if "pyproject.toml" not in project.names:
        return {"pyproject.toml": text}
    old = store.read_text(project.root / "pyproject.toml")  # it only configures tools; these tables stay
    if re.search(r"(?m)^\s*\[build-system\]", old):
        raise MlenvError(
            "manifest-no-project",
            "pyproject.toml has no [project] table; one made by mlenv would change how the package is built",
            where="pyproject.toml",
            hint="declare the packages in requirements.in, then: mlenv create",
        )
    return {"pyproject.toml": same_newlines(f"{old.rstrip()}\n\n{text}".lstrip("\n"), old)}


def begun(project: Project, python_minor: str, requirements: Sequence[str], through: str) -> dict[str, str]:
    """Return the manifest of a new project, as the tool that installs reads it: ``Pipfile`` for Pipenv.

    Raises:
        MlenvError: as :func:`new_manifest`.
    """
    if through == "pipenv" and "pyproject.toml" not in project.names:
        empty = f'[packages]\n\n[requires]\npython_version = "{python_minor}"\n'
        return {"Pipfile": add_to_pipfile(empty, requirements, None) if requirements else empty}
    made = new_manifest(project, python_minor, requirements)
    if through != "poetry":
        return made
    # Poetry resolves for all Pythons of the range at once: with an open one, a package that excludes some Python to
    # come has no solution, so the range is this minor version alone.
    following = f"3.{int(python_minor.partition('.')[2]) + 1}"
    closed = {name: set_requires_python(text, f">={python_minor},<{following}") for name, text in made.items()}
    return {name: as_poetry_project(text) for name, text in closed.items()}


def _refuse_beside_setup(project: Project) -> None:
    """Refuse where ``setup.py`` or ``setup.cfg`` declares a package: setuptools would take the new table for it."""
    from mlenv.locks.setup_files import declares_a_package

    found = declares_a_package(project.names, lambda name: store.read_bytes(project.root / name))
    if found:
        raise MlenvError(
            "manifest-no-project",
            f"{found[0]} declares a package; a pyproject.toml made by mlenv would change how it is built",
            where=found[0],
            hint="declare the packages in requirements.in, then: mlenv create",
        )


def default_name(folder: str, requirements: Sequence[str] = ()) -> str:
    """Return a legal project name (PEP 508) made from a folder's name, other than what the project requires.

    In a folder ``torch`` a project of this name would itself be the ``torch`` that it requires: nothing is installed.
    """
    import unicodedata

    plain = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")
    name = name[:64].rstrip("-._") or "project"
    return f"{name}-project" if normalise(name) in names_of(requirements) else name


def names_of(requirements: Sequence[str]) -> tuple[str, ...]:
    """Return the normalised names of requirements."""
    return tuple(
        normalise(re.split(r"[\s\[<>=!~;@(]", text.rpartition("::")[2], maxsplit=1)[0]) for text in requirements
    )


def group_of(context: Context) -> str | None:
    """Return the one group that an edit is for.

    Raises:
        MlenvError: ``usage`` for more than one; ``name-invalid``: a file is named after it.
    """
    groups = context.options.groups or ()
    if len(groups) > 1:
        raise MlenvError("usage", "a package is added to one group at a time", hint="--group NAME")
    return checked_name(groups[0], "group") if groups else None


def adding(project: Project, selected: Selected, requirements: Sequence[str], group: str | None) -> dict[str, str]:
    """Return the manifest with these requirements declared.

    Raises:
        MlenvError: ``manifest-not-driven`` for a manifest of another tool.
    """
    manifest = _writable(selected)
    text = store.read_text(project.root / manifest)
    if manifest == "pyproject.toml":
        return {manifest: add_dependencies(text, requirements, group)}
    if manifest == "Pipfile":
        return {manifest: add_to_pipfile(text, requirements, group)}
    refuse_group(manifest, group)
    return {manifest: add_requirements(text, requirements)}


def removing(project: Project, selected: Selected, names: Sequence[str], group: str | None) -> dict[str, str]:
    """Return the manifest without these names.

    Raises:
        MlenvError: ``not-declared``; ``manifest-not-driven``.
    """
    manifest = _writable(selected)
    text = store.read_text(project.root / manifest)
    if manifest == "pyproject.toml":
        return {manifest: remove_dependencies(text, names, group)}
    if manifest == "Pipfile":
        return {manifest: remove_from_pipfile(text, names, group)}
    refuse_group(manifest, group)
    return {manifest: remove_requirements(text, names)}


def changed_files(project: Project, files: Mapping[str, str]) -> dict[str, str]:
    """Return those of the files that would become other ones: what is written as it is needs no change."""
    return {name: text for name, text in files.items() if _text_of(project, name) != text}


def _text_of(project: Project, name: str) -> str | None:
    path = project.root / name
    return store.read_text(path) if path.exists() else None


def _writable(selected: Selected) -> str:
    """Return the file that edits go to: the manifest, or a pinned ``requirements.txt`` that stands alone."""
    choice = selected.choice
    name = choice.manifest or (choice.lock if choice.kind == "requirements" else None)
    if name is None or not name.endswith((".toml", ".in", ".txt", "Pipfile")) or name == "pixi.toml":
        raise MlenvError(
            "manifest-not-driven",
            f"{name or choice.lock} is another tool's file; mlenv does not edit it",
            where=name or choice.lock or "",
            hint="declare the package there, relock with that tool, then: mlenv sync",
        )
    return name


def refuse_group(manifest: str, group: str | None) -> None:
    """Refuse a group where the file has none; raises ``no-groups``."""
    if group:
        raise MlenvError(
            "no-groups", f"{manifest} knows no groups", where=manifest, hint="leave --group out, or use pyproject.toml"
        )
