"""Read ``[tool.poetry]``: its dependencies, groups and extras as PEP 508 would write them.

Source: Poetry's documentation, "The pyproject.toml file", "Dependency specification" and "Managing dependencies".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from mlenv.locks.place import Place, Table
from mlenv.locks.poetry_versions import poetry_specifier, python_marker
from mlenv.model import value
from mlenv.versions import normalise

__all__ = ["MAIN", "Asked", "PoetryRow", "read_poetry", "row_of"]

MAIN = "main"
"""The group of the project's own dependencies."""


@value
class PoetryRow:
    """One requirement of Poetry's tables."""

    name: str
    """As written."""
    specifier: str = ""
    """PEP 440; empty where any version will do, or a direct reference says which."""
    reference: str = ""
    """Address or path of a direct reference; empty for packages of an index."""
    marker: str = ""
    extras: tuple[str, ...] = ()
    optional: bool = False
    """Whether only an extra of the project asks for it."""
    unclear: bool = False
    """Whether the range cannot be said in PEP 440 (``1.2 || 2.0``), so that nobody may judge a version by it."""

    @property
    def text(self) -> str:
        """The requirement as PEP 508 writes it."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        wanted = f" @ {self.reference}" if self.reference else self.specifier
        return f"{self.name}{extras}{wanted}" + (f" ; {self.marker}" if self.marker else "")


@value
class Asked:
    """What Poetry's manifest asks for."""

    groups: Mapping[str, tuple[PoetryRow, ...]] = field(default_factory=dict)
    """Normalised name -> rows; ``main`` for the project's own."""
    optional: frozenset[str] = frozenset()
    """Groups that are left out unless they are asked for."""
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Normalised name -> normalised names of packages."""
    requires_python: str = ""
    declares: bool = False
    """Whether it lists dependencies, be they none: ``[tool.poetry]`` may hold nothing but settings."""


def read_poetry(poetry: Table, place: Place) -> Asked:
    """Read the table.

    Args:
        poetry: the content of ``[tool.poetry]``.
        place: ``tool.poetry`` of the file, for errors.

    Raises:
        MlenvError: ``place.code`` with the place, for wrong types.
    """
    main = place.table(poetry, "dependencies")
    groups = {MAIN: tuple(_rows(main, place.at("dependencies")))}
    optional = set()
    older = tuple(_rows(place.table(poetry, "dev-dependencies"), place.at("dev-dependencies")))
    at = place.at("group")
    for key, table in place.table(poetry, "group").items():
        group = normalise(key)
        if not isinstance(table, dict):
            raise at.at(key).error("A table is expected here.")
        rows = at.at(key).table(table, "dependencies")
        groups[group] = tuple(_rows(rows, at.at(key).at("dependencies")))
        if at.at(key).get(table, "optional", bool):
            optional.add(group)
    if older:
        groups["dev"] = (*groups.get("dev", ()), *older)
    extras = place.table(poetry, "extras")
    return Asked(
        groups=groups,
        optional=frozenset(optional),
        extras={normalise(key): tuple(map(normalise, place.at("extras").texts(extras, key))) for key in extras},
        requires_python=_python(main),
        declares="dependencies" in poetry or len(groups) > 1,
    )


def _python(main: Table) -> str:
    wanted = main.get("python")
    text = wanted if isinstance(wanted, str) else (wanted or {}).get("version", "") if isinstance(wanted, dict) else ""
    specifier = poetry_specifier(text) if text else None
    return str(specifier) if specifier is not None else ""


def _rows(table: Table, place: Place) -> Iterator[PoetryRow]:
    for name, wanted in table.items():
        if name == "python":
            continue
        for row in wanted if isinstance(wanted, list) else [wanted]:
            yield row_of(name, row, place.at(name))


def row_of(name: str, wanted: Any, place: Place) -> PoetryRow:
    """Read what stands beside one name: a range, or a table.

    Raises:
        MlenvError: ``place.code`` where it is neither.
    """
    if isinstance(wanted, str):
        return _row(name, {"version": wanted}, place)
    if isinstance(wanted, dict):
        return _row(name, wanted, place)
    raise place.error("A version, a table or a list of tables is expected here.")


def _row(name: str, table: Table, place: Place) -> PoetryRow:
    text = place.get(table, "version", str) or "*"
    specifier = poetry_specifier(text)
    markers = [place.get(table, "markers", str) or "", *_shorthands(table, place)]
    given = [marker for marker in markers if marker]
    return PoetryRow(
        name=name,
        specifier=str(specifier or ""),
        reference=_reference(table, place),
        marker=given[0] if len(given) == 1 else " and ".join(f"({marker})" for marker in given),
        extras=tuple(place.texts(table, "extras")),
        optional=place.get(table, "optional", bool) or False,
        unclear=specifier is None,
    )


def _shorthands(table: Table, place: Place) -> Iterator[str]:
    """Yield the markers that ``python = "<3.10"`` and ``platform = "linux"`` stand for."""
    python = place.get(table, "python", str)
    if python:
        marker = python_marker(python)
        if marker is None:
            raise place.at("python").error(f"{python!r} is not a range of Python versions.")
        yield marker
    platform = place.get(table, "platform", str)
    if platform:
        yield " or ".join(f'sys_platform == "{word.strip()}"' for word in platform.split("|") if word.strip())


def _reference(table: Table, place: Place) -> str:
    git = place.get(table, "git", str)
    if git is not None:
        revision = next((table[key] for key in ("rev", "tag", "branch") if key in table), "")
        return f"git+{git}" + (f"@{revision}" if revision else "")
    return place.get(table, "url", str) or place.get(table, "path", str) or place.get(table, "file", str) or ""
