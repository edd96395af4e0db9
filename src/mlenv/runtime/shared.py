"""What kernels of a whole machine need, in a folder that every user can read and only its keeper can write.

It has the layout of mlenv's own data folder, so the launcher there works as it does for one user. Files are linked only
where their owner is the keeper: who may write one of two linked files writes both.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from mlenv import store
from mlenv.kernel import owners, pick
from mlenv.model import Event
from mlenv.runtime import making, shelf, side

__all__ = ["for_all", "open_to_read", "publish", "tidy"]

_WAIT = "another mlenv prepares what every user's kernels need"
_CLOSED = stat.S_IWGRP | stat.S_IWOTH
_OPEN = 0o022


@contextlib.contextmanager
def for_all() -> Iterator[None]:
    """Let what is made meanwhile be readable for every user, whatever this one's umask says."""
    before = os.umask(_OPEN)
    try:
        yield
    finally:
        os.umask(before)


def publish(place: Path, runtime: shelf.RuntimeRef, tell: Callable[[Event], None]) -> Path:
    """Copy launcher, kernel side and one runtime into a shared place, each only where it differs; return the launcher.

    Cost: 0.2 s where all is there; else 0.5 s, and seconds where 60 MB have to be copied.

    Raises:
        MlenvError: ``not-writable``, ``no-space``.
    """
    source = side.launcher_path()
    state = store.read_json(source.with_suffix(".json")) or {}
    name = str(state["side"])
    with for_all(), making.one_maker(place, _WAIT, tell):
        _copy(source.parent / "side" / name, place / "side" / name)
        _copy(Path(runtime.path), place / "runtimes" / runtime.key)
        launcher = place / source.name
        if not launcher.is_file() or launcher.read_bytes() != source.read_bytes():
            store.write_atomic(launcher, source.read_bytes(), follow=False)
        told = {key: told for key, told in state.items() if key != "cache"}  # each user has one of their own
        store.write_json(launcher.with_suffix(".json"), told)
        for path in (place, place / "side", place / "runtimes", launcher, launcher.with_suffix(".json")):
            open_to_read(path)
    return launcher


def tidy(place: Path, needed: Collection[str]) -> tuple[str, ...]:
    """Remove from a shared place what none of its kernels needs; return the paths that are gone.

    Args:
        place: the folder of the launcher.
        needed: prefixes of the environments of the kernels that start from there; without any, all of it goes but
            what a live kernel holds.

    Raises:
        MlenvError: ``not-writable``.
    """
    if not (place / "launcher.json").is_file():
        return ()
    folder = place / "runtimes"
    kept = {one.path for prefix in needed for one in shelf.needed_by(prefix, str(folder))}
    doomed = [Path(one.path) for one in pick.read_runtimes(str(folder)) if one.path not in kept]
    doomed = [path for path in doomed if not store.is_held(path / "runtime.json")]
    with making.one_maker(place, _WAIT, lambda _: None):
        for path in (*doomed, *map(Path, side.old(place)), *_leftovers(place)):
            store.remove_tree(path, inside=place)
        if not needed and not pick.read_runtimes(str(folder)):
            store.remove_tree(place, inside=place.parent)
            return (str(place),)
    return tuple(map(str, doomed))


def _leftovers(place: Path) -> Iterator[Path]:
    folder = place / "runtimes"
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.name.startswith((".tmp-", ".trash-")))


def _copy(source: Path, target: Path) -> None:
    """Copy a folder whole, readable for all; what is there and the same stays."""
    if target.is_dir() and not _differs(source, target):
        return
    aside = target.with_name(f".tmp-{secrets.token_hex(6)}")
    try:
        store.make_folder(target.parent)
        # With the times: byte code counts as old where its source seems newer.
        shutil.copytree(source, aside, symlinks=True, copy_function=_linked_or_copied)
        for base, folders, files in os.walk(aside):
            for name in (*folders, *files):
                open_to_read(Path(base, name))
        open_to_read(aside)
        store.remove_tree(target, inside=target.parent)
        os.replace(aside, target)
    except (OSError, shutil.Error) as error:
        raise store.unwritable(target, _first(error)) from None
    finally:
        store.remove_tree(aside, inside=target.parent)


def _linked_or_copied(source: str, target: str, *, follow_symlinks: bool = True) -> str:
    """Link a file of this user's own on the same file system, copy any other."""
    found = os.lstat(source)
    if stat.S_ISREG(found.st_mode) and found.st_uid == owners.me() and not found.st_mode & _CLOSED:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return target
    return str(shutil.copy2(source, target, follow_symlinks=follow_symlinks))


def _first(error: OSError) -> OSError:
    """Return the system's own error: a copy of a tree collects them as texts."""
    if isinstance(error, shutil.Error):
        return OSError(None, str(error.args[0][0][-1]) if error.args and error.args[0] else str(error))
    return error


def _differs(source: Path, target: Path) -> bool:
    names = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    there = {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}
    if names - there:
        return True
    copied = [name for name in sorted(names) if not os.path.samefile(source / name, target / name)]
    _, mismatch, errors = filecmp.cmpfiles(source, target, copied, shallow=False)
    return bool(mismatch or errors)


def open_to_read(path: Path) -> None:
    """Let everybody read a file or folder of ours, and nobody else write it.

    Raises:
        MlenvError: ``not-writable``.
    """
    if path.is_symlink():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    executable = path.is_dir() or mode & stat.S_IXUSR
    wanted = (mode | 0o444 | (0o111 if executable else 0)) & ~_CLOSED
    if wanted != mode:
        try:
            path.chmod(wanted)
        except OSError as error:
            raise store.unwritable(path, error) from None
