"""What other tools' tables of ``pyproject.toml`` declare: ``[tool.poetry]`` and ``[tool.pdm]``.

Source: Poetry's and PDM's documentation, "The pyproject.toml file".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from packaging.requirements import Requirement

from mlenv.locks.place import Place, Table
from mlenv.locks.poetry_manifest import MAIN, Asked, PoetryRow, read_poetry
from mlenv.model import value
from mlenv.versions import normalise

__all__ = ["ToolTables", "read_tool_tables"]

_Rows = tuple[Requirement, ...]


@value
class ToolTables:
    """The lists of the two tables, as PEP 508 would write them."""

    asked: Asked = Asked()
    base: _Rows = ()
    """The project's own dependencies, where ``[project]`` leaves them to Poetry."""
    extras: Mapping[str, _Rows] = field(default_factory=dict)
    groups: Mapping[str, _Rows] = field(default_factory=dict)
    unjudged: frozenset[str] = frozenset()
    """Names with a range that PEP 440 cannot say, or with an address that stands in the table alone."""


def read_tool_tables(tool: Table, project: Table, place: Place) -> ToolTables:
    """Read them.

    Args:
        tool: the ``[tool]`` table.
        project: the ``[project]`` table: what it lists counts, and Poetry's rows only enrich it.
        place: ``tool`` of the file, for errors.

    Raises:
        MlenvError: ``place.code`` with the place, for wrong types and rows that are no requirements.
    """
    at = place.at("poetry")
    asked = read_poetry(place.table(tool, "poetry"), at)
    own = () if "dependencies" in project else asked.groups.get(MAIN, ())
    rows = [row for listed in asked.groups.values() for row in listed]
    groups = {name: tuple(_requirements(listed, at)) for name, listed in asked.groups.items() if name != MAIN}
    pdm = dict(_pdm_groups(place.table(tool, "pdm"), place.at("pdm")))
    return ToolTables(
        asked=asked,
        base=tuple(_requirements((row for row in own if not row.optional), at)),
        extras={
            extra: tuple(_requirements((row for row in own if normalise(row.name) in names), at))
            for extra, names in asked.extras.items()
        },
        groups={**pdm, **{name: (*pdm.get(name, ()), *listed) for name, listed in groups.items()}},
        unjudged=frozenset(normalise(row.name) for row in rows if row.unclear or row.reference),
    )


def _requirements(rows: Iterable[PoetryRow], place: Place) -> Iterator[Requirement]:
    return (place.at(row.name).requirement(row.text) for row in rows)


def _pdm_groups(pdm: Table, place: Place) -> Iterator[tuple[str, _Rows]]:
    """Yield ``[tool.pdm.dev-dependencies]``; its rows ``-e ...`` name no package."""
    groups, at = place.table(pdm, "dev-dependencies"), place.at("dev-dependencies")
    for name in groups:
        rows = [
            at.item(name, index).requirement(text)
            for index, text in enumerate(at.texts(groups, name))
            if not text.lstrip().startswith("-e")
        ]
        yield normalise(name), tuple(rows)
