"""Read ``[dependency-groups]`` (PEP 735), with what ``[tool.uv]`` says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.dependency_groups import (
    CyclicDependencyGroup,
    DependencyGroupResolver,
    DuplicateGroupNames,
    InvalidDependencyGroupObject,
)
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier

from mlenv.locks.limits import check_packages
from mlenv.locks.place import Place, Table
from mlenv.requirement_text import parse_requirement, parse_specifiers
from mlenv.versions import is_name, normalise

__all__ = ["read_groups"]

_FAULTS = (
    CyclicDependencyGroup,
    DuplicateGroupNames,
    InvalidDependencyGroupObject,
    ExceptionGroup,
    LookupError,
    RecursionError,
)


def read_groups(table: Table, uv: Table, place: Place) -> dict[str, tuple[Requirement, ...]]:
    """Return the groups by normalised name, includes resolved, uv's ``dev-dependencies`` among them.

    A group that ``[tool.uv.dependency-groups]`` gives a range of Pythons asks for its packages there alone.

    Args:
        table: the whole file.
        uv: its ``[tool.uv]``.
        place: the file, for errors.

    Raises:
        MlenvError: ``place.code`` with the place.

    Source: PEP 735; uv's documentation of ``dependency-groups`` and ``dev-dependencies``.
    """
    raw = place.get(table, "dependency-groups", dict) or {}
    at, of_uv = place.at("dependency-groups"), place.at("tool").at("uv")
    for key in raw:
        at.get(raw, key, list)
        if not is_name(key):  # files are named after groups
            raise at.error(f"{key!r} is not the name of a group.")
    try:
        check_packages(sum(_sizes(raw).values()), at)
        resolver = DependencyGroupResolver(raw)
        groups = {
            normalise(key): tuple(at.at(key).requirement(str(row)) for row in resolver.resolve(key)) for key in raw
        }
    except (*_FAULTS, InvalidRequirement) as problem:
        raise at.error(f"{_first_fault(problem)}.") from None
    for name, pythons in _pythons(raw, uv, of_uv).items():
        groups[name] = tuple(_restricted(row, pythons, of_uv) for row in groups[name])
    legacy = tuple(
        of_uv.item("dev-dependencies", index).requirement(text)
        for index, text in enumerate(of_uv.texts(uv, "dev-dependencies"))
    )
    return {**groups, "dev": (*groups.get("dev", ()), *legacy)} if legacy else groups


def _sizes(raw: Table) -> dict[str, int]:
    """Return how many requirements each group holds: a few lines that include each other twice can ask for millions."""
    sizes: dict[str, int] = {}
    by_name = {normalise(key): key for key in raw}

    def size(name: str) -> int:
        if name not in sizes:
            sizes[name] = 0  # what a cycle adds; the resolver tells of it
            rows = raw[by_name[name]] if name in by_name else ()
            sizes[name] = sum(
                size(normalise(str(row.get("include-group")))) if isinstance(row, Mapping) else 1 for row in rows
            )
        return sizes[name]

    for name in by_name:
        size(name)
    return sizes


def _first_fault(problem: BaseException) -> str:
    inner: tuple[BaseException, ...] = getattr(problem, "exceptions", ())
    return _first_fault(inner[0]) if inner else str(problem).splitlines()[0].rstrip(".")


def _pythons(raw: Table, uv: Table, place: Place) -> dict[str, tuple[str, ...]]:
    """Return the ranges of Python of each group that has any: its own, and those of the groups that it includes."""
    told, at = place.table(uv, "dependency-groups"), place.at("dependency-groups")
    own = {normalise(name): at.at(name).get(at.table(told, name), "requires-python", str) for name in told}
    if not any(own.values()):
        return {}
    rows = {normalise(name): group for name, group in raw.items()}
    found: dict[str, tuple[str, ...]] = {}

    def ranges(name: str) -> tuple[str, ...]:
        if name not in found:
            inner = [normalise(str(row["include-group"])) for row in rows.get(name, ()) if isinstance(row, Mapping)]
            texts = (own.get(name), *(text for other in inner for text in ranges(other)))
            found[name] = tuple(dict.fromkeys(text for text in texts if text))
        return found[name]

    return {name: pythons for name in rows if (pythons := ranges(name))}


def _restricted(row: Requirement, pythons: Sequence[str], place: Place) -> Requirement:
    """Return a requirement for a range of Python versions alone."""
    try:
        clauses = sorted({clause for text in pythons for clause in parse_specifiers(text)}, key=str)
    except InvalidSpecifier:
        raise place.at("dependency-groups").error(f"{', '.join(pythons)} is not a range of Python versions.") from None
    said = " and ".join(f"python_full_version {clause.operator} '{clause.version}'" for clause in clauses)
    wanted = f" @ {row.url}" if row.url else str(row.specifier)
    extras = f"[{','.join(sorted(row.extras))}]" if row.extras else ""
    marker = f"({row.marker}) and {said}" if row.marker else said
    return parse_requirement(f"{row.name}{extras}{wanted} ; {marker}")
