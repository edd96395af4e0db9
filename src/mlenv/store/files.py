"""The only writer of files: each is replaced whole or not at all, and reading one has one clear error.

Source: the crash points measured for ``ipykernel install``, ``uv add`` and ``poetry lock`` (files emptied by one
failed write) are what :func:`write_atomic` is made against.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import sys
from pathlib import Path
from typing import Any

from mlenv.errors import MlenvError
from mlenv.model import FileStamp
from mlenv.probe import site

__all__ = [
    "PRIVATE_PARTS",
    "failed_write",
    "make_folder",
    "private_dir",
    "read_bytes",
    "read_json",
    "read_text",
    "refuse_outside",
    "remove_tree",
    "remove_unfinished",
    "sync_folder",
    "unwritable",
    "write_atomic",
    "write_json",
]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FAULTS = _FULL | {errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
"""What machines answer where nothing is wrong with the question."""

PRIVATE_PARTS = ("envs", "work", "live", "backups")
"""Folders of a project's private folder."""

_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{12}\.tmp")

_MOST_BYTES = 16 << 20
"""Far above every manifest and lock that is real."""


def private_dir(root: Path) -> Path:
    """Return ``<root>/.mlenv``, made if missing and ignored by git through its own ``.gitignore``.

    Raises:
        MlenvError: ``not-writable`` where the project folder cannot be written; ``outside`` where it, or a folder
            in it, is a link that leads out of the project.
    """
    folder = root / ".mlenv"
    for part in (folder, *(folder / name for name in PRIVATE_PARTS)):
        refuse_outside(part, root)  # what lies there is deleted when it is old: a project may come from somebody else
    _refuse_read_only(root)
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        message = f"{folder.name} cannot be written: file exists, and is no folder of mlenv; it was left alone"
        hint = f"move {folder.name} away, then run the same command again"
        raise MlenvError("not-writable", message, where=str(folder), hint=hint) from None
    except OSError as error:
        raise unwritable(folder, error) from None
    _refuse_read_only(folder)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        try:
            write_atomic(ignore, "*\n", follow=False)
        except MlenvError:
            # Written before the lock is held: of several at once another may have made it, and tidied ours away.
            if not ignore.exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()  # made a moment ago: a verb that fails leaves nothing behind
                raise
    return folder


def _refuse_read_only(folder: Path) -> None:
    """Refuse before any work: a lock that lies there already can be taken in a folder where nothing can be made."""
    if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
        raise unwritable(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        MlenvError: ``file-missing`` or ``file-unreadable``, naming the path.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MlenvError(
            "file-missing", f"{path.name} is not there", where=str(path), hint="run the same command again"
        ) from None
    except OSError as error:
        raise MlenvError(
            "file-unreadable",
            f"{path.name} cannot be read: {why(error)}",
            where=str(path),
            hint=f"make {path.name} a readable file, or move it away",
        ) from None


def read_text(path: Path, *, most_bytes: int = _MOST_BYTES) -> str:
    """Read a UTF-8 text file (a byte order mark is dropped).

    Args:
        path: the file.
        most_bytes: a larger one is not read at all.

    Raises:
        MlenvError: ``file-missing``, ``file-unreadable`` or ``file-too-large``, naming the path.
    """
    with contextlib.suppress(OSError):
        size = path.stat().st_size
        if size > most_bytes:
            message = f"{path.name} has {size >> 20} MiB; mlenv reads up to {most_bytes >> 20} MiB"
            raise MlenvError("file-too-large", message, where=str(path), hint="is this the right file?")
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MlenvError(
            "file-unreadable",
            f"{path.name} is not UTF-8 text",
            where=f"{path}: byte {error.start}",
            hint=f"save {path.name} as UTF-8",
        ) from None


def refuse_outside(path: Path, root: Path) -> None:
    """Refuse to write through a link that leads out of a project: nothing outside is written without being named.

    Args:
        path: what is to be written, below ``root`` by its name.
        root: the project; it may itself be reached through a link.

    Raises:
        MlenvError: ``outside``, naming the file that the link leads to.
    """
    target = Path(os.path.realpath(path))
    if not target.is_relative_to(os.path.realpath(root)):
        raise MlenvError(
            "outside",
            f"{path.name} leads to {target}, outside the project; nothing was written",
            where=str(path),
            hint=f"put a {'folder' if target.is_dir() else 'file'} of its own in place of the link, then run it again",
        )


def write_atomic(
    path: Path,
    data: str | bytes,
    *,
    expect: FileStamp | None = None,
    mode: int | None = None,
    inside: Path | None = None,
    follow: bool = True,
) -> None:
    """Replace a file whole or not at all.

    A temporary file beside it, fsync, mode and owner kept, unchanged since it was read, rename, fsync of the folder.
    A symlink is followed, so that what it points to is replaced and the link stays.

    Args:
        path: the file; its folder must exist.
        data: text (written as UTF-8 with ``\\n`` as given) or bytes.
        expect: the stamp of the file when it was read; another one now is an error and nothing is written.
        mode: permission bits for a new file (default: by umask).
        inside: the project that a link must not lead out of.
        follow: whether what a link leads to is written; else the link gives way to the file (mlenv's own state).

    Raises:
        MlenvError: ``file-changed``, ``no-space``, ``not-writable``, ``outside``.
    """
    if inside is not None:
        refuse_outside(path, inside)
    target = Path(os.path.realpath(path) if follow else os.path.join(os.path.realpath(path.parent), path.name))
    raw = data.encode() if isinstance(data, str) else data
    temporary = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.tmp")
    try:
        _write_temporary(temporary, raw, target, mode)
        if expect is not None and _identity(site.stamp(str(target))) != _identity(expect):
            raise MlenvError(
                "file-changed",
                f"{path.name} was changed by somebody else meanwhile; nothing was written",
                where=str(path),
                hint="run the same command again",
            )
        os.replace(temporary, target)
        sync_folder(target.parent)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _identity(stamp: FileStamp) -> tuple[int, int, int]:
    """Leave the path out: in a folder that is reached through a link, one file has several."""
    return stamp.mtime_ns, stamp.size, stamp.inode


def _write_temporary(temporary: Path, raw: bytes, target: Path, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666 if mode is None else mode)
    with open(descriptor, "wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    with contextlib.suppress(FileNotFoundError):
        old = target.stat()
        os.chmod(temporary, old.st_mode & 0o7777)
        if sys.platform != "win32" and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(OSError):
                os.chown(temporary, old.st_uid, old.st_gid)


def remove_unfinished(folder: Path, *names: str) -> None:
    """Remove what killed runs of :func:`write_atomic` left of these files (default: of any) in a folder.

    Call it with the project's lock held, and only for files that nobody writes without it.
    """
    for name in os.listdir(folder):
        match = _TEMPORARY.fullmatch(name)
        if match and (not names or match[1] in names):
            with contextlib.suppress(OSError):
                (folder / name).unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename durable; not every platform can open a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a state file; ``None`` where it is missing, cut short or not an object: losing state costs only time."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a state file atomically, its folder made if missing.

    Raises:
        MlenvError: as :func:`write_atomic`.
    """
    make_folder(path.parent)
    if path.is_symlink():  # what it leads to is not ours, neither its content nor its mode
        path.unlink(missing_ok=True)
    write_atomic(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", follow=False)


def make_folder(folder: Path) -> None:
    """Make a folder of ours and those above it, where missing.

    Raises:
        MlenvError: ``not-writable``, ``no-space``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from None


def remove_tree(folder: Path, *, inside: Path) -> None:
    """Delete a folder of ours. Links are removed, never followed.

    Args:
        folder: what to delete; must lie below ``inside``.
        inside: the folder that proves that it is ours.

    Raises:
        MlenvError: ``outside`` if the folder does not lie below ``inside``; ``not-writable``.
    """
    import shutil

    place = Path(os.path.realpath(folder.parent)) / folder.name
    home = Path(os.path.realpath(inside))
    if folder.name in {"", ".", ".."} or place == home or not place.is_relative_to(home):
        raise MlenvError("outside", f"{folder} does not lie in {inside}; nothing was deleted", where=str(folder))
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
        return
    if not folder.exists():
        return
    # Out of sight first: a kill half-way leaves a name that nothing takes for an environment.
    doomed = folder.with_name(f".trash-{secrets.token_hex(4)}")
    try:
        os.replace(folder, doomed)
    except OSError as error:
        raise unwritable(folder, error) from None
    shutil.rmtree(doomed, ignore_errors=True)


def why(error: OSError) -> str:
    """Say what the operating system said."""
    return (error.strerror or str(error)).lower()


def unwritable(path: Path, error: OSError) -> MlenvError:
    """Return the one error for a file that could not be written: ``no-space`` or ``not-writable``."""
    if error.errno == errno.EFBIG:
        return MlenvError(
            "no-space",
            f"{path.name} is larger than the limit on file sizes; nothing was changed",
            where=str(path.parent),
            hint="raise the limit (ulimit -f unlimited), then run the same command again",
        )
    if error.errno in _FULL:
        return MlenvError(
            "no-space",
            f"no space left to write {path.name}; nothing was changed",
            where=str(path.parent),
            hint="free some space, then run the same command again",
        )
    return MlenvError(
        "not-writable",
        f"{path.name} cannot be written: {why(error)}; nothing was changed",
        where=str(path),
        hint="make the folder writable, or choose another project folder with --project",
    )


def failed_write(error: OSError) -> MlenvError | None:
    """Return the error for a call of the system that failed for want of room, rights or a sound disk.

    For the outermost line of a face; ``None`` for what would be a fault of mlenv.
    """
    if error.errno == errno.ENAMETOOLONG:
        message = "a name is longer than the file system takes"
        return MlenvError("path-invalid", message, where=str(error.filename or ""), hint="choose a shorter name")
    if error.errno == errno.ENAMETOOLONG:
        message = "a name is longer than the file system takes"
        return MlenvError("path-invalid", message, where=str(error.filename or ""), hint="choose a shorter name")
    if error.errno not in _FAULTS or not isinstance(error.filename, str | bytes):
        return None
    path = Path(os.fsdecode(error.filename))
    found = unwritable(path, error)
    return MlenvError(
        found.code, found.message.replace("; nothing was changed", ""), where=found.where, hint=found.hint
    )
