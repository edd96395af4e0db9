"""Switching a project to a generation by one rename, and finishing what a kill interrupted.

What was there before stays, so a kill at any moment leaves the old environment or the new one, never a mixture.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

from mlenv import history, store
from mlenv.errors import MlenvError
from mlenv.generations import guard
from mlenv.generations.made import current, shown

__all__ = ["heal", "refuse_no_environment", "settle", "switch"]

_ADOPTED = "adopted-"
_LINK = "link-"


def switch(root: Path, link: Path, target: Path) -> str | None:
    """Make ``link`` show ``target``; return what it showed before, as :func:`shown` names it.

    A real folder at ``link`` (somebody else's environment) is exchanged in one step and kept as a generation.

    Raises:
        MlenvError: ``not-writable``, ``environment-foreign``.
    """
    private = store.private_dir(root)
    try:
        if not guard.can_link(root, link):
            old = guard.exchange(root, link, target)
        elif target.name.startswith(_ADOPTED):
            old = _bring_back(link, target)
        else:
            old = _show(private, link, target)
        store.sync_folder(link.parent)  # on the disk before the history says that it is done
        return old
    except OSError as error:
        raise MlenvError(
            "not-writable",
            f"{link.name} cannot be switched: {(error.strerror or str(error)).lower()}",
            where=str(link),
            hint="make the project's folder writable, then run the same command again",
        ) from None


def refuse_no_environment(link: Path) -> None:
    """Refuse to put an environment where something else lies; an empty folder is nothing.

    Raises:
        MlenvError: ``environment-foreign``.
    """
    is_environment = (link / "pyvenv.cfg").exists() or (link / "conda-meta").is_dir()
    is_ours = link.is_symlink() and (not link.exists() or current(link) is not None)
    if os.path.lexists(link) and not is_environment and not is_ours and not _is_empty(link):
        raise MlenvError(
            "environment-foreign",
            f"{link.name} is there and is not an environment; it was left alone",
            where=str(link),
            hint=f"move {link.name} away, then run the same command again",
        )


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def _show(private: Path, link: Path, target: Path) -> str | None:
    refuse_no_environment(link)
    # The generation's name is in both, so that `heal` knows which change a kill interrupted.
    temporary, adopted = private / f"{_LINK}{target.name}", _adopted(target)
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    os.symlink(os.path.relpath(target, link.parent), temporary, target_is_directory=True)
    try:
        if _is_empty(link):
            link.rmdir()
        if link.is_symlink() or not link.exists():
            old = shown(link)
            os.replace(temporary, link)
            return old
        _exchange(temporary, link, adopted)
        return f"envs/{adopted.name}"
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _adopted(target: Path) -> Path:
    """Return where the environment is kept that a generation took the place of."""
    return target.with_name(f"{_ADOPTED}{target.name}")


def _exchange(temporary: Path, link: Path, adopted: Path) -> None:
    """Put the link where the folder is and keep the folder, in one step where the kernel can."""
    if _rename_exchange(temporary, link):
        os.replace(temporary, adopted)
        return
    # Without an atomic exchange there is a moment without .venv; `heal` finishes it after a kill.
    journal = adopted.parent.parent / "exchange.json"
    store.write_json(
        journal, {"schema": 1, "link": str(link), "adopted": str(adopted), "target": os.readlink(temporary)}
    )
    os.replace(link, adopted)
    os.replace(temporary, link)
    journal.unlink()


def heal(root: Path) -> None:
    """Finish what a kill interrupted in the file system. Call it with the project's lock held, before anything is read.

    An environment that was being adopted goes back to its place or to its keep; intermediate files go.
    """
    private = root / ".mlenv"
    if guard.stands(root):
        guard.put_back(root)
    _heal_exchange(root, private)
    for stray in private.glob(f"{_LINK}*"):
        if stray.is_symlink():
            stray.unlink(missing_ok=True)
        elif stray.is_dir():  # killed between the exchange and the rename
            os.replace(stray, _adopted(private / "envs" / stray.name.removeprefix(_LINK)))
    for scratch in (private / "work").glob("*"):
        store.remove_tree(scratch, inside=private / "work")
    store.remove_unfinished(root)
    store.remove_unfinished(private, "history.json", "exchange.json", ".gitignore")


def _heal_exchange(root: Path, private: Path) -> None:
    """Put an environment back that had been moved away when a kill came. The journal is checked: it lies in a folder
    that may come from somebody else."""
    journal = store.read_json(private / "exchange.json")
    if journal is None:
        return
    link, adopted = Path(str(journal.get("link"))), Path(str(journal.get("adopted")))
    ours = link.parent == root and adopted.parent == private / "envs" and adopted.name.startswith(_ADOPTED)
    if ours and not os.path.lexists(link) and adopted.is_dir():
        os.replace(adopted, link)
    (private / "exchange.json").unlink(missing_ok=True)


def settle(root: Path, link: Path) -> bool:
    """Note a change as whole that a kill interrupted after its last step, so that ``undo`` knows it.

    Returns:
        Whether there was one, with an environment of its own.
    """
    pending = next((entry for entry in history.entries(root) if not entry.done), None)
    if pending is None or pending.new is None or shown(link) != pending.new:
        return False
    if pending.old != pending.new:
        adopted = _adopted(root / ".mlenv" / pending.new)
        history.finish(root, pending, f"envs/{adopted.name}" if adopted.is_dir() else pending.old, pending.files)
    elif pending.files and all(history.is_written(root, change) for change in pending.files):
        history.finish(root, pending, pending.old, pending.files)
    return pending.old != pending.new


def _rename_exchange(one: Path, two: Path) -> bool:
    """Exchange two names atomically (Linux ``renameat2``); ``False`` where that is not to be had."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    at_fdcwd, exchange_flag = -100, 2
    if libc.renameat2(at_fdcwd, os.fsencode(one), at_fdcwd, os.fsencode(two), exchange_flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}:
        return False
    raise OSError(code, os.strerror(code), str(two))


def _bring_back(link: Path, adopted: Path) -> str | None:
    """Undo an adoption: the folder takes its old name again, the link goes."""
    old = shown(link)
    # A link at the adopted place: a kill came just after the exchange, and the folder is back already.
    if adopted.is_symlink() or (link.is_symlink() and _rename_exchange(adopted, link)):
        adopted.unlink()
    else:
        link.unlink(missing_ok=True)
        os.replace(adopted, link)
    return old
