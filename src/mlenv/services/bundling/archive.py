"""Write and read the archive of a bundle: a ZIP whose members are stored as they are, in order, with one time.

Wheels are compressed already. Since nothing else may be in it, reading can be strict: a member that is compressed, a
link, named twice or not in the index is refused, so that no small archive can grow when it is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.services.bundling.contents import INDEX, Bundle, Member, parse_index, render_index

__all__ = ["member_of", "read_archive", "unpack", "write_archive"]

_TIME = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20
_MOST_INDEX = 16 << 20
_AGAIN = "copy the bundle again, or make it anew: mlenv bundle"


def member_of(path: str, file: Path) -> Member:
    """Measure one file that goes into a bundle."""
    digest, size = hashlib.sha256(), 0
    with open(file, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Member(path=path, sha256=digest.hexdigest(), size=size)


def write_archive(target: Path, bundle: Bundle, files: Mapping[str, Path], tell: Callable[[int, int], None]) -> int:
    """Write a bundle whole or not at all: beside its place, its index last, then renamed.

    Args:
        target: the file; one that is there is replaced.
        bundle: what the index says; its members in their order.
        files: path in the archive -> the file.
        tell: told how many of how many members are written.

    Returns:
        Size in bytes.

    Raises:
        MlenvError: ``no-space``, ``not-writable``.
    """
    aside = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(aside, "xb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
                for number, one in enumerate(bundle.members, start=1):
                    with archive.open(_entry(one.path, one.size), "w") as into, open(files[one.path], "rb") as source:
                        while chunk := source.read(_CHUNK):
                            into.write(chunk)
                    tell(number, len(bundle.members))
                text = render_index(bundle).encode()
                archive.writestr(_entry(INDEX, len(text)), text)
            stream.flush()
            os.fsync(stream.fileno())
        size = aside.stat().st_size
        os.replace(aside, target)
        store.sync_folder(target.parent)
        return size
    except OSError as error:
        raise store.unwritable(target, error) from None
    finally:
        with contextlib.suppress(OSError):
            aside.unlink()


def _entry(path: str, size: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _TIME)
    entry.create_system, entry.external_attr, entry.file_size = 3, (stat.S_IFREG | 0o644) << 16, size
    return entry


def read_archive(path: Path) -> Bundle:
    """Read the index of a bundle and hold the archive's list of members against it. No member is unpacked.

    Raises:
        MlenvError: ``bundle-missing``, ``bundle-unreadable`` (no archive, or cut short), ``bundle-damaged`` with the
            member, ``bundle-unsafe`` with the member, ``bundle-newer``.
    """
    if not path.is_file():
        raise MlenvError("bundle-missing", "there is no bundle at this path", where=str(path), hint="mlenv bundle")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if INDEX not in {entry.filename for entry in entries}:
                message = f"this archive is no bundle of mlenv, or was cut short: it has no {INDEX}"
                hint = "copy the bundle again, or make it anew: mlenv bundle"
                raise MlenvError("bundle-unreadable", message, where=str(path), hint=hint)
            _refuse_odd(entries, path)
            if archive.getinfo(INDEX).file_size > _MOST_INDEX:
                raise _damaged(path, INDEX, "it is too large")
            bundle = parse_index(_text(archive, path), path.name)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno:
            message = f"{path.name} cannot be read: {error.strerror}"
            raise MlenvError("bundle-unreadable", message, where=str(path), hint=_AGAIN) from None
        message = f"{path.name} is no ZIP archive, or it was cut short; nothing was used"
        raise MlenvError("bundle-unreadable", message, where=str(path), hint=_AGAIN) from None
    _compare(bundle, entries, path)
    return bundle


def _text(archive: zipfile.ZipFile, path: Path) -> str:
    try:
        return archive.read(INDEX).decode()
    except (zipfile.BadZipFile, UnicodeDecodeError, EOFError):
        raise _damaged(path, INDEX, "its bytes are not those that were written") from None


def _refuse_odd(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse what a bundle never has, before a name of it is used."""
    seen: set[str] = set()
    for entry in entries:
        name, mode = entry.filename, entry.external_attr >> 16
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0] or entry.orig_filename != name:
            raise _unsafe(path, name, "its path leads out of the archive")
        if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
            raise _unsafe(path, name, "it is a link, a folder or a device")
        if entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise _unsafe(path, name, "it is packed, and a bundle's members are not")
        if name in seen:
            raise _unsafe(path, name, "it is there twice")
        seen.add(name)
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise _unsafe(path, entries[0].filename, "its members are larger than the archive")


def _compare(bundle: Bundle, entries: list[zipfile.ZipInfo], path: Path) -> None:
    there = {entry.filename: entry.file_size for entry in entries if entry.filename != INDEX}
    wanted = {one.path: one.size for one in bundle.members}
    for name in sorted(wanted.keys() - there.keys()):
        if name.startswith("wheels/"):
            message = f"the wheel {name[len('wheels/') :]} is missing from {path.name}; nothing was used"
            raise MlenvError("wheel-missing", message, where=str(path), hint=_AGAIN)
        raise _damaged(path, name, "it is missing from the archive")
    for name in sorted(there.keys() - wanted.keys()):
        raise _damaged(path, name, "the index does not name it")
    for name, size in sorted(wanted.items()):
        if there[name] != size:
            raise _damaged(path, name, "it has another size than the index says")
    if len(wanted) != len(bundle.members):
        raise _damaged(path, INDEX, "it names a member twice")


def unpack(path: Path, bundle: Bundle, folder: Path, tell: Callable[[int, int], None]) -> None:
    """Unpack every member into an empty folder of ours, each compared with its hash while it is written.

    Raises:
        MlenvError: ``bundle-damaged`` with the member; ``no-space``. Nothing of the folder may be used then.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for number, one in enumerate(bundle.members, start=1):
                target = folder / one.path
                target.parent.mkdir(parents=True, exist_ok=True)
                _unpack_one(archive, one, target, path)
                tell(number, len(bundle.members))
    except OSError as error:
        raise store.unwritable(folder, error) from None


def _unpack_one(archive: zipfile.ZipFile, member: Member, target: Path, path: Path) -> None:
    digest = hashlib.sha256()
    try:
        with archive.open(member.path) as source, open(target, "xb") as into:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                into.write(chunk)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
        raise _damaged(path, member.path, "its bytes are not those that were written") from None
    if digest.hexdigest() != member.sha256:
        raise _damaged(path, member.path, "its hash differs from the one in the index")


def _damaged(path: Path, member: str, why: str) -> MlenvError:
    message = f"{member} in {path.name} is damaged: {why}; nothing was used"
    return MlenvError("bundle-damaged", message, where=str(path), hint=_AGAIN)


def _unsafe(path: Path, member: str, why: str) -> MlenvError:
    message = f"{path.name} is not safe to unpack: {member[:120]!r}: {why}; nothing was used"
    hint = "take a bundle that mlenv made: mlenv bundle"
    return MlenvError("bundle-unsafe", message, where=str(path), hint=hint)
