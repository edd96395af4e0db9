"""Which generations stay: those that ``undo`` needs, and every one that a live kernel uses."""

from __future__ import annotations

import sys
from pathlib import Path

from mlenv import history, store
from mlenv.generations.made import current

__all__ = ["collect", "in_use"]


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
    if sys.platform == "win32":  # keeps what is open from being removed by itself
        return False
    import fcntl

    try:
        with path.open("r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
