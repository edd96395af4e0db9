"""``run``: execute a notebook in its project's environment, whatever kernel its metadata names.

nbclient executes, and the few rules of papermill's parameters are kept by :mod:`mlenv.notebooks.parameters`: papermill
itself starts registered kernels only, and rewrites the metadata of what it executes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlenv import kernels, render, store
from mlenv.errors import MlenvError
from mlenv.model import FileStamp, Outcome, value
from mlenv.notebooks.parameters import parameter_values, unknown_parameters, with_parameters
from mlenv.probe import site
from mlenv.render import hide_places, shorten
from mlenv.services.check_notebook import check_notebook, notebook_path, notebook_text, project_of
from mlenv.services.context import Context
from mlenv.services.kernels import runtime_for
from mlenv.services.project import Project, dotenv_of, find_root, require_environment
from mlenv.services.running import Ended, Failure, require_nbclient, run_cells
from mlenv.services.typed_notebooks import seen_from

__all__ = ["RunWish", "run"]

_KERNEL_ID = "mlenv-run"
_STDOUT = "-"
_TRACEBACK_LINES = 6
_LONGEST_S = 1e9
_CODES = re.compile(r"(\x1b\[[0-9;]*m)")


@value
class RunWish:
    """What is asked for beside the notebook."""

    output: str | None = None
    """The file for the executed copy; ``-``: printed."""
    parameters: tuple[tuple[str, str], ...] = ()
    check: bool = False
    inplace: bool = False
    timeout: str | None = None
    """Seconds that one cell may take, as typed."""


def run(context: Context, notebook: str, wish: RunWish) -> Outcome:
    """Execute a notebook in the environment of its project, in the notebook's own folder. No kernel is registered.

    The file stays as it is, unless ``inplace`` asks for new outputs; its metadata stays as it is in every case, but for
    the state of widgets, without which their outputs show nothing.

    Returns:
        ``ok`` where every cell ran. ``data``: ``notebook``, ``cells``, ``seconds``, ``output``, and where a cell failed
        ``failed``: ``cell`` (number of the code cell, from 1), ``name``, ``text``, ``traceback``; with ``check`` and
        drift ``report``, and nothing was executed.

    Raises:
        MlenvError: ``notebook-missing``, ``notebook-unreadable``, ``no-project``, ``no-environment``,
            ``environment-broken``, ``run-missing``, ``usage``, ``parameter-name``, ``kernel-does-not-start``; what
            :func:`mlenv.runtime.ensure` raises.
    """
    path = notebook_path(context, notebook)
    values, timeout_s = parameter_values(wish.parameters), _timeout(wish)
    target = _target(context, path, wish)
    require_nbclient()
    project = _project(context, path)
    name = seen_from(context, path)
    if wish.check:
        drift = _drift(context, notebook, name)
        if drift is not None:
            return drift
    stamp = site.stamp(str(path))
    node, kept = _read(path)
    _tell_unknown(context, node, values)
    _set_parameters(node, values)
    ended = _executed(context, project, path, node, timeout_s)
    text = _cleaned(node, kept, project)
    written = _write(path, target, text, wish, ended, stamp)
    return _outcome(context, name, project, node, ended, written, text if target == _STDOUT else None)


def _timeout(wish: RunWish) -> float | None:
    try:
        seconds = None if wish.timeout is None else float(wish.timeout)
    except ValueError:
        seconds = 0.0
    if seconds is not None and not 0 < seconds < _LONGEST_S:
        message = f"--timeout takes the seconds that one cell may run, not '{wish.timeout}'"
        raise MlenvError("usage", message, hint="mlenv run NOTEBOOK --timeout 600")
    return seconds


def _target(context: Context, path: Path, wish: RunWish) -> Path | str | None:
    """Return where the executed notebook goes: a file, ``-``, or nowhere."""
    if wish.inplace and (wish.output or wish.parameters):
        what = "--output" if wish.output else "parameters, which add a cell,"
        message = f"--inplace writes the outputs into {path.name} itself; {what} want a copy"
        raise MlenvError("usage", message, hint="mlenv run NOTEBOOK --output COPY.ipynb")
    if wish.inplace:
        return path
    if wish.output is None or wish.output == _STDOUT:
        return wish.output
    target = Path(os.path.abspath(context.cwd / wish.output))
    if os.path.realpath(target) == os.path.realpath(path):
        raise MlenvError("usage", f"{path.name} is the notebook itself", hint="mlenv run NOTEBOOK --inplace")
    if not target.parent.is_dir():
        message, folder = "the folder for the executed copy is not there", os.path.dirname(wish.output)
        raise MlenvError("folder-missing", message, where=str(target.parent), hint=f"mkdir -p {shlex.quote(folder)}")
    return target


def _project(context: Context, path: Path) -> Project:
    if not context.options.project and find_root(path.parent) is None:
        message = f"{path.name} lies in no project: no manifest, lock or environment in its folder or above"
        raise MlenvError("no-project", message, where=str(path), hint=f"mlenv create --from-notebook {path.name}")
    project = project_of(context, path)
    require_environment(project)
    return project


def _drift(context: Context, notebook: str, name: str) -> Outcome | None:
    # Whichever kernel asks, another one will run it.
    options = replace(context.options, kernel_prefix=None)
    report = check_notebook(replace(context, options=options), notebook)
    if report.ok:
        return None
    lines = render.report_text(report, max_rows=3).splitlines()
    return Outcome(
        verb="run",
        lines=(f"{name} was not run: its environment is not in step", *lines),
        ok=False,
        data={"notebook": name, "cells": 0, "report": render.report_json(report)},
    )


def _read(path: Path) -> tuple[Any, Mapping[str, Any]]:
    """Return the notebook, and its metadata as they are to stay."""
    import nbformat

    text = notebook_text(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without an id get one, which is nobody's fault here
            node = nbformat.reads(text, as_version=4)
    except Exception as error:  # noqa: BLE001  # nbformat raises whatever its parts raise
        message = f"{path.name} is not a notebook: {str(error).splitlines()[0][:200] if str(error) else error!r}"
        raise MlenvError("notebook-unreadable", message, where=str(path)) from None
    return node, json.loads(json.dumps(node.metadata))


def _set_parameters(node: Any, values: Mapping[str, Any]) -> None:
    import nbformat

    cells = with_parameters(node.cells, values, with_id=(node.nbformat, node.nbformat_minor) >= (4, 5))
    node.cells = [nbformat.from_dict(cell) for cell in cells]


def _tell_unknown(context: Context, node: Any, values: Mapping[str, Any]) -> None:
    unknown = unknown_parameters(node.cells, tuple(values))
    if unknown:
        names = ", ".join(unknown)
        context.tell("note", f"no cell tagged 'parameters' sets {names}; set all the same, papermill would do so, too")


def _executed(context: Context, project: Project, path: Path, node: Any, timeout_s: float | None) -> Ended:
    root, prefix = str(project.root), project.prefix
    spec = kernels.spec_for(
        kernel_id=_KERNEL_ID,
        display_name=_KERNEL_ID,
        root=root,
        prefix=prefix,
        launcher=runtime_for(context, prefix),
        dotenv=dotenv_of(project.root),
    )
    order = [at for at, cell in enumerate(node.cells) if cell["cell_type"] == "code"]
    context.tell("kernel", f"starting the kernel of {project.link.name}")

    def begins(at: int) -> None:
        number = order.index(at) + 1
        context.tell("cell", f"cell {number} of {len(order)}", number - 1, len(order))

    # A front end tells a kernel so which notebook it serves; nobody else's is meant here.
    environ = {**os.environ, "JPY_SESSION_NAME": str(path)}
    return run_cells(node, spec, cwd=path.parent, environ=environ, timeout_s=timeout_s, on_cell=begins)


def _cleaned(node: Any, kept: Mapping[str, Any], project: Project) -> str:
    """Return the executed notebook as a file holds it: metadata as they were, no place of this computer added by us."""
    import nbformat

    widgets = node.metadata.get("widgets")
    node.metadata = nbformat.from_dict({**kept, **({"widgets": widgets} if widgets else {})})
    home = str(Path.home())
    for cell in node.cells:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                output["evalue"] = _private(output["evalue"], project, home)
                output["traceback"] = [_private(text, project, home) for text in output["traceback"]]
            elif output["output_type"] == "stream" and output["name"] == "stderr":
                output["text"] = _private(output["text"], project, home)
    return str(nbformat.writes(node)) + "\n"


def _private(text: str, project: Project, home: str) -> str:
    """Return what Python says of files without their absolute places; colours stay where they are."""
    parts = _CODES.split(text)
    return "".join(
        part if _CODES.fullmatch(part) else hide_places(shorten(part, str(project.root), home)) for part in parts
    )


def _write(
    path: Path, target: Path | str | None, text: str, wish: RunWish, ended: Ended, stamp: FileStamp
) -> Path | None:
    """Write what is asked for. A run that failed leaves a copy, to look at, and never the notebook itself."""
    if not isinstance(target, Path) or (wish.inplace and ended.failure is not None):
        return None
    store.write_atomic(target, text, expect=stamp if wish.inplace else None)
    return target


def _outcome(
    context: Context,
    name: str,
    project: Project,
    node: Any,
    ended: Ended,
    written: Path | None,
    document: str | None,
) -> Outcome:
    output = None if written is None else seen_from(context, written)
    data: dict[str, Any] = {
        "notebook": name,
        "cells": ended.cells,
        "seconds": round(ended.seconds, 3),
        "output": output,
    }
    if ended.failure is not None:
        failed = _failed(node, ended.failure, project)
        lines = [f"{name}: cell {failed['cell']} failed: {failed['name']}: {failed['text']}", *_end_of(failed)]
        data["failed"] = failed
    else:
        number = "1 cell" if ended.cells == 1 else f"{ended.cells} cells"
        python = project.environment.python or ""
        lines = [f"{name}: {number} ran in {ended.seconds:.1f} s ({project.link.name}, Python {python})"]
    if output is not None:
        lines.append(f"written      {output}")
    elif document is None and ended.failure is None:
        lines.append("its outputs were not kept: --output COPY.ipynb, or --inplace")
    return Outcome(
        verb="run",
        lines=tuple(lines),
        files=(output,) if output is not None else (),
        ok=ended.failure is None,
        data=data,
        document=document,
    )


def _failed(node: Any, failure: Failure, project: Project) -> dict[str, Any]:
    number = sum(cell["cell_type"] == "code" for cell in node.cells[: failure.cell + 1])
    home = str(Path.home())
    return {
        "cell": number,
        "name": failure.name,
        "text": _CODES.sub("", _private(failure.text, project, home)).splitlines()[0] if failure.text else "",
        "traceback": _CODES.sub("", _traceback(node, failure)).rstrip().splitlines(),
    }


def _traceback(node: Any, failure: Failure) -> str:
    """Return what the cell itself shows of its error; nbclient puts the cell's source around it."""
    errors = [each for each in node.cells[failure.cell].get("outputs", ()) if each["output_type"] == "error"]
    return "\n".join(errors[-1]["traceback"]) if errors else ""


def _end_of(failed: Mapping[str, Any]) -> Sequence[str]:
    return [f"  {line}" for line in failed["traceback"][-_TRACEBACK_LINES:] if line.strip()]
