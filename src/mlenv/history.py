"""What ``undo`` needs: the last changes of a project, with the old content of the files that they wrote."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mlenv import store
from mlenv.model import FileStamp, value

__all__ = ["Entry", "FileChange", "begin", "digest", "entries", "finish", "save", "write_files"]

_KEPT = 2
"""How many changes can be undone, and so how many previous environments stay."""


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
    root: Path, entry_id: str, files: Mapping[str, str], stamps: Mapping[str, FileStamp]
) -> tuple[FileChange, ...]:
    """Keep the old content of project files, then write the new one, each atomically.

    Args:
        root: the project.
        entry_id: of :func:`begin`.
        files: path relative to the project -> new text, in the order in which to write them.
        stamps: of the files when they were read; one that was edited since is not overwritten.

    Raises:
        MlenvError: as :func:`store.write_atomic`; files written before stay written (the next check names the state).
    """
    return tuple(
        _write_file(root, f"backups/{entry_id}/{number}", path, text, stamps.get(path))
        for number, (path, text) in enumerate(files.items())
    )


def _write_file(root: Path, place: str, path: str, text: str, stamp: FileStamp | None) -> FileChange:
    target = root / path
    before = target.read_bytes() if target.exists() else None
    backup = None
    if before is not None:
        backup = place
        (root / ".mlenv" / place).parent.mkdir(parents=True, exist_ok=True)
        store.write_atomic(root / ".mlenv" / backup, before)
    if before != text.encode():
        store.write_atomic(target, text, expect=stamp)
    return FileChange(path=path, before=digest(before), after=digest(text.encode()) or "", backup=backup)


def digest(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def entries(root: Path) -> tuple[Entry, ...]:
    """Return the changes that can be undone, oldest first. Losing the file costs only ``undo``."""
    content = store.read_json(root / ".mlenv" / "history.json") or {}
    if content.get("schema") != 1:
        return ()
    found = []
    for row in content.get("entries", []):
        files = tuple(FileChange(**change) for change in row.pop("files", []))
        found.append(Entry(files=files, **row))
    return tuple(found)


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


def finish(root: Path, entry: Entry, old: str | None, files: Sequence[FileChange]) -> None:
    """Note that a change is whole."""
    done = Entry(id=entry.id, verb=entry.verb, when=entry.when, old=old, new=entry.new, files=tuple(files), done=True)
    save(root, (*(e for e in entries(root) if e.done and e.id != entry.id), done))


def save(root: Path, kept: Iterable[Entry]) -> None:
    rows = [
        {
            **{name: getattr(e, name) for name in ("id", "verb", "when", "old", "new", "done")},
            "files": [{name: getattr(f, name) for name in ("path", "before", "after", "backup")} for f in e.files],
        }
        for e in tuple(kept)[-_KEPT:]
    ]
    store.write_json(root / ".mlenv" / "history.json", {"schema": 1, "entries": rows})
