"""Members of a uv workspace: folders whose lock and environment are those of a root above them.

A notebook in a member's folder is compared with what ``uv sync --package MEMBER --inexact`` would install: the member's
own dependencies, extras and groups, from the root's ``uv.lock``, in the root's ``.venv``. What the lock holds for other
members is never extra there.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.settings import MANIFEST_HINT, read_settings
from mlenv.services.context import Context

__all__ = ["refuse_member", "workspace_of"]

_LOCK = "uv.lock"


def workspace_of(folder: Path) -> tuple[Path, str] | None:
    """Return the root of the workspace that a folder is a member of, and the folder relative to it; else ``None``.

    The next ``pyproject.toml`` above decides, as with uv: it lists the folder in ``[tool.uv.workspace]``, or the folder
    is a project of its own. So it is where the root has no ``uv.lock``, or where ``[tool.mlenv]`` names another lock.

    Raises:
        MlenvError: ``manifest-unreadable`` of either file.
    """
    own = _table(folder)
    if own is None or "project" not in own[0]:
        return None
    uv = _uv(*own)
    if "workspace" in uv or uv.get("managed") is False:
        return None
    root = _above(folder)
    found = _table(root) if root is not None else None
    if root is None or found is None or not (root / _LOCK).is_file():
        return None
    at = found[1].at("tool").at("uv")
    workspace, place = at.table(_uv(*found), "workspace"), at.at("workspace")
    member = folder.relative_to(root).as_posix()
    if not _listed(member, place.texts(workspace, "members")) or _listed(member, place.texts(workspace, "exclude")):
        return None
    named = read_settings(store.read_text(root / "pyproject.toml"), _text(root / "mlenv.toml")).lock
    return (root, member) if named in {None, _LOCK} else None


def refuse_member(context: Context, root: Path, member: str, verb: str) -> None:
    """Refuse a verb that writes manifest or lock: in a workspace that is uv's own to do.

    Raises:
        MlenvError: ``uv-workspace``.
    """
    if not member:
        return
    hints = {"add": "uv add NAME, then: mlenv sync", "remove": "uv remove NAME, then: mlenv sync", "lock": "uv lock"}
    raise MlenvError(
        "uv-workspace",
        f"{member} is a member of a uv workspace, whose files mlenv does not edit yet",
        where=str(root / member),
        hint=hints.get(verb, f"mlenv {verb} --project {os.path.relpath(root, context.cwd)}"),
    )


def _above(folder: Path) -> Path | None:
    """Return the next folder above with a ``pyproject.toml``, within the same repository and below the home folder."""
    home = Path.home()
    for below, here in zip((folder, *folder.parents), folder.parents, strict=False):
        if (below / ".git").exists() or here == home:
            return None
        if (here / "pyproject.toml").is_file():
            return here
    return None


def _text(path: Path) -> str | None:
    return store.read_text(path) if path.is_file() else None


def _table(folder: Path) -> tuple[Table, Place] | None:
    text = _text(folder / "pyproject.toml")
    place = Place(file="pyproject.toml", code="manifest-unreadable", hint=MANIFEST_HINT)
    return None if text is None else (parse_toml(text, place), place)


def _uv(table: Table, place: Place) -> Table:
    return place.at("tool").table(place.table(table, "tool"), "uv")


def _listed(member: str, patterns: tuple[str, ...]) -> bool:
    return any(re.fullmatch(_expression(pattern), member) for pattern in patterns)


def _expression(pattern: str) -> str:
    """Return a glob of paths as a regular expression: ``*`` stays within one folder, ``**`` does not."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern.removeprefix("./").rstrip("/"))
    known = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(known.get(part) or re.escape(part) for part in parts)
