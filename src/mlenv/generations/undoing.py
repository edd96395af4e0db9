"""Going back by one change: the environment, and the files that it wrote."""

from __future__ import annotations

import os
from pathlib import Path

from mlenv import history
from mlenv.errors import MlenvError
from mlenv.generations.made import shown
from mlenv.generations.switching import switch

__all__ = ["restore", "undoable"]


def restore(root: Path, link: Path) -> tuple[history.Entry, tuple[str, ...], tuple[str, ...]]:
    """Go back by one change: the environment, and the files that the change wrote if nobody has edited them since.

    Returns:
        The entry that was undone, the files put back, and the files left alone because they were edited since.

    Raises:
        MlenvError: ``nothing-to-undo``; ``environment-changed`` where somebody put another environment there since;
            ``not-writable``.
    """
    entry = undoable(root)
    if entry is None:
        raise MlenvError(
            "nothing-to-undo", "there is no earlier state to go back to", where=str(root), hint="mlenv check"
        )
    switches = entry.old is not None and entry.old not in {entry.new, shown(link)}
    if switches:
        _refuse_replaced(root, link, entry)
    texts = history.texts(root, entry.files)
    back: list[str] = []
    kept: list[str] = []
    try:
        for change in entry.files:
            if change.before != change.after:
                (back if history.put_back(root, change) else kept).append(change.path)
        if switches:
            switch(root, link, root / ".mlenv" / str(entry.old))
    except BaseException:
        history.put_texts(root, {name: texts[name] for name in back})
        raise
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
    return entry if only_files or (entry.old and os.path.lexists(root / ".mlenv" / entry.old)) else None


def _refuse_replaced(root: Path, link: Path, entry: history.Entry) -> None:
    """An environment that somebody made in place of the change's own is not thrown away; none at all is no loss."""
    if not os.path.lexists(link) or shown(link) == entry.new or (root / ".mlenv" / str(entry.old)).is_symlink():
        return
    raise MlenvError(
        "environment-changed",
        f"{link.name} is no longer the environment that '{entry.verb}' made; it was left alone",
        where=str(link),
        hint=f"move {link.name} away, then: mlenv undo",
    )
