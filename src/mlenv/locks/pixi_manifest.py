"""Read what pixi is asked for: ``pixi.toml``, or ``[tool.pixi]`` of ``pyproject.toml``.

An environment is made of features; each has dependencies of conda, of the index, and further ones by platform. What a
platform says of a package takes the place of what the feature says; what several features say must all hold.

Source: pixi's documentation, "Pixi Manifest" and "Multi Environment".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from packaging.requirements import InvalidRequirement

from mlenv.locks.conda_rows import subdir_of
from mlenv.locks.conda_spec import CondaSpec, parse_spec
from mlenv.locks.content import Manifest
from mlenv.locks.pixi_lock import EMULATED
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.poetry_versions import poetry_specifier
from mlenv.locks.target import Target, applies
from mlenv.model import Declared
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise

__all__ = ["parse_pixi_manifest", "parse_pyproject_pixi"]

_DEFAULT = "default"
_CONDA = ("host-dependencies", "build-dependencies", "dependencies")
"""The later ones win, as in pixi."""
_HINT = "Mend the table by hand; pixi's documentation: Pixi Manifest."


def parse_pixi_manifest(text: str, where: str, target: Target, environment: str = _DEFAULT) -> Manifest:
    """Read a ``pixi.toml``.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter; its platform chooses ``[target.*]`` tables.
        environment: which of its environments counts.

    Raises:
        MlenvError: ``manifest-unreadable`` with the place; ``group-unknown``.
    """
    place = Place(file=where, code="manifest-unreadable", hint=_HINT)
    return _manifest(parse_toml(text, place), place, target, environment)


def parse_pyproject_pixi(text: str, where: str, target: Target, environment: str = _DEFAULT) -> Manifest:
    """Read ``[tool.pixi]`` of a ``pyproject.toml``, empty where there is none."""
    place = Place(file=where, code="manifest-unreadable", hint=_HINT)
    at = place.at("tool")
    return _manifest(at.table(place.table(parse_toml(text, place), "tool"), "pixi"), at.at("pixi"), target, environment)


def _manifest(table: Table, place: Place, target: Target, environment: str = _DEFAULT) -> Manifest:
    """Return what one environment of a pixi manifest declares for one platform."""
    head = place.table(table, "workspace") or place.table(table, "project")
    specs: list[CondaSpec] = []
    pip: list[Declared] = []
    unjudged: set[str] = set()
    features = tuple(_features(table, place, environment))
    here = subdir_of(target)
    if not all(_covers(feature, at, here) for feature, at in ((head, place), *features)):
        return Manifest(name=place.get(head, "name", str) or "", declares=True)
    for feature, at in features:
        conda, listed = _of_feature(feature, at, _selectors(here))
        specs += [_spec(name, given, spot) for name, (given, spot) in conda.items() if not _conditional(given)]
        for name, (given, spot) in listed.items():
            if isinstance(given, dict) and not applies(spot.get(given, "env-markers", str), target, spot.file):
                continue
            text = _requirement(name, given, spot)
            pip += [Declared(name=normalise(name), text=text, origin=place.file)] if text else []
            unjudged |= set() if text else {normalise(name)}
    texts = tuple(row.text for row in pip)
    return Manifest(
        name=place.get(head, "name", str) or "",
        declared=(*(spec.declared(place.file) for spec in specs), *pip),
        specs=tuple(specs),
        requirements=texts,
        everything=texts,
        unjudged=frozenset(unjudged),
        declares=True,
        groups=_named(table, place, environment)[0],
    )


def _covers(feature: Table, place: Place, subdir: str) -> bool:
    """Say whether a feature (or the workspace) is for a platform; one that names none is for all."""
    given = place.get(feature, "platforms", list)
    if given is None:
        return True
    known = {str(row.get("platform", row.get("name"))) if isinstance(row, dict) else str(row) for row in given}
    return bool({subdir, EMULATED.get(subdir)} & known)


def _conditional(given: Any) -> bool:
    """Say whether a row holds only where something of the machine does, which only pixi can tell."""
    return isinstance(given, dict) and bool({"when", "if"} & given.keys())


def _named(table: Table, place: Place, environment: str) -> tuple[tuple[str, ...], bool]:
    """Return the names of the features that an environment is made of, and whether ``default`` is among them.

    Raises:
        MlenvError: ``group-unknown``.
    """
    environments, spot = place.table(table, "environments"), place.at("environments")
    if environment not in environments and environment != _DEFAULT:
        there = ", ".join(sorted({_DEFAULT, *environments}))
        message = f"There is no environment {environment!r}; there is: {there}."
        raise spot.error(message, code="group-unknown", hint="Choose one of them with --group.")
    given = environments.get(environment)
    if isinstance(given, dict):
        named, own = spot.at(environment).texts(given, "features"), not given.get("no-default-feature", False)
    else:
        named, own = spot.texts(environments, environment), True
    return tuple(name for name in named if name != _DEFAULT), own or _DEFAULT in named


def _features(table: Table, place: Place, environment: str) -> Iterator[tuple[Table, Place]]:
    """Yield the features that an environment is made of; the manifest's own tables are the feature ``default``."""
    known, at = place.table(table, "feature"), place.at("feature")
    named, own = _named(table, place, environment)
    for name in named:
        if name in known:
            yield at.need(known, name, dict), at.at(name)
    if own:
        yield table, place


def _selectors(subdir: str) -> tuple[str, ...]:
    """Return the names of ``[target.*]`` that hold for a platform, the most particular last."""
    system = subdir.partition("-")[0]
    return (
        *(("unix",) if system in ("linux", "osx") else ()),
        *(("macos",) if system == "osx" else ()),
        system,
        subdir,
    )


_Found = dict[str, tuple[Any, Place]]


def _of_feature(feature: Table, place: Place, selectors: Iterable[str]) -> tuple[_Found, _Found]:
    conda: _Found = {}
    pip: _Found = {}
    targets, at = place.table(feature, "target"), place.at("target")
    tables = [(feature, place), *((at.table(targets, name), at.at(name)) for name in selectors)]
    for table, spot in tables:
        for key in _CONDA:
            conda |= {name.lower(): (given, spot.at(key).at(name)) for name, given in spot.table(table, key).items()}
        rows = spot.table(table, "pypi-dependencies")
        pip |= {normalise(name): (given, spot.at("pypi-dependencies").at(name)) for name, given in rows.items()}
    return conda, pip


def _spec(name: str, given: Any, place: Place) -> CondaSpec:
    """Return a row of conda: a specification of versions, or a table with more."""
    table: Mapping[str, Any] = given if isinstance(given, dict) else {"version": given}
    version, build = place.get(table, "version", str), place.get(table, "build", str)
    written = " ".join(filter(None, (name, version if version != "*" else "", build)))
    found = parse_spec(f"{name} {version or ''}".strip(), place)
    return CondaSpec(name=found.name, version=found.version, build=build or found.build, text=written)


def _requirement(name: str, given: Any, place: Place) -> str:
    """Return a row of the index as PEP 508 has it; empty where only a place is given or PEP 440 cannot say it."""
    if isinstance(given, str):
        table: Table = {"version": given}
    elif isinstance(given, dict):
        table = given
    else:
        raise place.error("A text or a table is expected here.")
    if any(key in table for key in ("git", "path", "url")):
        return ""
    extras = ",".join(place.texts(table, "extras"))
    version = place.get(table, "version", str) or "*"
    specifier = poetry_specifier(version) if version[:1].isdigit() or version == "*" else version
    text = f"{name}[{extras}]" if extras else name
    try:
        return str(parse_requirement(f"{text}{specifier if specifier is not None else ''}"))
    except InvalidRequirement:
        return ""
