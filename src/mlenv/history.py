"""What ``undo`` needs: the last changes of a project, with the old content of the files that they wrote."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import FileStamp, value
from mlenv.probe import site

__all__ = [
    "Entry",
    "FileChange",
    "begin",
    "entries",
    "finish",
    "interrupted",
    "is_written",
    "put_all_back",
    "put_back",
    "put_texts",
    "save",
    "texts",
    "write_files",
]

_KEPT = 2
"""How many changes can be undone, and so how many previous environments stay."""

_ENVIRONMENT = re.compile(r"envs/[A-Za-z0-9][A-Za-z0-9-]*")
_BACKUP = re.compile(r"backups/[0-9a-f]+/[0-9]+")
_CLOSED = frozenset({"..", ".git", ".mlenv"})
"""What no path of a project file has in it."""


@value
class FileChange:
    """One project file before and after a verb."""

    path: str
    """Relative to the project."""
    before: str | None
    """Digest of the old content, ``None`` where there was no file."""
    after: str
    backup: str | None
    """Where the old content lies, relative to ``.mlenv``."""


@value
class Entry:
    """One change of the project, as ``undo`` needs it."""

    id: str
    verb: str
    when: float
    """Seconds since the epoch; only shown, nothing is decided by it."""
    old: str | None
    """The generation before, relative to ``.mlenv``; ``None`` where there was no environment."""
    new: str | None
    files: tuple[FileChange, ...] = ()
    done: bool = False


def write_files(
    root: Path, entry: Entry, files: Mapping[str, str], stamps: Mapping[str, FileStamp]
) -> tuple[FileChange, ...]:
    """Keep the old content of project files, note it, then write the new one, each atomically.

    Args:
        root: the project.
        entry: of :func:`begin`.
        files: path relative to the project -> new text, in the order in which to write them.
        stamps: of the files when they were read; one that was edited since is not overwritten.

    Raises:
        MlenvError: as :func:`store.write_atomic`; files written before are as they were then.
    """
    planned = tuple(
        _keep(root, f"backups/{entry.id}/{number}", path, text) for number, (path, text) in enumerate(files.items())
    )
    _note(root, entry, planned)  # before the first is written: a kill between two of them is known for what it is
    written: list[FileChange] = []
    try:
        for change in planned:
            if change.before != change.after:
                target, text = root / change.path, files[change.path]
                store.write_atomic(target, text, expect=stamps.get(change.path), inside=root)
            written.append(change)
    except BaseException:
        put_all_back(root, written)
        raise
    return planned


def _keep(root: Path, place: str, path: str, text: str) -> FileChange:
    before = _content(root / path)
    if before is not None:
        store.make_folder((root / ".mlenv" / place).parent)
        store.write_atomic(root / ".mlenv" / place, before)
    backup = None if before is None else place
    return FileChange(path=path, before=_digest(before), after=_digest(text.encode()) or "", backup=backup)


def is_written(root: Path, change: FileChange) -> bool:
    """Whether a file is what a change was to make of it."""
    return _digest(_content(root / change.path)) == change.after


def interrupted(root: Path, verb: str) -> tuple[str, ...]:
    """Return the old texts of the files that a killed run of a verb has written, where nobody edited them since."""
    pending = [entry for entry in entries(root) if not entry.done and entry.verb == verb]
    changes = [change for entry in pending for change in entry.files if change.backup and is_written(root, change)]
    kept = [_content(root / ".mlenv" / str(change.backup)) for change in changes]
    return tuple(content.decode("utf-8", "replace") for content in kept if content is not None)


def put_back(root: Path, change: FileChange) -> bool:
    """Give a file its old content; ``False`` where somebody has edited it since, or the old content is lost.

    Raises:
        MlenvError: as :func:`store.write_atomic`.
    """
    target, seen = root / change.path, site.stamp(str(root / change.path))
    now = _digest(_content(target))
    if now == change.before:
        return True  # an undo that was interrupted did it
    old = _content(root / ".mlenv" / change.backup) if change.backup else None
    if now != change.after or _digest(old) != change.before:
        return False
    if old is None:
        target.unlink(missing_ok=True)
    else:
        store.write_atomic(target, old, expect=seen, inside=root)
    return True


def put_all_back(root: Path, changes: Iterable[FileChange]) -> None:
    """Give files their old content after a failure: one that cannot be written now does not keep the others."""
    for change in changes:
        with contextlib.suppress(MlenvError):
            put_back(root, change)


def texts(root: Path, changes: Iterable[FileChange]) -> dict[str, bytes | None]:
    """Return what the files hold now, ``None`` where one is not there: for :func:`put_texts` after a failure."""
    return {change.path: _content(root / change.path) for change in changes}


def put_texts(root: Path, files: Mapping[str, bytes | None]) -> None:
    """Give files what they held before an undo that failed; one that cannot be written now does not keep the others."""
    for name, content in files.items():
        with contextlib.suppress(MlenvError):
            if content is not None:
                store.write_atomic(root / name, content, inside=root)


def _content(path: Path) -> bytes | None:
    return store.read_bytes(path) if path.exists() else None


def _digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def entries(root: Path) -> tuple[Entry, ...]:
    """Return the changes that can be undone, oldest first. Losing the file costs only ``undo``."""
    content = store.read_json(root / ".mlenv" / "history.json") or {}
    rows = content.get("entries")
    if content.get("schema") != 1 or not isinstance(rows, list):
        return ()
    found = [_entry(row) for row in rows]
    return tuple(entry for entry in found if entry is not None) if None not in found else ()


def _entry(row: Any) -> Entry | None:
    """Read one row; ``None`` for what mlenv does not write: a project's folder may come from somebody else."""
    try:
        files = tuple(FileChange(**change) for change in row["files"])
        entry = Entry(**{**row, "files": files})
        places = [place for place in (entry.old, entry.new) if place is not None]
        known = all(_ENVIRONMENT.fullmatch(place) or Path(place).is_absolute() for place in places)
        return entry if known and _is_typed(entry) and all(map(_is_own, files)) else None
    except (KeyError, TypeError, AttributeError):
        return None


def _is_typed(entry: Entry) -> bool:
    digests = [text for change in entry.files for text in (change.before, change.after, change.backup)]
    texts: list[Any] = [entry.id, entry.verb, *(change.after for change in entry.files)]
    rest: tuple[Any, Any] = entry.when, entry.done
    known = all(isinstance(text, str) for text in texts) and all(
        isinstance(text, (str, type(None))) for text in digests
    )
    return known and isinstance(rest[0], (int, float)) and isinstance(rest[1], bool)


def _is_own(change: FileChange) -> bool:
    """Whether a file is one of the project's, and its old content one of mlenv's."""
    path = PurePosixPath(change.path.replace("\\", "/"))
    inside = not path.is_absolute() and not Path(change.path).drive and not _CLOSED.intersection(path.parts)
    return inside and (change.backup is None or _BACKUP.fullmatch(change.backup) is not None)


def begin(root: Path, verb: str, old: str | None, new: str | None) -> Entry:
    """Note a change before any project file is written; a kill after this is seen as unfinished.

    Args:
        root: the project.
        verb: what ``undo`` calls it.
        old: the environment before, relative to ``.mlenv``.
        new: the environment after it; the same where only files change.
    """
    entry = Entry(id=secrets.token_hex(6), verb=verb, when=time.time(), old=old, new=new)
    save(root, (*(e for e in entries(root) if e.done), entry))
    return entry


def _note(root: Path, entry: Entry, files: Sequence[FileChange]) -> Entry:
    """Note the files that a change is about to write: a kill after that loses nothing."""
    noted = replace(entry, files=tuple(files))
    save(root, (*(e for e in entries(root) if e.done), noted))
    return noted


def finish(root: Path, entry: Entry, old: str | None, files: Sequence[FileChange]) -> None:
    """Note that a change is whole."""
    done = replace(entry, old=old, files=tuple(files), done=True)
    save(root, (*(e for e in entries(root) if e.done and e.id != entry.id), done))


def save(root: Path, kept: Iterable[Entry]) -> None:
    """Write the history down: the last changes that are whole, and the one that is under way."""
    every = tuple(kept)
    whole = [entry for entry in every if entry.done][-_KEPT:]
    rows = [
        {
            **{name: getattr(e, name) for name in ("id", "verb", "when", "old", "new", "done")},
            "files": [{name: getattr(f, name) for name in ("path", "before", "after", "backup")} for f in e.files],
        }
        for e in (*whole, *(entry for entry in every if not entry.done))
    ]
    store.write_json(root / ".mlenv" / "history.json", {"schema": 1, "entries": rows})
