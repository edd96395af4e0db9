"""``scan``: the lines of notebooks that install something, where they would, and what to type instead.

Nothing is changed, and nothing that a notebook or its project names is started.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlenv import kernels, render
from mlenv.errors import MlenvError
from mlenv.kernels import Kernel
from mlenv.model import Outcome
from mlenv.notebooks import InstallLine, parse_install_lines
from mlenv.notebooks.file import Notebook, parse_notebook
from mlenv.probe import interpreters
from mlenv.probe.environment import interpreter
from mlenv.services.check_notebook import notebook_path, notebook_text
from mlenv.services.context import Context, Options
from mlenv.services.install_place import Around, instead_of, target_of
from mlenv.services.project import Project, find_root, load
from mlenv.services.select import select_project
from mlenv.services.select import target_of as target_python
from mlenv.services.typed_notebooks import seen_from, typed_notebooks
from mlenv.services.words import place, table

__all__ = ["kernel_named", "known_kernels", "scan"]

_SHOWN = 60
_PORTABLE = "mlenv"


def scan(context: Context, words: Sequence[str]) -> Outcome:
    """List the install lines of notebooks.

    Args:
        context: where to start; ``--project`` names the folder that counts where no word is given.
        words: notebooks, and folders for all in them.

    Returns:
        ``ok`` where there is none. ``data``: ``notebooks`` (how many were read), ``lines`` (``notebook``, ``cell``,
        ``line``, ``text``, ``tool``, ``packages``, ``into``: ``kind``, ``text``, ``prefix``; ``instead``), ``errors``
        (``notebook`` and the error of each that could not be read).

    Raises:
        MlenvError: ``notebook-missing``, ``path-invalid``.
    """
    paths = typed_notebooks(context, words)
    known = known_kernels()
    rows: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    projects: dict[Path, tuple[Project, Mapping[str, str], str]] = {}
    for path in paths:
        name = seen_from(context, path)
        try:
            rows += _rows(notebook_path(context, str(path)), name, known, projects)
        except MlenvError as error:
            errors.append({"notebook": name, "error": render.error_json(error)["error"]})
    lines = (*_table(rows), *(f"{row['notebook']}: {row['error']['message']}" for row in errors))
    return Outcome(
        verb="scan",
        lines=(*lines, _summary(rows, len(paths) - len(errors))),
        ok=not rows and not errors,
        data={"notebooks": len(paths) - len(errors), "lines": rows, "errors": errors},
    )


def known_kernels() -> Mapping[str, Kernel]:
    """Return the kernels that Jupyter starts, by id."""
    return {one.id: one for one in kernels.listed() if not one.shadowed_by}


def kernel_named(notebook: Notebook) -> str:
    """Return the id of the kernel that a notebook names, in lower case as Jupyter compares it; empty where none."""
    spec = notebook.metadata.get("kernelspec")
    name = spec.get("name") if isinstance(spec, dict) else None
    return name.lower() if isinstance(name, str) else ""


def _rows(
    path: Path,
    name: str,
    known: Mapping[str, Kernel],
    projects: dict[Path, tuple[Project, Mapping[str, str], str]],
) -> Iterator[dict[str, Any]]:
    notebook = parse_notebook(notebook_text(path), path.name)
    found = parse_install_lines(notebook.cells)
    if not found:
        return
    root = find_root(path.parent) or path.parent
    if root not in projects:
        projects[root] = _opened(root)
    around = _around(notebook, known, *projects[root])
    for row in found:
        yield _row(row, around, name)


def _row(row: InstallLine, around: Around, name: str) -> dict[str, Any]:
    target, install = target_of(row, around), row.install
    asked = row.others if install is None else (*install.rows, *install.editable, *install.files, *install.unclear)
    return {
        "notebook": name,
        "cell": row.cell,
        "line": row.line,
        "text": render.mask_secrets(row.text),
        "tool": row.tool,
        "packages": list(asked),
        "into": {"kind": target.kind, "text": target.text, "prefix": target.prefix or None},
        "instead": instead_of(row, around, name),
    }


def _opened(root: Path) -> tuple[Project, Mapping[str, str], str]:
    """Return a project, and the pins and the name of its lock as this machine's own Python would have them."""
    project = load(root)
    try:
        selection = select_project(project, target_python(interpreters.host().path), Options()).selection
    except MlenvError:  # told by check; the lines of a notebook can be listed without it
        return project, {}, ""
    pins = {pin.name: pin.version for pin in selection.pins if pin.version}
    return project, pins if selection.lock else {}, selection.lock or ""


def _around(
    notebook: Notebook, known: Mapping[str, Kernel], project: Project, pins: Mapping[str, str], lock: str
) -> Around:
    kernel = known.get(kernel_named(notebook))
    own = project.environment.prefix or ""
    foreign = kernel is not None and not kernel.ours and kernel.id != _PORTABLE
    prefix = own
    if kernel is not None and foreign:
        # python3 and the like name no path: they are the server's own Python, as far as can be told that of mlenv.
        program = kernel.interpreter or interpreters.host().path
        prefix = os.path.dirname(os.path.dirname(program))
    elif kernel is not None and kernel.ours and kernel.prefix:
        prefix = kernel.prefix
    path = os.environ.get("PATH", "")
    if prefix and not foreign:
        path = os.pathsep.join((os.path.dirname(interpreter(prefix)), path))
    return Around(
        prefix=prefix,
        shown=place(Path(prefix), project.root) if prefix else "",
        path=path,
        names=project.names,
        pins=pins,
        lock=lock,
        conda=project.environment.engine == "conda" or "environment.yml" in project.names,
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    head = ("notebook", "cell", "line", "what", "into", "instead")
    cells = [
        (
            row["notebook"],
            str(row["cell"]),
            str(row["line"]),
            _short(row["text"]),
            row["into"]["text"],
            row["instead"],
        )
        for row in rows
    ]
    return table([head, *cells]) if cells else []


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _summary(rows: Sequence[Mapping[str, Any]], read: int) -> str:
    where = len({row["notebook"] for row in rows})
    read_text = f"{read} notebook" if read == 1 else f"{read} notebooks"
    if not rows:
        return f"no install lines in {read_text}"
    found = "1 install line" if len(rows) == 1 else f"{len(rows)} install lines"
    return f"{found} in {where} of {read_text}; nothing was changed"
