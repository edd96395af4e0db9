"""Read the ``uv.lock`` of a script or a notebook: it has no project, only what the script block asked for.

Source: uv 0.13, ``uv lock --script``; juv 0.5 keeps such a lock in a notebook's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mlenv.locks.content import LockContent
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.target import Target
from mlenv.locks.uv_lock import parse_uv_lock
from mlenv.versions import normalise

__all__ = ["parse_script_lock"]

_HINT = "Make it anew: juv lock NOTEBOOK"
_ROOT = "this-script"


def parse_script_lock(text: str, where: str, target: Target) -> LockContent:
    """Read a script's ``uv.lock`` and select what it asks of one interpreter.

    The script stands in the place of a project: its requirements are read as those of a package without files.

    Raises:
        MlenvError: as :func:`mlenv.locks.uv_lock.parse_uv_lock`.

    Cost: the text is parsed twice.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table = parse_toml(text, place)
    manifest = place.table(table, "manifest")
    asked = place.at("manifest").tables(manifest, "requirements")
    packages = place.tables(table, "package")
    edges = [edge for row, at in asked for edge in _edges(row, at, [package for package, _ in packages])]
    rows = ", ".join(_inline(row) for row, _ in asked)
    own = (
        f'\n[[package]]\nname = "{_ROOT}"\nsource = {{ virtual = "." }}\n'
        f"dependencies = [{', '.join(map(_inline, edges))}]\n[package.metadata]\nrequires-dist = [{rows}]\n"
    )
    return parse_uv_lock(f"{text}\n{own}", where, target, (), (), _ROOT)


def _edges(row: Table, at: Place, packages: list[Table]) -> Iterator[dict[str, Any]]:
    """Yield one edge per version of a package that the lock holds, under the markers for which it holds it."""
    name = normalise(at.need(row, "name", str))
    found = [package for package in packages if normalise(str(package.get("name"))) == name]
    marker = at.get(row, "marker", str)
    for package in found or [{}]:
        forks = [str(fork) for fork in package.get("resolution-markers") or () if len(found) > 1]
        conditions = [f"({text})" for text in (marker, " or ".join(f"({fork})" for fork in forks)) if text]
        edge: dict[str, Any] = {"name": name, "extra": list(at.texts(row, "extras"))}
        edge |= {key: package[key] for key in ("version", "source") if len(found) > 1 and key in package}
        yield edge | ({"marker": " and ".join(conditions)} if conditions else {})


def _inline(item: Any) -> str:
    """Return a value as TOML writes it in one line."""
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(each)}" for key, each in item.items()) + " }"
    if isinstance(item, list):
        return "[" + ", ".join(map(_inline, item)) + "]"
    return json.dumps(item, ensure_ascii=False) if isinstance(item, (str, bool)) else str(item)
