"""Who needs whom, by the metadata of what is installed, on one interpreter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement

from mlenv.freezing.values import Package
from mlenv.model import value
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise

__all__ = ["Graph", "Walk", "graph", "heads", "walk"]


@value
class Graph:
    """Installed packages and their needs."""

    names: frozenset[str]
    needs: Callable[[str, frozenset[str]], tuple[Requirement, ...]]
    """(name, extras) -> what that needs on the target; each answer is worked out once."""


@value
class Walk:
    """What a set of roots reaches."""

    via: Mapping[str, frozenset[str]]
    """Name -> who needs it; empty for a root that nobody needs."""
    missing: tuple[tuple[str, str], ...] = ()
    """(name, who needs it or empty), sorted: asked for and not installed."""


def graph(packages: Mapping[str, Package], markers: Mapping[str, str]) -> Graph:
    """Return the graph of what is installed; markers are evaluated when asked for. Touches nothing."""

    @cache
    def needs(name: str, extras: frozenset[str]) -> tuple[Requirement, ...]:
        return _needs(packages[name], extras, markers)

    return Graph(names=frozenset(packages), needs=needs)


def walk(graph: Graph, roots: Iterable[tuple[Requirement, str]]) -> Walk:
    """Follow requirements from (root, who asks) on, with the extras that anybody asks for."""
    via: dict[str, set[str]] = {}
    missing: set[tuple[str, str]] = set()
    extras: dict[str, frozenset[str]] = {}
    waiting = list(roots)
    while waiting:
        requirement, by = waiting.pop()
        name = normalise(requirement.name)
        if name not in graph.names:
            missing.add((name, by))
            continue
        via.setdefault(name, set()).update({by} - {"", name})
        wanted = extras.get(name, frozenset()) | {normalise(extra) for extra in requirement.extras}
        if extras.get(name) != wanted:
            extras[name] = wanted
            waiting += [(need, name) for need in graph.needs(name, wanted)]
    return Walk(via={name: frozenset(needers) for name, needers in via.items()}, missing=tuple(sorted(missing)))


def heads(graph: Graph, names: Collection[str]) -> tuple[str, ...]:
    """Return those of ``names`` that no other of them needs, sorted; of a circle that nobody needs, the first name."""
    reach = {name: set(walk(graph, [(Requirement(name), "")]).via) for name in names}
    needed = {need for name, reached in reach.items() for need in reached - {name}}
    found = sorted(set(names) - needed)
    covered = {need for name in found for need in reach[name]}
    for name in sorted(names):
        if name not in covered:
            found.append(name)
            covered |= reach[name]
    return tuple(sorted(found))


def _needs(package: Package, extras: frozenset[str], markers: Mapping[str, str]) -> tuple[Requirement, ...]:
    """Return what one package needs on the target with these extras; rows that nobody can read are no needs."""
    needs = []
    for text in package.requires:
        try:
            requirement = parse_requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({**markers, "extra": extra}) for extra in ("", *extras)):
                needs.append(requirement)
        except (InvalidRequirement, UndefinedEnvironmentName):
            continue
    return tuple(needs)
