"""Write a platform's files: all or, where somebody's own lies at a place, none."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.exports.deployment import Deployment, Platform, TextFile, Wish
from mlenv.exports.sealed import State, sealed, state_of
from mlenv.model import Outcome, value
from mlenv.probe import site
from mlenv.render import mask_secrets
from mlenv.services.context import Context
from mlenv.services.exporting.gather import deployment_of
from mlenv.services.project import Project
from mlenv.services.typed_notebooks import seen_from

__all__ = ["STDOUT", "Made", "export_files", "put"]

STDOUT = "-"
_MODE = 0o755
_SHALLOW = 3
"""``/app`` and ``/srv/app`` are places in any image, too."""
_IMAGE_HOMES = frozenset(
    {"/", "/root", "/home/jovyan", "/home/vscode", "/home/ec2-user", "/home/sagemaker-user", "/home/jupyter"}
)
"""Homes that platforms have, and that their files may name."""


@value
class Made:
    """The files of one export."""

    name: str
    """The platform's or the format's."""
    lock: str
    """What they were made from."""
    files: tuple[TextFile, ...]
    follow: str = ""
    """What to type next, in the project's folder."""


def export_files(
    context: Context, platform: Platform, wish: Wish, *, output: str | None = None, check: bool = False
) -> Outcome:
    """Write the files of a platform, print them, or say whether they are as they would be written now.

    What mlenv wrote and nobody has edited is replaced; anything else stays, unless ``--force``.

    Args:
        context: ``options.dry_run``, ``options.force``, and what chooses the lock.
        platform: where the project goes.
        wish: what else was asked for.
        output: the folder (default: the project's); ``-``: print.
        check: write nothing; not ``ok`` where a file is missing or another than it would be.

    Returns:
        ``data``: ``platform``, ``files`` (path, text, state), ``next``.

    Raises:
        MlenvError: as :func:`deployment_of`; what the platform refuses; ``output-exists``, ``output-edited``;
            ``export-private`` where a text would carry a path or a secret of this machine.
    """
    project, deployment = deployment_of(context)
    files = platform.files(deployment, wish)
    shared = platform.top and deployment.below
    lock = f"{deployment.lock} for {deployment.below}" if shared else deployment.lock
    made = Made(name=platform.name, lock=lock, files=files, follow=platform.follow(deployment, wish))
    own = _own_folder(project, deployment, platform)
    folder = Path(os.path.abspath(context.cwd / output)) if output and output != STDOUT else own
    return put(context, project, made, None if output == STDOUT else folder, check=check)


def put(context: Context, project: Project, made: Made, folder: Path | None, *, check: bool = False) -> Outcome:
    """Seal files and write them, print them (no folder), or compare them with what lies there.

    Raises:
        MlenvError: as :func:`export_files` does for files.
    """
    texts = [replace(file, text=sealed(file, file.maker or made.name, made.lock)) for file in made.files]
    follow = made.follow
    _refuse_private(project, texts)
    if folder is None:
        return Outcome(verb="export", lines=tuple(_printed(texts)), data=_data(made, texts, {}))
    states = {file.path: _state(folder / file.path, file) for file in texts}
    data = _data(made, texts, states)
    due = [file for file in texts if states[file.path] != "same"]
    if check:
        lines = tuple(f"{file.path}: {_CHECKED[states[file.path]]}" for file in texts)
        return Outcome(verb="export", lines=lines, ok=not due, data=data)
    _refuse_foreign(context, made.name, folder, due, states)
    if not context.options.dry_run:
        for file in due:
            _write(folder, file)
    names = tuple(seen_from(context, folder / file.path) for file in due)
    lines = tuple(_told(context, folder, texts, due, follow))
    return Outcome(verb="export", lines=lines, files=names, dry_run=context.options.dry_run, data=data)


_CHECKED: Mapping[State, str] = {
    "absent": "is not there",
    "same": "is up to date",
    "ours": "is not what would be written now",
    "edited": "has been edited since mlenv wrote it",
    "foreign": "was not written by mlenv for this project",
}


def _own_folder(project: Project, deployment: Deployment, platform: Platform) -> Path:
    """Return where a platform looks for its files: the project, or the top of its repository."""
    depth = len(Path(deployment.below).parts) if platform.top else 0
    return project.root.parents[depth - 1] if depth else project.root


def _data(made: Made, texts: Sequence[TextFile], states: Mapping[str, State]) -> dict[str, object]:
    rows = [{"path": file.path, "text": file.text, "state": states.get(file.path)} for file in texts]
    return {"platform": made.name, "files": rows, "next": made.follow or None}


def _printed(texts: Sequence[TextFile]) -> list[str]:
    """Return the texts, each under its name where they are several."""
    if len(texts) == 1:
        return texts[0].text.splitlines()
    rows: list[str] = []
    for file in texts:
        mark = file.comment or "#"
        rows += [*([""] if rows else []), f"{mark} ---- {file.path}", *file.text.splitlines()]
    return rows


def _state(path: Path, file: TextFile) -> State:
    if not os.path.lexists(path):
        return "absent"
    if not path.is_file():
        return "foreign"
    return state_of(store.read_bytes(path).decode(errors="replace"), file.text)


def _refuse_foreign(
    context: Context, name: str, folder: Path, due: Sequence[TextFile], states: Mapping[str, State]
) -> None:
    """Refuse before the first file is written."""
    if context.options.force:
        return
    for file in due:
        state = states[file.path]
        if state not in {"edited", "foreign"}:
            continue
        instead = file.where or f"mlenv export {name} --output - shows what it would be"
        code = "output-edited" if state == "edited" else "output-exists"
        message = f"{file.path} {_CHECKED[state]}, and is left as it is; nothing was written"
        raise MlenvError(code, message, where=str(folder / file.path), hint=f"{instead}; --force replaces it")


def _refuse_private(project: Project, texts: Sequence[TextFile]) -> None:
    """Refuse what would carry this machine along: a last look at texts that are made without it."""
    places = {str(project.root), os.path.realpath(project.root), project.prefix}
    places = {place for place in places if len(Path(place).parts) > _SHALLOW}
    home = str(Path.home())
    places |= set() if home in _IMAGE_HOMES else {f"{home}{os.sep}"}
    for file in texts:
        found = any(place in file.text for place in places)
        if found or mask_secrets(file.text) != file.text:
            what = "a path of this machine" if found else "an address with credentials"
            raise MlenvError(
                "export-private",
                f"{file.path} would carry {what}; nothing was written",
                where=str(project.root),
                hint="take it out of manifest and lock: credentials belong into variables, paths below the project",
            )


def _write(folder: Path, file: TextFile) -> None:
    path = folder / file.path
    store.refuse_outside(path, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    stamp = site.stamp(str(path)) if path.exists() else None
    store.write_atomic(path, file.text, expect=stamp, mode=_MODE if file.executable else None, inside=folder)
    if file.executable and os.name != "nt":
        path.chmod(path.stat().st_mode | 0o111)


def _told(context: Context, folder: Path, texts: Sequence[TextFile], due: Sequence[TextFile], follow: str) -> list[str]:
    def names(files: Sequence[TextFile]) -> str:
        return ", ".join(seen_from(context, folder / file.path) for file in files)

    rest = [file for file in texts if file not in due]
    lines = [f"{'would write' if context.options.dry_run else 'written'} {names(due)}"] if due else []
    lines += [f"up to date: {names(rest)}"] if rest else []
    # The commands are typed in the project's folder.
    away = f"cd {shlex.quote(os.path.relpath(folder, context.cwd))}; " if folder != context.cwd else ""
    return [*lines, *([f"next: {away}{follow}"] if follow else [])]
