"""Which installed packages are written down, and what stays out and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from packaging.requirements import Requirement

from mlenv.freezing.graph import Graph, graph, heads, walk
from mlenv.freezing.sources import NOWHERE_ELSE, address, why_local
from mlenv.freezing.values import KERNEL, TOOLING, Frozen, LeftOut, Package, Row, RowsRequest
from mlenv.model import Distribution
from mlenv.versions import normalise

__all__ = ["freeze"]


def freeze(request: RowsRequest) -> Frozen:
    """Say which packages have to be written down so that the roots work elsewhere, and what stays out and why.

    Tooling, mlenv, ipykernel and what only these need are rows only where a root or a row asks for them. Editable and
    local packages never are, but what they need is; one that a row needs is frozen by its version and named. Extras
    and markers are followed for the target. The same environment always gives the same rows.
    """
    there = {d.name: d for d in request.installed.distributions}
    packages = {name: request.packages.get(name, Package()) for name in there}
    local = {name: why for name in there if (why := why_local(there[name], packages[name]))}
    edges = graph(packages, request.markers)
    roots = [(Requirement(text), "") for text in request.roots]
    for name in sorted(set(local) - KERNEL - TOOLING - {request.project}):
        roots += [(need, name) for need in edges.needs(name, frozenset())]
    asked = frozenset(normalise(root.name) for root, by in roots if not by)
    kernel = _kernel_side(edges)
    apart = {*walk(edges, roots).via, *local, *TOOLING, *KERNEL, request.project}
    by_hand = frozenset(_by_hand(edges, packages, set(there) - apart, kernel) if request.adopt else ())
    whole = walk(edges, [*roots, *((Requirement(name), "") for name in sorted(by_hand))])
    rows: dict[str, Row] = {}
    for name in sorted(set(whole.via) - {request.project}):
        needed = name in asked or bool(whole.via[name] - set(local) - {request.project})
        if name not in local or (needed and local[name] in {"local", "conda"}):
            via = tuple(sorted(whole.via[name] - {request.project}))
            rows[name] = _row(there[name], packages[name], local.get(name, ""), name in asked | by_hand, via)
    return Frozen(
        rows=tuple(rows.values()),
        left_out=tuple(_left_out(request, there[name], local, kernel) for name in sorted(there) if name not in rows),
        adopted=tuple(rows[name] for name in sorted(by_hand)),
        missing=tuple((name, by) for name, by in whole.missing if not by or by in rows),
        by_version=tuple(name for name in rows if name in local),
    )


def _kernel_side(edges: Graph) -> frozenset[str]:
    """Return what the kernel and the tooling reach."""
    return frozenset(walk(edges, [(Requirement(name), "") for name in sorted((KERNEL | TOOLING) & edges.names)]).via)


def _by_hand(
    edges: Graph, packages: Mapping[str, Package], unreached: Collection[str], kernel: Collection[str]
) -> tuple[str, ...]:
    """Return what somebody installed: nobody needs it, or only the kernel does and a person named it.

    After an installation from a full list everything counts as named, which then says nothing.
    """
    side = set(unreached) & set(kernel)
    named = {name for name in side if packages[name].requested}
    return heads(edges, (set(unreached) - side) | (named if named != side else set()))


def _row(distribution: Distribution, package: Package, why: str, direct: bool, via: tuple[str, ...]) -> Row:
    spelled = package.name or distribution.name
    requirement = f"{spelled}=={distribution.version}"
    if not why and distribution.source.kind in {"url", "vcs"}:
        requirement = f"{spelled} @ {address(package.direct_url)}"
    return Row(name=distribution.name, version=distribution.version, requirement=requirement, direct=direct, via=via)


def _left_out(
    request: RowsRequest, distribution: Distribution, local: Mapping[str, str], kernel: Collection[str]
) -> LeftOut:
    name = distribution.name
    if name == request.project:
        why, reason = "project", "the project itself"
    elif name in KERNEL:
        why, reason = "kernel", "belongs to the kernel"
    elif name in TOOLING:
        why, reason = "tooling", "installs packages"
    elif name in local:
        why, reason = local[name], NOWHERE_ELSE[local[name]]
    elif name in kernel:
        why, reason = "kernel", "only the kernel needs it"
    else:
        why, reason = "unasked", "nobody asked for it"
    return LeftOut(name=name, version=distribution.version, why=why, reason=reason)
