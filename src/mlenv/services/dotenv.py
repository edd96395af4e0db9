"""``dotenv``: show a project's ``.env`` by names, write ``.env.example``, keep the file out of git; never a value."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mlenv import store
from mlenv.dotenv_text import names_in_example
from mlenv.errors import MlenvError
from mlenv.model import Outcome, value
from mlenv.probe import dotenv_file
from mlenv.services import hygiene, kernels
from mlenv.services.context import Context
from mlenv.services.project import dotenv_of, find_root, open_project
from mlenv.verbs import did_you_mean

__all__ = ["ACTIONS", "dotenv"]

ACTIONS = ("show", "load", "example")
_HEAD = "# Copy this file to .env and fill it in there; .env is not for git.\n"
_SHOWN = 12


@value
class _File:
    path: Path
    root: Path
    """The project, or the file's own folder where there is none."""
    shown: str
    """Relative to the project, or to the working folder."""
    names: tuple[str, ...]


def dotenv(context: Context, arguments: Sequence[str]) -> Outcome:
    """Carry out one of :data:`ACTIONS` on the nearest ``.env``, or on the file that is named.

    Raises:
        MlenvError: ``usage``; ``dotenv-missing``, ``dotenv-unreadable``, ``dotenv-invalid``; ``notebook-only`` for
            ``load`` outside of a kernel.
    """
    in_kernel = context.options.kernel_prefix is not None
    action, *files = arguments or ("load" if in_kernel else "show",)
    if action not in ACTIONS:
        near = did_you_mean(action, ACTIONS)
        message = f"'mlenv dotenv' has no action '{action}'.{near}"
        raise MlenvError("usage", message, hint="mlenv dotenv show|load|example [FILE]")
    if len(files) > 1:
        raise MlenvError("usage", "one file at a time", hint=f"mlenv dotenv {action} {files[0]}")
    if action == "load" and not in_kernel:
        message = "'dotenv load' sets the variables of a running notebook; a terminal's are out of reach"
        raise MlenvError("notebook-only", message, hint="in a notebook: %mlenv dotenv")
    found = _find(context, files[0] if files else None)
    return {"show": _show, "load": _load, "example": _example}[action](context, found)


def _find(context: Context, named: str | None) -> _File:
    there = context.options.project is not None or find_root(context.cwd) is not None
    root = open_project(context).root if there else None
    if named is not None:
        path = Path(os.path.abspath(_folder(context) / named))
    else:
        found = dotenv_file.nearest(str(_folder(context)), str(root) if root else None)
        if found is None:
            raise MlenvError(
                "dotenv-missing",
                "there is no .env file, from here up to the project's folder",
                where=str(_folder(context)),
                hint="write one: a line for each variable, NAME=value",
            )
        path = Path(found)
    inside = root is not None and path.is_relative_to(root)
    shown = str(path.relative_to(root)) if root is not None and inside else os.path.relpath(path, context.cwd)
    rows = dotenv_file.read_bindings(str(path), shown)
    names = tuple(dict.fromkeys(row.name for row in rows))
    return _File(path=path, root=root if root is not None and inside else path.parent, shown=shown, names=names)


def _folder(context: Context) -> Path:
    """Return the notebook's folder where the front end tells it, else the working folder."""
    notebook = os.environ.get("JPY_SESSION_NAME", "")
    folder = os.path.dirname(notebook)
    return Path(folder) if notebook.endswith(".ipynb") and os.path.isdir(folder) else context.cwd


def _show(context: Context, found: _File) -> Outcome:
    listed = _listed(found.names) if found.names else "no variable"
    lines = [f"{'.env':<12} {found.shown}: {listed}"]
    if hygiene.missing_lines(_ignored(found.root), (".env",)) and _is_plain(found):
        lines.append(f"{'note':<12} .gitignore does not name .env: mlenv dotenv example adds it")
    lines += _notes(found)
    lines.append(f"{'next':<12} {_at_start(found)}")
    return Outcome(verb="dotenv", lines=tuple(lines), data=_data(context, found, "show"))


def _at_start(found: _File) -> str:
    """Say how the file gets into a kernel, as settings and kernelspecs have it now."""
    wanted = dotenv_of(found.root)
    if not wanted:
        return "in a notebook: %mlenv dotenv; at every start: dotenv = true in [tool.mlenv]"
    known = {one.dotenv for one in kernels.kernels_of(str(found.root)) if one.mode != "installed"}
    if known == {wanted}:
        return f"nothing: kernels load {'the nearest .env' if wanted == '.env' else wanted} when they start"
    return "mlenv create tells the kernel of the setting dotenv"


def _load(context: Context, found: _File) -> Outcome:
    """What the host does of a load: git's side. The kernel itself reads the values, and adds what it set."""
    lines, files = _ignore(context, found)
    return Outcome(
        verb="dotenv",
        lines=(*lines, *_notes(found)),
        files=files,
        dry_run=context.options.dry_run,
        data=_data(context, found, "load"),
    )


def _example(context: Context, found: _File) -> Outcome:
    path = found.path.with_name(".env.example")
    store.refuse_outside(path, found.root)
    old = store.read_text(path) if path.exists() else ""
    present = set(names_in_example(old))
    new = tuple(name for name in found.names if name not in present)
    gap = "" if not old or old.endswith("\n") else "\n"
    text = (old or _HEAD) + gap + "".join(f"{name}=\n" for name in new)
    shown = os.path.join(os.path.dirname(found.shown), path.name)
    added = f"{_listed(new)} added, without values" if new else "has every name already"
    lines = [f"{'example':<12} {shown}: {added}"]
    ignored, files = _ignore(context, found, "!.env.example")
    if text != old:
        files = (shown, *files)
        if not context.options.dry_run:
            store.write_atomic(path, text, inside=found.root)
    data = {**_data(context, found, "example"), "example": shown, "added": list(new)}
    return Outcome(
        verb="dotenv",
        lines=(*lines, *ignored, *_notes(found)),
        files=files,
        dry_run=context.options.dry_run,
        data=data,
    )


def _ignore(context: Context, found: _File, *more: str) -> tuple[list[str], tuple[str, ...]]:
    """Add what ``.gitignore`` lacks; return what to say, and the files written."""
    if not found.path.is_relative_to(found.root) or context.options.dry_run:
        return [], ()
    name = ".env" if _is_plain(found) else found.path.relative_to(found.root).as_posix()
    wanted = (name, *(line for line in more if _hides_example(_ignored(found.root))))
    added = hygiene.ignore_names(context, found.root, wanted)
    return ([f"{'.gitignore':<12} {', '.join(added)} added"] if added else []), ((".gitignore",) if added else ())


def _hides_example(text: str) -> bool:
    return any(line.strip().lstrip("/") in {".env*", ".env.*"} for line in text.splitlines())


def _is_plain(found: _File) -> bool:
    return found.path.name == dotenv_file.NAME


def _ignored(root: Path) -> str:
    path = root / ".gitignore"
    return store.read_text(path) if path.exists() else ""


def _notes(found: _File) -> list[str]:
    inside = found.path.is_relative_to(found.root)
    relative = found.path.relative_to(found.root).as_posix() if inside else ""
    return [f"{'note':<12} {line}" for line in (hygiene.tracked_secrets(found.root, relative) if inside else ())]


def _data(context: Context, found: _File, action: str) -> dict[str, object]:
    """The wire: names only, and the file relative to the working folder."""
    names = list(found.names)
    return {"action": action, "file": os.path.relpath(found.path, context.cwd), "shown": found.shown, "names": names}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
