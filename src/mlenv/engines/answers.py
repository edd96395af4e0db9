"""Read what engines answer: planned changes, newer versions, unmet requirements."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from mlenv.errors import MlenvError
from mlenv.model import Change, value

__all__ = ["Outdated", "parse_changes", "parse_outdated", "parse_pip_check"]


@value
class Outdated:
    name: str
    version: str
    latest: str


def parse_changes(text: str) -> tuple[Change, ...]:
    """Read the JSON plan of ``uv pip install`` or ``uv sync``: one row per package, sorted by name.

    uv writes an upgrade as two rows; a package installed afresh at its version is a change whose sides are equal.

    Raises:
        MlenvError: ``engine-answer`` where the text is not such a plan (uv then says why on its error stream).
    """
    answer = _object(text, "uv's plan")
    rows = answer.get("changes")
    if rows is None:
        rows = answer.get("sync", {}).get("changes")
    if not isinstance(rows, list):
        raise MlenvError("engine-answer", "uv's plan cannot be read.", details=text[-2000:])
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for row in rows:
        name, action = canonicalize_name(row["name"]), row["action"]
        if action in ("uninstalled", "reinstalled"):
            before[name] = row["version"]
        if action in ("installed", "reinstalled"):
            after[name] = row["version"]
    names = sorted({*before, *after})
    return tuple(Change(package=name, before=before.get(name), after=after.get(name)) for name in names)


def parse_outdated(text: str) -> tuple[Outdated, ...]:
    """Read ``pip list --outdated --format json`` of uv or pip.

    Raises:
        MlenvError: ``engine-answer`` where the text is no such list.
    """
    try:
        rows = json.loads(text)
        return tuple(
            Outdated(name=canonicalize_name(row["name"]), version=row["version"], latest=row["latest_version"])
            for row in rows
        )
    except (ValueError, KeyError, TypeError) as error:
        raise MlenvError("engine-answer", "The list of newer versions cannot be read.", details=text[-2000:]) from error


def parse_pip_check(stdout: str, stderr: str) -> tuple[str, ...]:
    """Read ``pip check`` of uv or pip: one sentence per unmet requirement, none if all are met."""
    rows = []
    for line in (*stdout.splitlines(), *stderr.splitlines()):
        if found := re.match(r"The package `(.+?)` requires `(.+?)`, but (.+)$", line):
            state = found[3].replace("`", "").replace("it's not installed", "it is not installed")
            rows.append(f"{found[1]} needs {found[2]}, but {state}")
        elif found := re.match(r"(\S+) \S+ requires (\S+), which is not installed\.$", line):
            rows.append(f"{found[1]} needs {found[2]}, but it is not installed")
        elif found := re.match(r"(\S+) \S+ has requirement (.+), but you have \S+ (\S+)\.$", line):
            rows.append(f"{found[1]} needs {found[2]}, but {found[3]} is installed")
    return tuple(rows)


def _object(text: str, what: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise MlenvError("engine-answer", f"{what} cannot be read.", details=text[-2000:]) from error
    if not isinstance(answer, dict):
        raise MlenvError("engine-answer", f"{what} cannot be read.", details=text[-2000:])
    return answer
