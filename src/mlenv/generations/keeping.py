"""Which generations stay: those that ``undo`` needs, and every one that a live kernel uses."""

from __future__ import annotations

from pathlib import Path

from mlenv import history, store
from mlenv.generations.made import MARKER, current

__all__ = ["collect", "discard", "in_use", "unneeded"]


def collect(root: Path, link: Path) -> tuple[str, ...]:
    """Remove generations that nothing needs; return their names."""
    doomed = unneeded(root, link)
    for folder in doomed:
        discard(root, folder)
    _collect_backups(root)
    return tuple(folder.name for folder in doomed if not folder.name.startswith(".trash-"))


def unneeded(root: Path, link: Path) -> tuple[Path, ...]:
    """Return generations that nothing needs, finished or not; call it with the project's lock held.

    Kept: the current one, those that ``undo`` can go back to, and every one that a live kernel uses.
    """
    envs = root / ".mlenv" / "envs"
    now = current(link)
    needed = {now.name if now else ""}
    for entry in history.entries(root):
        # What a change that was ended on its way had made is of no use: the same command makes it anew.
        needed |= {Path(name).name for name in (entry.old, entry.new if entry.done else None) if name}
    found = sorted(envs.iterdir()) if envs.is_dir() else []
    return tuple(folder for folder in found if folder.name not in needed and not in_use(root, folder.name))


def discard(root: Path, folder: Path) -> None:
    """Remove one generation and what belongs to it, or another folder in the private folder of a project.

    Raises:
        MlenvError: ``not-writable``.
    """
    store.remove_tree(folder, inside=root / ".mlenv")
    (root / ".mlenv" / "live" / f"{folder.name}.lock").unlink(missing_ok=True)


def _collect_backups(root: Path) -> None:
    backups = root / ".mlenv" / "backups"
    needed = {entry.id for entry in history.entries(root)}
    for folder in sorted(backups.iterdir()) if backups.is_dir() else ():
        if folder.name not in needed:
            store.remove_tree(folder, inside=backups)


def in_use(root: Path, generation: str) -> bool:
    """Whether a live kernel holds this generation (a shared lock that dies with the kernel).

    The kernel of another user, who cannot write beside the environment, holds its ready marker.
    """
    lock = root / ".mlenv" / "live" / f"{generation}.lock"
    return store.is_held(lock) or store.is_held(root / ".mlenv" / "envs" / generation / MARKER)
