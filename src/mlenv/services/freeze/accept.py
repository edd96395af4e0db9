"""The manifest edits that make a project ask for exactly what is installed."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence

from packaging.requirements import InvalidRequirement, Requirement

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.freezing import Row, accepted
from mlenv.locks import Selected, Target
from mlenv.manifest_edit import add_dependencies, add_requirements, remove_dependencies, remove_requirements
from mlenv.model import value
from mlenv.services.project import Project
from mlenv.versions import normalise

__all__ = ["Accepted", "accept_manifest", "declaration"]


@value
class Accepted:
    """A manifest that asks for what is installed."""

    edits: Mapping[str, str]
    """Manifest file -> new text; empty where nothing has to change."""
    notes: tuple[str, ...] = ()
    """What changed, each in a few words (``+ six>=1.17.0``, ``numpy<2 -> numpy>=2.0.2``)."""


@value
class _Declared:
    """One row of the manifest that applies to the target."""

    text: str
    group: str | None = None


def accept_manifest(
    project: Project,
    selected: Selected,
    target: Target,
    versions: Mapping[str, str],
    add: Sequence[str],
    keep: Collection[str] | None,
) -> Accepted:
    """Return the manifest with every row satisfied by what is installed.

    Args:
        project: as it lies on disk.
        selected: of the same.
        target: decides which rows apply; the others stay as they are.
        versions: what is installed, by normalised name.
        add: requirements that become rows.
        keep: normalised names that may stay declared; ``None``: all.

    Raises:
        MlenvError: what :mod:`mlenv.manifest_edit` raises; ``manifest-not-driven`` for another tool's manifest.
    """
    name = selected.choice.manifest or ""
    if name not in {"pyproject.toml", "requirements.in", "requirements.txt"}:
        raise MlenvError(
            "manifest-not-driven",
            f"{name} is another tool's file; mlenv does not edit it",
            where=name,
            hint="mlenv freeze --output requirements-frozen.txt writes the installed versions to a file of their own",
        )
    old = text = store.read_text(project.root / name)
    notes: list[str] = []
    gone: set[tuple[str, str | None]] = set()
    for row in _rows(name, text, selected, target):
        package = normalise(Requirement(row.text).name)
        version = versions.get(package)
        if (package, row.group) in gone:
            continue
        new = None if keep is not None and package not in keep and row.group is None else accepted(row.text, version)
        if new == row.text:
            continue
        if new is None:
            gone.add((package, row.group))
            text = _removed(name, text, package, row.group)
            notes.append(f"- {row.text}" + ("" if version else " (not installed)"))
        else:
            text = _added(name, text, (new,), row.group)
            notes.append(f"{row.text} -> {new}")
    for requirement in add:
        text = _added(name, text, (requirement,), None)
        notes.append(f"+ {requirement}")
    return Accepted(edits={} if text == old else {name: text}, notes=tuple(notes))


def declaration(row: Row, *, exact: bool) -> str:
    """Return how a frozen row is declared: ``six==1.17.0``, or ``six>=1.17.0`` that leaves room for upgrades."""
    return (
        row.requirement if exact or " @ " in row.requirement else row.requirement.replace("==", ">=").partition("+")[0]
    )


def _rows(name: str, text: str, selected: Selected, target: Target) -> Iterator[_Declared]:
    """Yield the rows that apply: the project's own, and those of the groups that were chosen."""
    if name != "pyproject.toml":
        yield from (_Declared(text=row.text) for row in selected.selection.declared if row.origin == name)
        return
    content = tomllib.loads(text)
    project = content.get("project", {})
    yield from _applying(project.get("dependencies", ()), target, None)
    chosen = {normalise(group) for group in selected.selection.groups}
    for group, rows in content.get("dependency-groups", {}).items():
        if normalise(group) in chosen:
            yield from _applying(rows, target, group)


def _applying(rows: Sequence[object], target: Target, group: str | None) -> Iterator[_Declared]:
    for text in rows:
        try:
            requirement = Requirement(str(text))
        except InvalidRequirement:  # an {include-group = ...} table, or what the reader of manifests complains about
            continue
        if requirement.marker is None or requirement.marker.evaluate({**target.markers, "extra": ""}):
            yield _Declared(text=str(text), group=group)


def _added(name: str, text: str, requirements: Sequence[str], group: str | None) -> str:
    if name == "pyproject.toml":
        return add_dependencies(text, requirements, group)
    return add_requirements(text, requirements)


def _removed(name: str, text: str, package: str, group: str | None) -> str:
    if name == "pyproject.toml":
        return remove_dependencies(text, [package], group)
    return remove_requirements(text, [package])
