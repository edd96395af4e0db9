"""From the manifest's file to what it declares: which reader reads which name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from mlenv.drift import CONDA_KINDS
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.manifest import parse_pyproject
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.reading import Files, Wanted, pixi_environment
from mlenv.locks.settings import MANIFEST_HINT, read_settings
from mlenv.locks.target import Target
from mlenv.model import Declared

__all__ = ["READABLE_MANIFESTS", "is_read", "read_manifest", "read_pyproject", "root_table"]


def read_pyproject(
    files: Files, target: Target, extras: Iterable[str], groups: Iterable[str] | None
) -> Manifest | None:
    """Read the ``pyproject.toml`` that counts; ``None`` where there is none."""
    text = files.text(files.pyproject)
    if text is None:
        return None
    shared = None
    if files.pyproject != "pyproject.toml":
        uv, place = root_table(files)
        shared = place.table(uv, "sources")
    return parse_pyproject(text, files.pyproject, target, extras, groups, shared=shared)


def root_table(files: Files) -> tuple[Table, Place]:
    """Return ``[tool.uv]`` of the project's root and its place; its sources count for all members of a workspace."""
    place = Place(file="pyproject.toml", code="manifest-unreadable", hint=MANIFEST_HINT)
    tool = place.table(parse_toml(files.text("pyproject.toml") or "", place), "tool")
    return place.at("tool").table(tool, "uv"), place.at("tool").at("uv")


def is_read(name: str) -> bool:
    """Say whether a manifest of this name is read; the others are recognised and named."""
    return name.rpartition("/")[2] == "pyproject.toml" or name in _READERS


def read_manifest(name: str | None, files: Files, wanted: Wanted, content: LockContent | None) -> Manifest | None:
    """Read a manifest with the extras and groups chosen; where none are, with those that the lock holds.

    What ``pyproject.toml`` says beside it (the project's name, ``[tool.mlenv]``) counts with every manifest.
    """
    held, first = content or LockContent(), wanted.manifest
    # What the lock holds beyond the manifest is the manifest's change, which is told, not a wrong wish.
    # So is a group that only a lock of the conda world knows: a category of conda-lock's, an environment of pixi's.
    chosen = wanted if wanted.kind not in CONDA_KINDS else replace(wanted, extras=None, groups=None)
    extras = tuple(key for key in held.extras if key in first.extras) if chosen.extras is None else chosen.extras
    groups = tuple(key for key in held.groups if key in first.groups) if chosen.groups is None else chosen.groups
    if wanted.kind == "pixi" and name == "pyproject.toml":
        return _pyproject_of_pixi(files, wanted)
    if name is None or name not in _READERS:
        return read_pyproject(files, wanted.target, extras, groups)
    found = _READERS[name](name, files, wanted, held)
    beside = read_pyproject(files, wanted.target, (), ())
    return replace(
        found,
        name=beside.name if beside else "",
        requires_python=found.requires_python or (beside.requires_python if beside else ""),
        settings=beside.settings if beside else read_settings(None, files.text("mlenv.toml")),
        has_settings=beside is not None and beside.has_settings,
        packaged=beside is not None and beside.packaged,
    )


def _list(name: str, files: Files, wanted: Wanted, content: LockContent) -> Manifest:
    found = files.requirements(name, wanted.target)
    return Manifest(
        declared=(*found.declared, *_constraints(found.constraints, content)),
        requirements=found.requirements,
        everything=found.requirements,
        declares=True,
        options=found.options,
        findings=found.findings,
    )


def _constraints(rows: tuple[Declared, ...], content: LockContent) -> tuple[Declared, ...]:
    """Return the constraints that bear on something: a constraint alone asks for no package."""
    locked = {pin.name for pin in content.pins}
    return tuple(row for row in rows if row.name in locked)


def _pipfile(name: str, files: Files, wanted: Wanted, content: LockContent) -> Manifest:
    from mlenv.locks.pipfile import parse_pipfile

    text = files.text(name) or ""
    chosen = wanted.groups
    if chosen is None:
        known = parse_pipfile(text, name, wanted.target).groups
        chosen = tuple(group for group in content.groups if group in known)
    lock = f"{name.removesuffix('Pipfile')}Pipfile.lock"
    return parse_pipfile(text, name, wanted.target, chosen, lock=files.text(lock) or "")


def _pixi(name: str, files: Files, wanted: Wanted, _content: LockContent) -> Manifest:
    from mlenv.locks.pixi_manifest import parse_pixi_manifest

    return parse_pixi_manifest(files.text(name) or "", name, wanted.target, pixi_environment(wanted, name))


def _pyproject_of_pixi(files: Files, wanted: Wanted) -> Manifest | None:
    """Read ``pyproject.toml`` as pixi does: ``[tool.pixi]``, ``[project]``, and the extras and groups of that whose
    names the chosen environment has among its features."""
    from mlenv.locks.pixi_manifest import parse_pyproject_pixi

    name = files.pyproject
    found = parse_pyproject_pixi(files.text(name) or "", name, wanted.target, pixi_environment(wanted, name))
    extras = tuple(feature for feature in found.groups if feature in wanted.manifest.extras)
    groups = tuple(feature for feature in found.groups if feature in wanted.manifest.groups)
    pyproject = read_pyproject(files, wanted.target, extras, groups)
    if pyproject is None:
        return None
    return replace(
        pyproject,
        declared=(*pyproject.declared, *found.declared),
        requirements=(*pyproject.requirements, *found.requirements),
        specs=found.specs,
        unjudged=pyproject.unjudged | found.unjudged,
    )


def _environment(name: str, files: Files, wanted: Wanted, _content: LockContent) -> Manifest:
    from mlenv.locks.environment_yml import as_environment_manifest

    return as_environment_manifest(files.environment(name, wanted.target))


_READERS: Mapping[str, Callable[[str, Files, Wanted, LockContent], Manifest]] = {
    "requirements.in": _list,
    "requirements.txt": _list,
    "Pipfile": _pipfile,
    "environment.yml": _environment,
    "environment.yaml": _environment,
    "pixi.toml": _pixi,
}
READABLE_MANIFESTS = (*_READERS, "pyproject.toml")
"""Names of manifests that are read; the others are recognised and named."""
