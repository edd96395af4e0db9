"""Which of the files that lie in a project is its manifest and which is its lock, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import replace

from mlenv.errors import MlenvError
from mlenv.locks.settings import Settings
from mlenv.locks.source import inside
from mlenv.model import value

__all__ = ["Choice", "choose", "kind_of", "of_member"]

_BY_NAME = {
    "uv.lock": "uv",
    "pylock.toml": "pylock",
    "poetry.lock": "poetry",
    "pdm.lock": "pdm",
    "Pipfile.lock": "pipenv",
    "conda-lock.yml": "conda-lock",
    "pixi.lock": "pixi",
}
_NAMED_PYLOCK = re.compile(r"pylock\.[^.]+\.toml")
_EXPLICIT = re.compile(r"conda-[a-z]+-[a-z0-9_]+\.lock(\.yml)?")
"""Explicit lists as conda-lock renders them: one for each platform."""
_ENVIRONMENTS = ("environment.yml", "environment.yaml")
_FOREIGN_MANIFESTS = {
    "Pipfile": "pipenv",
    "pixi.toml": "pixi",
    "environment.yml": "conda",
    "environment.yaml": "conda",
}
_PARTNERS = {
    "pipenv": ("Pipfile",),
    "conda-lock": ("environment.yml", "environment.yaml"),
    "pixi": ("pixi.toml",),
    "conda": ("environment.yml", "environment.yaml"),
}
"""Kind of lock -> the manifests that only its tool reads."""


@value
class Choice:
    """The files that count."""

    manifest: str | None = None
    """Relative to the root; ``None`` where nobody declares anything."""
    lock: str | None = None
    """Relative to the root; ``None`` where nothing is locked."""
    kind: str | None = None
    """Format of the lock, as the wire says it."""
    reason: str = ""
    """Why these, where there was a choice; empty where there was none."""
    others: tuple[str, ...] = ()
    """Locks that lie there but do not count."""


def choose(
    names: Collection[str],
    loose: Callable[[str], bool],
    settings: Settings,
    lock_option: str | None = None,
    *,
    declares: bool = True,
    subdir: str = "",
) -> Choice:
    """Choose the manifest and the lock of a project.

    Order of locks: the one named by ``--lock``, by the setting ``lock``, ``uv.lock``, ``pylock.toml``,
    ``poetry.lock``, ``pdm.lock``, ``Pipfile.lock``, ``conda-lock.yml``, ``pixi.lock``, ``conda-<platform>.lock``, a
    pinned ``requirements.txt``, an ``environment.yml`` with exact pins where nothing else declares. Order of
    manifests: the one that the lock's own tool reads (``Pipfile`` beside ``Pipfile.lock``), ``pyproject.toml`` where it
    declares something, ``requirements.in``, a loose ``requirements.txt``, then other tools' manifests.

    Args:
        names: files in the project's root.
        loose: whether a requirements file leaves a version open; asked only for files that are there.
        settings: the project's settings.
        lock_option: what ``--lock`` names.
        declares: whether ``pyproject.toml`` declares anything (``[project]``, groups, another tool's project table).
        subdir: conda's name of the target's platform.

    Raises:
        MlenvError: ``lock-kind-unknown`` where the named lock has a name that no format has; ``lock-outside``.
    """
    pinned = "requirements.txt" in names and not loose("requirements.txt")
    found = _locks(names, pinned, subdir)
    if not found and not ("pyproject.toml" in names and declares) and "requirements.in" not in names:
        found = [name for name in _ENVIRONMENTS if name in names and not loose(name)]
    named, by = _named(settings, lock_option)
    lock = named or (found[0] if found else None)
    others = tuple(name for name in found if name != lock)
    kind = None if lock is None else _named_kind(lock, by)
    return Choice(
        manifest=_partner(names, kind, lock) or _manifest(names, pinned, declares, lock),
        lock=lock,
        kind=kind,
        reason=_reason(lock, by, others),
        others=others,
    )


def kind_of(name: str) -> str | None:
    """Return the format that a lock's file name says, ``None`` where it says none."""
    base = name.replace("\\", "/").rpartition("/")[2]
    if base in _BY_NAME:
        return _BY_NAME[base]
    if _NAMED_PYLOCK.fullmatch(base):
        return "pylock"
    if base in _ENVIRONMENTS or _EXPLICIT.fullmatch(base):
        return "conda"
    return "requirements" if base.endswith((".txt", ".in")) else None


def of_member(choice: Choice, member: str) -> Choice:
    """Return the choice of a workspace's root as one of its members has it: its own manifest, the root's lock."""
    why = f"{choice.lock} of the workspace is used because {member} is one of its members."
    return replace(choice, manifest=f"{member}/pyproject.toml", reason=why, others=())


def _locks(names: Collection[str], pinned: bool, subdir: str) -> list[str]:
    """Return the locks in the order in which they count."""
    listed = f"conda-{subdir}.lock"
    found = [name for name in _BY_NAME if name in names] + ([listed] if listed in names else [])
    return found + (["requirements.txt"] if pinned else [])


def _named(settings: Settings, lock_option: str | None) -> tuple[str | None, str]:
    if lock_option:
        return _inside(lock_option, "--lock"), "--lock"
    if settings.lock:
        return _inside(settings.lock, settings.at("lock")), "the setting 'lock'"
    return None, ""


def _inside(lock: str, said: str) -> str:
    """Refuse a lock outside the project: `mlenv lock` would write there."""
    if inside(lock, "") is None:
        message = f"The lock {lock} lies outside the project."
        raise MlenvError(
            "lock-outside", message, where=said, hint="Name a file of the project, relative to its folder."
        )
    return lock


def _named_kind(lock: str, by: str) -> str:
    kind = kind_of(lock)
    if kind is None:
        known = ", ".join(
            (*_BY_NAME, "pylock.<name>.toml", "conda-<platform>.lock", *_ENVIRONMENTS, "requirements*.txt")
        )
        message = f"No known lock has a name like the one that {by} names."
        raise MlenvError("lock-kind-unknown", message, where=lock, hint=f"Known: {known}.")
    return kind


def _partner(names: Collection[str], kind: str | None, lock: str | None) -> str | None:
    return next((name for name in _PARTNERS.get(kind or "", ()) if name in names and name != lock), None)


def _manifest(names: Collection[str], pinned: bool, declares: bool, lock: str | None) -> str | None:
    if "pyproject.toml" in names and declares:
        return "pyproject.toml"
    if "requirements.in" in names:
        return "requirements.in"
    if "requirements.txt" in names and not pinned and lock != "requirements.txt":
        return "requirements.txt"
    return next((name for name in _FOREIGN_MANIFESTS if name in names and name != lock), None)


def _reason(lock: str | None, by: str, others: tuple[str, ...]) -> str:
    if lock is None:
        return ""
    if by:
        return f"{lock} is used because {by} names it."
    return f"{lock} is used; {', '.join(others)} also there, but {lock} comes first." if others else ""
