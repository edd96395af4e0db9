"""The notebooks that a person named on a command line: files, and folders for all in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mlenv.errors import MlenvError
from mlenv.services.context import Context
from mlenv.services.notebook_imports import find_notebooks
from mlenv.services.project import refuse_odd_bytes

__all__ = ["seen_from", "typed_notebooks"]


def typed_notebooks(context: Context, words: Sequence[str]) -> list[Path]:
    """Return the notebooks that words name, each once; without a word those of the folder (``--project``, or here).

    A file that is missing is in the list, too: it is one notebook's fault, and told in its row.

    Raises:
        MlenvError: ``notebook-missing`` for a folder without notebooks, and for a file that is none; ``path-invalid``.
    """
    found: list[Path] = []
    for word in words or (context.options.project or ".",):
        path = Path(os.path.abspath(context.cwd / word))
        refuse_odd_bytes(path)
        if path.is_dir() and path.suffix != ".ipynb":
            inside = find_notebooks(path)
            if not inside:
                message = f"no notebook lies in {path.name or path}"
                raise MlenvError("notebook-missing", message, where=str(path), hint="name one: DIR/NAME.ipynb")
            found += inside
        elif path.suffix != ".ipynb":
            what = "is no notebook (NAME.ipynb) and no folder" if path.exists() else "is not there"
            raise MlenvError("notebook-missing", f"{path.name} {what}", where=str(path), hint="DIR/NAME.ipynb")
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def seen_from(context: Context, path: Path) -> str:
    """Return a path as it would be typed here, with slashes; an absolute one where it lies on another drive."""
    try:
        return Path(os.path.relpath(path, context.cwd)).as_posix()
    except ValueError:  # Windows: no way leads from one drive to another
        return path.as_posix()
