"""From a lock's file to its content: which reader reads which kind, and the files it reads along the way.

Readers are loaded when one of their files is read: all of them cost more to import than most locks cost to read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from mlenv.errors import MlenvError
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.limits import check_size
from mlenv.locks.merge import merge_locks
from mlenv.locks.requirement_lines import decode_text
from mlenv.locks.requirements import Requirements, as_lock, parse_requirements
from mlenv.locks.target import Target
from mlenv.model import Finding, value
from mlenv.versions import normalise

if TYPE_CHECKING:
    from mlenv.locks.environment_yml import Environment

__all__ = ["READABLE", "Files", "Wanted", "pixi_environment", "read_lock", "read_lock_with_groups"]

_T = TypeVar("_T")
_CODES = {
    "pyproject.toml": "manifest-unreadable",
    "Pipfile": "manifest-unreadable",
    "pixi.toml": "manifest-unreadable",
    "mlenv.toml": "settings-unreadable",
}


@value
class Wanted:
    """What is asked of a lock."""

    target: Target
    name: str = ""
    """The project's."""
    extras: tuple[str, ...] | None = None
    """``None``: what the lock's own tool takes."""
    groups: tuple[str, ...] | None = None
    """``None``: what the lock's own tool takes."""
    kind: str = ""
    """The lock's; empty where there is none."""
    environment: str = ""
    """Which of pixi's environments counts where no group names one."""
    manifest: Manifest = Manifest()
    """``pyproject.toml`` with nothing chosen: some locks can only be read with it."""


class Files:
    """Reads each file of a project once, and remembers which.

    Args:
        names: files in the root.
        load: returns the bytes of a file by its path relative to the root; ``None`` where there is none.
        member: folder of the workspace's member that is meant, relative to the root; empty where the root is.
    """

    def __init__(self, names: tuple[str, ...], load: Callable[[str], bytes | None], member: str = "") -> None:
        self._load = load
        self.names = names
        self.pyproject = posixpath.join(member, "pyproject.toml")
        """The ``pyproject.toml`` that counts."""
        self.read: dict[str, bytes | None] = {}
        self._lists: dict[str, Requirements] = {}
        self._environments: dict[str, Environment] = {}
        self._failed: dict[str, MlenvError] = {}

    def load(self, path: str) -> bytes | None:
        """Return a file's bytes.

        Raises:
            MlenvError: ``file-too-large``.
        """
        if path not in self.read:
            data = self._load(path)
            check_size(len(data or b""), path)
            self.read[path] = data
        return self.read[path]

    def requirements(self, path: str, target: Target) -> Requirements:
        """Return a requirements file, parsed once: whether it is a lock is asked before it is read as one."""
        return self._parsed(self._lists, path, lambda data: parse_requirements(data, path, target, self.load))

    def environment(self, path: str, target: Target) -> Environment:
        """Return an ``environment.yml``, parsed once: whether it is a lock is asked before it is read as one."""

        def parse(data: bytes) -> Environment:
            from mlenv.locks.environment_yml import parse_environment

            return parse_environment(decode_text(data, path, "environment-unreadable"), path, target, self.load)

        return self._parsed(self._environments, path, parse)

    def _parsed(self, known: dict[str, _T], path: str, parse: Callable[[bytes], _T]) -> _T:
        """Return what is known of a file, its error included, or parse it."""
        if path in self._failed:
            raise self._failed[path].with_traceback(None)
        if path not in known:
            try:
                known[path] = parse(self.load(path) or b"")
            except MlenvError as error:
                self._failed[path] = error
                raise
        return known[path]

    def text(self, path: str) -> str | None:
        """Return a file of the root, or the ``pyproject.toml`` of a member, as text; ``None`` where it is not there."""
        manifest = posixpath.basename(path) == "pyproject.toml"
        data = self.load(path) if path in self.names or manifest else None
        return (
            None if data is None else decode_text(data, path, _CODES.get(posixpath.basename(path), "lock-unreadable"))
        )


def read_lock(lock: str, kind: str, wanted: Wanted, files: Files) -> LockContent:
    """Read a lock of a kind in :data:`READABLE`.

    Raises:
        MlenvError: ``lock-not-found``; what the reader of its kind raises.
    """
    data = files.load(lock)
    if data is None:
        raise MlenvError("lock-not-found", "There is no such lock.", where=lock, hint="mlenv lock makes one.")
    if kind == "conda" and lock.endswith((".yml", ".yaml")):
        from mlenv.locks.environment_yml import as_environment_lock

        return as_environment_lock(files.environment(lock, wanted.target))
    if kind == "requirements" and b"@EXPLICIT" in data:
        from mlenv.locks.conda_explicit import is_explicit

        kind = "conda" if is_explicit(decode_text(data, lock)) else kind
    if kind == "requirements":
        return as_lock(files.requirements(lock, wanted.target))
    return _READERS[kind](decode_text(data, lock, "lock-unreadable"), lock, wanted)


def read_lock_with_groups(lock: str, kind: str, wanted: Wanted, files: Files) -> LockContent:
    """Read a lock and, where mlenv keeps a group in a lock of its own (``pylock.<group>.toml``), that too."""
    content = read_lock(lock, kind, wanted, files)
    if kind != "pylock":
        return content
    for group in (normalise(group) for group in wanted.groups or ()):
        if group not in content.groups:
            content = _with_group(content, lock, group, wanted, files)
    return content


def _with_group(content: LockContent, lock: str, group: str, wanted: Wanted, files: Files) -> LockContent:
    from mlenv.locks.pylock import parse_pylock

    name = f"pylock.{group}.toml"
    text = files.text(name)
    if text is not None:
        return merge_locks(content, parse_pylock(text, name, wanted.target, (), None), lock, name)
    reason = f"The group {group!r} is not locked: it is not in {lock}, and there is no {name}."
    return merge_locks(content, LockContent(findings=(Finding(kind="relock", reason=reason),)), lock, name)


def _uv(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.uv_lock import parse_uv_lock

    first = wanted.manifest
    groups, name = wanted.groups, first.name if first.declares else wanted.name
    # Before revision 4 the lock does not say which groups uv takes by default; the manifest always does.
    defaults = first.default_groups if first.declares else None
    return parse_uv_lock(text, where, wanted.target, wanted.extras or (), groups, name, defaults=defaults)


def _pylock(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.pylock import parse_pylock

    return parse_pylock(text, where, wanted.target, wanted.extras or (), wanted.groups)


def _poetry(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.poetry_lock import parse_poetry_lock

    asked = wanted.manifest.asked
    return parse_poetry_lock(text, where, wanted.target, wanted.extras or (), wanted.groups, asked=asked)


def _pdm(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.pdm_lock import parse_pdm_lock

    known = wanted.manifest.extras
    return parse_pdm_lock(text, where, wanted.target, wanted.extras, wanted.groups, known_extras=known)


def _pipenv(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.pipenv_lock import parse_pipfile_lock

    return parse_pipfile_lock(text, where, wanted.target, wanted.groups)


def _conda_lock(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.conda_lock import parse_conda_lock

    return parse_conda_lock(text, where, wanted.target, wanted.groups)


def _pixi(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.pixi_lock import parse_pixi_lock

    return parse_pixi_lock(text, where, wanted.target, pixi_environment(wanted, where))


def pixi_environment(wanted: Wanted, where: str) -> str:
    """Return which of pixi's environments counts: the one that ``--group`` names, or in which the project's lies
    (``.pixi/envs/dev``), else ``default``.

    Raises:
        MlenvError: ``group-unknown`` where several are named.
    """
    from mlenv.locks.pixi_lock import DEFAULT

    if len(wanted.groups or ()) > 1:
        message = f"An environment of pixi's is one: {', '.join(wanted.groups or ())} are several."
        raise MlenvError("group-unknown", message, where=where, hint="Choose one of them with --group.")
    return (wanted.groups or (wanted.environment or DEFAULT,))[0]


def _explicit(text: str, where: str, wanted: Wanted) -> LockContent:
    from mlenv.locks.conda_explicit import parse_explicit

    return parse_explicit(text, where, wanted.target)


_READERS: Mapping[str, Callable[[str, str, Wanted], LockContent]] = {
    "uv": _uv,
    "pylock": _pylock,
    "poetry": _poetry,
    "pdm": _pdm,
    "pipenv": _pipenv,
    "conda-lock": _conda_lock,
    "pixi": _pixi,
    "conda": _explicit,
}
READABLE = (*_READERS, "requirements")
"""Kinds whose content is read; the others are recognised and named."""
