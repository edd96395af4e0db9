"""The digests by which Poetry, PDM and Pipenv tell that a manifest has changed since their lock was made.

Sources: ``Locker._get_content_hash`` of Poetry 1.0 to 2.5, ``PyProject.content_hash`` of PDM 2, ``plette`` of Pipenv.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mlenv.versions import normalise

__all__ = ["pdm_fingerprint", "pipfile_fingerprint", "poetry_fingerprints"]

_LEGACY = ("dependencies", "source", "extras", "dev-dependencies")
_PROJECT = ("requires-python", "dependencies", "optional-dependencies")
_PIPFILE_SECTIONS = (
    "source",
    "packages",
    "dev-packages",
    "requires",
    "scripts",
    "pipfile",
    "pipenv",
    "default",
    "develop",
)

_Table = Mapping[str, Any]


def poetry_fingerprints(pyproject: _Table) -> frozenset[str]:
    """Return the digests that versions of Poetry write for a ``pyproject.toml``: any of them means *unchanged*."""
    ways = ((True, True), (False, True), (False, False))
    return frozenset(_poetry(pyproject, dependency_groups=groups, group=group) for groups, group in ways)


def _poetry(pyproject: _Table, *, dependency_groups: bool, group: bool) -> str:
    tool = _table(_table(pyproject, "tool"), "poetry")
    own = _table(pyproject, "project")
    project = {key: own[key] for key in _PROJECT if key in own}
    groups = _table(pyproject, "dependency-groups") if dependency_groups else {}
    poetry = {}
    # Poetry 1.0 and 1.1 knew no groups, and took no notice of them.
    for key in (*_LEGACY, "group") if group else _LEGACY:
        absent = tool.get(key) is None
        if absent and (key not in _LEGACY or project or groups):
            continue
        poetry[key] = tool.get(key)
    content: dict[str, Any] = {"project": project} if project else {}
    if groups:
        content["dependency-groups"] = groups
    return _sha256(
        json.dumps({**content, "tool": {"poetry": poetry}} if content else poetry, sort_keys=True, default=str)
    )


def pdm_fingerprint(pyproject: _Table) -> str:
    """Return the digest that PDM writes for a ``pyproject.toml``."""
    project, pdm = _table(pyproject, "project"), _table(_table(pyproject, "tool"), "pdm")
    groups: dict[str, list[Any]] = {}
    for table in (_table(pyproject, "dependency-groups"), _table(pdm, "dev-dependencies")):
        for name, rows in table.items():
            groups.setdefault(normalise(name), []).extend(rows if isinstance(rows, list) else [rows])
    content = {
        "sources": pdm.get("source", []),
        "dependencies": project.get("dependencies", []),
        "dev-dependencies": groups,
        "optional-dependencies": project.get("optional-dependencies", {}),
        "requires-python": project.get("requires-python", ""),
        "resolution": pdm.get("resolution", {}),
    }
    return _sha256(json.dumps(content, sort_keys=True, default=str))


def pipfile_fingerprint(pipfile: _Table) -> str:
    """Return the digest that Pipenv writes for a ``Pipfile``."""
    content = {
        "_meta": {"sources": pipfile.get("source", []), "requires": pipfile.get("requires", {})},
        "default": pipfile.get("packages", {}),
        "develop": pipfile.get("dev-packages", {}),
        **{key: rows for key, rows in pipfile.items() if key not in _PIPFILE_SECTIONS},
    }
    return _sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), default=str))


def _table(table: _Table, key: str) -> _Table:
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
