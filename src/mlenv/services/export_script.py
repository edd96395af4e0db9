"""``export script``: the project's lock as a PEP 723 block, for a notebook that travels alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.exports.locked import portable_requirement
from mlenv.model import Outcome, Selection
from mlenv.notebooks.inline_write import script_block, with_block
from mlenv.probe import site
from mlenv.services.check import selection_of
from mlenv.services.check_notebook import notebook_path, project_of
from mlenv.services.context import Context
from mlenv.services.project import Project, open_project
from mlenv.services.typed_notebooks import seen_from
from mlenv.services.words import packages

__all__ = ["export_script"]

_BOM = "\ufeff"
_SHOWN = 6


def export_script(context: Context, words: tuple[str, ...], *, write: bool, declared: bool) -> Outcome:
    """Print the block, or write it into a notebook: nothing else of it changes.

    Args:
        context: where the project is; with a notebook, the notebook's counts.
        words: a notebook, or nothing.
        write: whether the block goes into that notebook.
        declared: whether the requirements of the manifest are meant, and not the pins of the lock.

    Raises:
        MlenvError: ``usage``, ``no-lock``; ``nothing-declared``; as :func:`mlenv.notebooks.inline_write.with_block`.
    """
    if len(words) > 1 or (write and not words):
        message = "'export script --write' writes into one notebook" if write else "'export script' takes one notebook"
        raise MlenvError("usage", message, hint="mlenv export script NOTEBOOK --write")
    path = notebook_path(context, words[0]) if words else None
    project = open_project(context) if path is None else project_of(context, path)
    selection = selection_of(context, project)
    block, texts, source = _block(context, project, selection, declared=declared)
    data = {"block": block, "dependencies": list(texts), "from": source}
    if path is None or not write:
        return Outcome(verb="export", lines=tuple(block.splitlines()), data=data)
    name = seen_from(context, path)
    cell, changed = _write(path, block)
    what = f"{packages(len(texts))} {'as declared in' if declared else 'as locked in'} {source}"
    lines = (f"{name}: the script block in cell {cell} {'now names' if changed else 'names already'} {what}",)
    return Outcome(verb="export", lines=lines, files=(name,) if changed else (), data={**data, "cell": cell})


def _block(
    context: Context, project: Project, selection: Selection, *, declared: bool
) -> tuple[str, tuple[str, ...], str]:
    """Return the block, its requirements, and the file that they are from."""
    source = selection.manifest if declared else selection.lock
    if declared:
        texts = tuple(dict.fromkeys(row.text for row in selection.declared if not row.conda))
    else:
        texts = tuple(_pinned(context, selection))
    if source is None or (declared and not texts):
        what, hint = ("declares no packages", "mlenv add NAME") if declared else ("has no lock", "mlenv lock")
        code = "nothing-declared" if declared else "no-lock"
        raise MlenvError(code, f"the project {what}", where=str(project.root), hint=hint)
    minor = ".".join(selection.python.split(".")[:2])
    return script_block(selection.requires_python or f">={minor}", texts), texts, source


def _pinned(context: Context, selection: Selection) -> Iterator[str]:
    """Yield the pins as requirements, sorted; what no other computer can get is left out and told."""
    left: list[str] = []
    for pin in sorted(selection.pins, key=lambda row: row.name):
        text = portable_requirement(pin)
        if text:
            yield text
        else:
            left.append(pin.name)
    if left:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        context.tell("note", f"not in the block, for only this project has it: {', '.join(left[:_SHOWN])}{more}")


def _write(path: Path, block: str) -> tuple[int, bool]:
    """Write the block; return the number of its cell, and whether anything changed."""
    stamp = site.stamp(str(path))
    raw = store.read_bytes(path)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise MlenvError("notebook-unreadable", f"{path.name} is no UTF-8 text", where=str(path)) from None
    body = text.removeprefix(_BOM)
    new, cell = with_block(body, block, path.name)
    if new == body:
        return cell, False
    store.write_atomic(path, text[: len(text) - len(body)] + new, expect=stamp)
    return cell, True
