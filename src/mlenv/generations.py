"""Generations: environments built beside the old one, verified, marked ready, then switched to by one rename.

An environment lives at its final place ``<root>/.mlenv/envs/<id>`` from its first byte (a venv cannot be moved);
``.venv`` is a relative symlink to it. What was there before stays, so a kill at any moment leaves the old environment
or the new one, never a mixture, and ``undo`` is one rename.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import errno
import os
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlenv import history, store
from mlenv.errors import MlenvError
from mlenv.probe import site

__all__ = [
    "collect",
    "current",
    "heal",
    "in_use",
    "new_path",
    "ready",
    "restore",
    "seal",
    "switch",
    "undoable",
]

MARKER = "mlenv-ready.json"


def new_path(root: Path) -> Path:
    """Return a fresh place for a generation; nothing is made but the folder that holds all of them."""
    envs = store.private_dir(root) / "envs"
    envs.mkdir(exist_ok=True)
    # The link is made only once the environment is whole, so a name is all that has to be unique.
    return envs / f"{time.strftime('%y%m%d')}-{secrets.token_hex(4)}"


def seal(generation: Path, content: Mapping[str, Any], *, python: str) -> None:
    """Verify every file of a generation against its RECORDs and write the ready marker, last.

    Raises:
        MlenvError: ``verify-failed`` naming the first damaged packages.
    """
    facts = site.environment_facts(str(generation))
    installed = site.scan(facts.sites)
    problems = [f"{d.name}: {missing[0]}" for d in installed.distributions if (missing := site.verify(d))]
    problems += [f"{name}: {reason}" for name, reason in installed.damaged]
    if problems:
        raise MlenvError(
            "verify-failed",
            f"{len(problems)} packages are not whole after the installation: {'; '.join(problems[:3])}",
            where=str(generation),
            hint="run the same command again; if it fails again, clear the cache with: uv cache clean",
        )
    packages = {d.name: d.version for d in installed.distributions}
    marker = {
        "schema": 1,
        **content,
        "path": str(Path(os.path.realpath(generation))),
        "python": python,
        "packages": packages,
        "count": len(packages),
    }
    store.write_json(generation / MARKER, marker)


def ready(generation: Path) -> dict[str, Any] | None:
    """Return the ready marker of a generation, ``None`` where it is missing, cut short or not of this place."""
    marker = site.read_marker(str(generation))
    if not marker or marker.get("schema") != 1 or marker.get("count") != len(marker.get("packages", {})):
        return None
    return marker


def current(link: Path) -> Path | None:
    """Return the generation that ``.venv`` points to; ``None`` where it is no link or points elsewhere."""
    if not link.is_symlink():
        return None
    target = Path(os.path.realpath(link))
    return target if target.parent.name == "envs" and target.parent.parent.name == ".mlenv" else None


def switch(root: Path, link: Path, target: Path) -> str | None:
    """Make ``link`` show ``target``; return what it showed before, relative to ``.mlenv``.

    A real folder at ``link`` (somebody else's environment) is exchanged in one step and kept as a generation.

    Raises:
        MlenvError: ``not-writable``, ``links-unsupported``, ``environment-foreign``.
    """
    private = store.private_dir(root)
    if target.name.startswith("adopted-"):
        return _bring_back(private, link, target)
    temporary = private / f"link-{secrets.token_hex(4)}"
    _make_link(temporary, os.path.relpath(target, link.parent))
    try:
        if link.is_symlink() or not link.exists():
            old = current(link)
            os.replace(temporary, link)
            return f"envs/{old.name}" if old else None
        if not (link / "pyvenv.cfg").exists():
            raise MlenvError(
                "environment-foreign",
                f"{link.name} is there and is not an environment; it was left alone",
                where=str(link),
                hint=f"move {link.name} away, then run the same command again",
            )
        adopted = private / "envs" / f"adopted-{secrets.token_hex(4)}"
        _exchange(temporary, link, adopted)
        return f"envs/{adopted.name}"
    except OSError as error:
        raise MlenvError(
            "not-writable", f"{link.name} cannot be switched: {(error.strerror or str(error)).lower()}", where=str(link)
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _make_link(temporary: Path, target: str) -> None:
    try:
        os.symlink(target, temporary, target_is_directory=True)
    except (OSError, NotImplementedError) as error:
        raise MlenvError(
            "links-unsupported",
            f"symbolic links cannot be made here ({error}), so an environment cannot be exchanged safely",
            where=str(temporary.parent),
            hint="move the project to a file system with symbolic links (on Windows: turn on developer mode)",
        ) from None


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
    """Finish what a kill interrupted: a half-done exchange gets its environment back."""
    private = root / ".mlenv"
    journal = store.read_json(private / "exchange.json")
    if journal:
        link, adopted = Path(journal["link"]), Path(journal["adopted"])
        if not link.exists() and not link.is_symlink() and adopted.is_dir():
            os.replace(adopted, link)
        (private / "exchange.json").unlink(missing_ok=True)
    for stray in private.glob("link-*"):
        target = stray
        if target.is_symlink():
            target.unlink(missing_ok=True)
        elif target.is_dir():  # killed between the exchange and the rename: keep what was adopted
            os.replace(target, private / "envs" / f"adopted-{secrets.token_hex(4)}")


def _rename_exchange(one: Path, two: Path) -> bool:
    """Exchange two names atomically (Linux ``renameat2``); ``False`` where that is not to be had."""
    if not sys.platform.startswith("linux"):
        return False
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


def _bring_back(private: Path, link: Path, adopted: Path) -> str | None:
    """Undo an adoption: the folder takes its old name again, the link goes."""
    old = current(link)
    if link.is_symlink() and _rename_exchange(adopted, link):
        adopted.unlink()
    else:
        link.unlink(missing_ok=True)
        os.replace(adopted, link)
    return f"envs/{old.name}" if old else None


def restore(root: Path, link: Path) -> tuple[history.Entry, tuple[str, ...], tuple[str, ...]]:
    """Go back by one change: the environment, and the files that the change wrote if nobody has edited them since.

    Returns:
        The entry that was undone, the files put back, and the files left alone because they were edited since.

    Raises:
        MlenvError: ``nothing-to-undo``; ``not-writable``.
    """
    entry = undoable(root)
    if entry is None:
        raise MlenvError("nothing-to-undo", "there is no earlier state to go back to", where=str(root))
    back: list[str] = []
    kept: list[str] = []
    for change in entry.files:
        if change.before != change.after:
            (back if _put_back(root, change) else kept).append(change.path)
    if entry.old is not None and entry.old != entry.new:
        switch(root, link, root / ".mlenv" / entry.old)
    done = [known for known in history.entries(root) if known.done and known.id != entry.id]
    history.save(root, done)
    return entry, tuple(back), tuple(kept)


def undoable(root: Path) -> history.Entry | None:
    """Return the change that ``undo`` would take back, ``None`` where there is none."""
    done = [entry for entry in history.entries(root) if entry.done]
    if not done:
        return None
    entry = done[-1]
    only_files = entry.old == entry.new
    return entry if only_files or (entry.old and (root / ".mlenv" / entry.old).exists()) else None


def _put_back(root: Path, change: history.FileChange) -> bool:
    """Give a file its old content; ``False`` where somebody has edited it since."""
    target = root / change.path
    now = history.digest(target.read_bytes()) if target.exists() else None
    if now != change.after:
        return False
    if change.backup is None:
        target.unlink()
    else:
        store.write_atomic(target, (root / ".mlenv" / change.backup).read_bytes())
    return True


def collect(root: Path, link: Path) -> tuple[str, ...]:
    """Remove generations that nothing needs; return their names.

    Kept: the current one, those that ``undo`` can go back to, and every one that a live kernel uses.
    """
    envs = root / ".mlenv" / "envs"
    now = current(link)
    needed = {now.name if now else ""}
    for entry in history.entries(root):
        needed |= {Path(name).name for name in (entry.new, entry.old) if name}
    removed = []
    for folder in sorted(envs.iterdir()) if envs.is_dir() else ():
        if folder.name.startswith(".trash-"):
            store.remove_tree(folder, inside=envs)
        elif folder.name not in needed and not in_use(root, folder.name):
            store.remove_tree(folder, inside=envs)
            (root / ".mlenv" / "live" / f"{folder.name}.lock").unlink(missing_ok=True)
            removed.append(folder.name)
    _collect_backups(root)
    return tuple(removed)


def _collect_backups(root: Path) -> None:
    backups = root / ".mlenv" / "backups"
    needed = {entry.id for entry in history.entries(root)}
    for folder in sorted(backups.iterdir()) if backups.is_dir() else ():
        if folder.name not in needed:
            store.remove_tree(folder, inside=backups)


def in_use(root: Path, generation: str) -> bool:
    """Whether a live kernel holds this generation (a shared lock that dies with the kernel)."""
    path = root / ".mlenv" / "live" / f"{generation}.lock"
    if not path.exists():
        return False
    try:
        import fcntl
    except ImportError:  # Windows keeps open files from being removed by itself
        return False
    try:
        with path.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
