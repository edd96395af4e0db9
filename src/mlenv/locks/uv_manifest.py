"""What uv would record of a ``pyproject.toml`` when it locks it: every extra, every group, and its own sources."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence

from packaging.requirements import Requirement

from mlenv.locks.place import Table
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise

__all__ = ["everything", "unjudged"]


def everything(
    project: Table, groups: Mapping[str, Sequence[Requirement]], sources: Table, folder: str = ""
) -> tuple[str, ...]:
    """Return all requirements as PEP 508 texts, extras as markers, with the addresses of ``[tool.uv.sources]``.

    Args:
        project: the ``[project]`` table, already checked.
        groups: resolved dependency groups.
        sources: the ``[tool.uv.sources]`` table.
        folder: of the manifest, relative to the lock: uv records paths as seen from there.

    Source: uv's ``[package.metadata]``; uv 0.13.
    """
    addresses = _addresses(sources, folder)
    rows = [_text(parse_requirement(text), addresses) for text in project.get("dependencies", ())]
    for extra, texts in project.get("optional-dependencies", {}).items():
        rows += [_text(parse_requirement(text), addresses, normalise(extra)) for text in texts]
    rows += [_text(row, addresses) for group in groups.values() for row in group]
    return tuple(dict.fromkeys(rows))


def unjudged(sources: Table) -> frozenset[str]:
    """Return the names whose source is not one plain address: workspace members, and sources chosen by markers."""
    return frozenset(
        normalise(name)
        for name, source in sources.items()
        if not isinstance(source, Mapping) or source.get("workspace") or "marker" in source
    )


def _addresses(sources: Table, folder: str) -> dict[str, str]:
    found = {}
    for name, source in sources.items():
        address = _address(source, folder) if isinstance(source, Mapping) else ""
        if address:
            found[normalise(name)] = address
    return found


def _address(source: Mapping[str, object], folder: str) -> str:
    if "git" in source:
        revision = next((source[key] for key in ("rev", "tag", "branch") if key in source), "")
        return f"git+{source['git']}" + (f"@{revision}" if revision else "")
    path = str(source.get("path") or "")
    beside = path and folder and not path.startswith(("/", "~")) and ":" not in path
    return str(source.get("url") or (posixpath.normpath(posixpath.join(folder, path)) if beside else path))


def _text(row: Requirement, addresses: Mapping[str, str], extra: str = "") -> str:
    address = row.url or addresses.get(normalise(row.name), "")
    extras = f"[{','.join(sorted(row.extras))}]" if row.extras else ""
    wanted = f" @ {address}" if address else str(row.specifier)
    marker = str(row.marker or "")
    if extra:
        marker = f"({marker}) and extra == '{extra}'" if marker else f"extra == '{extra}'"
    return f"{row.name}{extras}{wanted}" + (f" ; {marker}" if marker else "")
