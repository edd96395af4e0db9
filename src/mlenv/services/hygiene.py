"""Keep a project's repository clean: ``.gitignore`` gets the environment and ``.env`` lines if they are missing."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mlenv import process, store
from mlenv.errors import MlenvError
from mlenv.model import Command
from mlenv.services.context import Context

__all__ = ["git_command", "ignore", "ignore_names", "missing_lines", "tracked_environments", "tracked_secrets"]

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

    A line with a closing slash matches folders only, not the symlink that ``.venv`` is, so it does not count; neither
    does one that a later ``!name`` takes back.
    """
    lines = [line.strip().lstrip("/") for line in text.splitlines()]
    last = {line: number for number, line in enumerate(lines)}

    def covered(name: str) -> bool:
        named = max(last.get(name, -1), last.get(f"{name}*", -1))
        return named > last.get(f"!{name}", -1)

    return tuple(name for name in wanted if not covered(name))


def ignore(context: Context, root: Path, link: Path) -> None:
    """Add what is missing to ``.gitignore``, which is made where there is none: most projects meet git one day."""
    ignore_names(context, root, (link.name, ".mlenv", ".env") if link.is_relative_to(root) else (".mlenv", ".env"))


def ignore_names(context: Context, root: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Add to ``.gitignore`` what it lacks of these lines; return them. What stands there stays as it is."""
    path = root / ".gitignore"
    try:
        text = store.read_text(path) if path.exists() else ""
        missing = missing_lines(text, names)
        if missing:
            gap = "" if not text or text.endswith("\n") else "\n"
            store.write_atomic(path, text + gap + "".join(f"{name}\n" for name in missing), inside=root)
    except MlenvError as error:
        context.tell("note", f".gitignore could not be completed: {error.message}")
        return ()
    return missing


def git_command(root: Path, *words: str) -> Command | None:
    """Return a run of git that starts nothing of what repository or machine configured; ``None`` without git."""
    git = shutil.which("git")
    if git is None or not os.path.isabs(git):
        return None
    return Command(argv=(git, *_NO_PROGRAMS, *words), cwd=str(root), env=_GIT_ENV, timeout_s=_ASK_S)


def tracked_secrets(root: Path, name: str = _SECRETS) -> tuple[str, ...]:
    """Say that ``.env`` is in git's index, where it is: a line in ``.gitignore`` does not take it out.

    Args:
        root: the project.
        name: the file, relative to it.

    The file itself is never read. Cost: one start of git (5 ms), only where ``.env`` lies in a repository.
    """
    if not (root / name).exists() or not _tracked(root, (name,)):
        return ()
    typed = shlex.quote(name)
    return (f"{name} is tracked by git, so whoever gets the repository gets it: git rm --cached {typed}",)


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
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return ()
    command = git_command(root, "ls-files", "-z", "--cached", "--", *names)
    if command is None:
        return None
    env = {**command.env, **({"GIT_LITERAL_PATHSPECS": None} if patterns else {})}
    try:
        answer = process.run(replace(command, env=env))
    except MlenvError:  # no answer is no reason to stop
        return None
    return None if answer.code else tuple(filter(None, answer.stdout.split("\0")))
