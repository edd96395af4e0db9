"""Keep a project's repository clean: ``.gitignore`` gets the environment and ``.env`` lines if they are missing."""

from __future__ import annotations

from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.services.context import Context

__all__ = ["ignore", "missing_lines"]


def missing_lines(text: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that no line of a ``.gitignore`` covers yet.

    A line with a closing slash matches folders only, not the symlink that ``.venv`` is, so it does not count.
    """
    lines = {line.strip().lstrip("/") for line in text.splitlines()}
    return tuple(name for name in wanted if name not in lines and f"{name}*" not in lines)


def ignore(context: Context, root: Path, link: Path) -> None:
    """Add what is missing to ``.gitignore``, which is made where there is none: most projects meet git one day."""
    path = root / ".gitignore"
    try:
        text = store.read_text(path) if path.exists() else ""
        names = (link.name, ".mlenv", ".env") if link.is_relative_to(root) else (".mlenv", ".env")
        missing = missing_lines(text, names)
        if missing:
            gap = "" if not text or text.endswith("\n") else "\n"
            store.write_atomic(path, text + gap + "".join(f"{name}\n" for name in missing), inside=root)
    except MlenvError as error:
        context.tell("note", f".gitignore could not be completed: {error.message}")
