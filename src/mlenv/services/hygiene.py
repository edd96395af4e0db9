"""Keep a project's repository clean: ``.gitignore`` gets the environment and ``.env`` lines if they are missing."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from mlenv import process, store
from mlenv.errors import MlenvError
from mlenv.model import Command
from mlenv.services.context import Context

__all__ = ["ignore", "missing_lines", "tracked_environments", "tracked_secrets"]

_SECRETS = ".env"
_ENVIRONMENTS = (".venv", "venv", "env", "ENV")
_ASK_S = 5.0
# A repository may come from somebody else: what its configuration names is not run, and git takes no other place.
_NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_GIT_ENV: Mapping[str, str | None] = {
    **dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT")),
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
}


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


def tracked_secrets(root: Path) -> tuple[str, ...]:
    """Say that ``.env`` is in git's index, where it is: a line in ``.gitignore`` does not take it out.

    The file itself is never read. Cost: one start of git (5 ms), only where ``.env`` lies in a repository.
    """
    if not (root / _SECRETS).exists() or not _tracked(root, (_SECRETS,)):
        return ()
    return (f"{_SECRETS} is tracked by git, so whoever gets the repository gets it: git rm --cached {_SECRETS}",)


def tracked_environments(root: Path, names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the environments that are in git's index, by their folders; ``None`` where git gave no answer.

    Args:
        root: the project.
        names: folders of it that are environments whatever lies in them.
    """
    wanted = (*dict.fromkeys((*names, *_ENVIRONMENTS)), "*/site-packages/*", "*/pyvenv.cfg", "pyvenv.cfg")
    rows = _tracked(root, wanted, patterns=True)
    if rows is None:
        return None
    places = []
    for row in rows:
        match = re.match(r"(.+?)/(?:pyvenv\.cfg$|lib/python[^/]*/site-packages/|Lib/site-packages/)", row)
        first = row.partition("/")[0]
        if match:
            places.append(match[1])
        elif first in names and (root / first).is_symlink():
            places.append(first)
    return tuple(dict.fromkeys(places))


def _tracked(root: Path, names: tuple[str, ...], *, patterns: bool = False) -> tuple[str, ...] | None:
    """Return what git's index holds of these names; ``None`` where there is no git, no repository or no answer."""
    git = shutil.which("git")
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return ()
    if git is None or not os.path.isabs(git):
        return None
    argv = (git, *_NO_PROGRAMS, "ls-files", "-z", "--cached", "--", *names)
    env = {**_GIT_ENV, **({"GIT_LITERAL_PATHSPECS": None} if patterns else {})}
    try:
        answer = process.run(Command(argv=argv, cwd=str(root), env=env, timeout_s=_ASK_S))
    except MlenvError:  # no answer is no reason to stop
        return None
    return None if answer.code else tuple(filter(None, answer.stdout.split("\0")))
