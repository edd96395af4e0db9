"""``check`` of many notebooks and projects in one run: a classroom, a monorepo. One row each, one exit status."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from mlenv import drift
from mlenv.errors import MlenvError
from mlenv.kernels import Kernel
from mlenv.model import Checked, Finding, Report, Survey, value
from mlenv.notebooks import parse_inline, parse_install_lines
from mlenv.notebooks.file import parse_notebook
from mlenv.services.check import Measured, judge, measure
from mlenv.services.check_notebook import notebook_path, notebook_text, settle_notebook
from mlenv.services.context import Context, silent
from mlenv.services.notebook_imports import find_notebooks, walked
from mlenv.services.project import LOCK_NAMES, MANIFEST_NAMES, Project, find_root, load, open_project, settled
from mlenv.services.scan import kernel_named, known_kernels
from mlenv.services.typed_notebooks import seen_from

__all__ = ["check_many"]

_MOST_THREADS = 8
_PATIENCE_S = 0.25
"""Of waiting, all projects together, before they are checked side by side."""


@value
class _Place:
    """One folder with the notebooks that are judged by it."""

    root: Path | None
    """The project's folder; ``None`` where a notebook lies in none."""
    notebooks: tuple[Path, ...] = ()


def check_many(context: Context, words: Sequence[str], *, everything: bool = False) -> Survey:
    """Check notebooks and projects, each project measured once however many notebooks it has; projects side by side.

    Args:
        context: the options; with ``--project`` every notebook is judged by that one, unless everything is meant.
        words: notebooks, and folders for all notebooks and projects in them.
        everything: whether the folder (``--project``, else this one) is meant, too (``--all``).

    Returns:
        One row for each notebook, and one for each project without notebooks; what cannot be read is a row with its
        error.

    Raises:
        MlenvError: ``notebook-missing`` for a word that is neither a notebook nor a folder with anything in it.
    """
    here = (context.options.project or ".",) if everything else ()
    places = _places(context, (*words, *here), own=not everything)
    known = known_kernels()
    # Whichever kernel asks, these notebooks are not about it.
    quiet = replace(context, report=silent, options=replace(context.options, kernel_prefix=None))
    rows: list[Checked] = []
    for number, found in enumerate(_each(places, lambda place: _checked(quiet, place, known)), start=1):
        rows += found
        context.tell("check", f"{number} of {len(places)} projects", number, len(places))
    rows.sort(key=lambda row: row.name)
    return Survey(rows=tuple(rows), verdict=_worst(rows))


def _each(places: Sequence[_Place], check: Callable[[_Place], list[Checked]]) -> Iterator[list[Checked]]:
    """Check one place after the other; side by side from when on something is waited for.

    What waits is an interpreter that is started, or a slow disk. Where nothing does, threads only stand in each other's
    way: of what is small and cached, four take three times as long as one (measured, CPython 3.11).
    """
    waited = worked = 0.0
    for number, place in enumerate(places):
        if waited > max(_PATIENCE_S, worked):
            yield from _side_by_side(places[number:], check)
            return
        clock, work = time.perf_counter(), time.thread_time()
        found = check(place)
        worked += time.thread_time() - work
        waited += time.perf_counter() - clock - (time.thread_time() - work)
        yield found


def _side_by_side(places: Sequence[_Place], check: Callable[[_Place], list[Checked]]) -> Iterator[list[Checked]]:
    threads = min(_MOST_THREADS, 2 * (os.cpu_count() or 1), len(places))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="mlenv-check")
    try:
        waiting = [pool.submit(check, place) for place in places]
        yield from (done.result() for done in as_completed(waiting))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _worst(rows: Sequence[Checked]) -> str:
    order = ("error", *drift.ORDER)
    return min((row.verdict for row in rows), key=order.index, default="in-step")


def _places(context: Context, words: Sequence[str], *, own: bool) -> list[_Place]:
    """Return the projects that are meant, with their notebooks."""
    notebooks: dict[Path, Path | None] = {}
    projects: dict[Path, None] = {}
    for word in words:
        path = Path(os.path.abspath(context.cwd / word))
        if path.is_dir() and path.suffix != ".ipynb":
            inside, found = find_notebooks(path), list(_projects_in(path))
            if not inside and not found:
                message = f"no notebook and no project lies in {path.name or path}"
                raise MlenvError("notebook-missing", message, where=str(path), hint="DIR/NAME.ipynb, or a folder")
            projects |= dict.fromkeys(found)
            notebooks |= dict.fromkeys(inside)
        elif path.suffix == ".ipynb":
            notebooks[path] = None
        else:
            message, hint = f"{path.name} is no notebook and no folder", "DIR/NAME.ipynb, or a folder"
            raise MlenvError("notebook-missing", message, where=str(path), hint=hint)
    named = open_project(context).root if own and context.options.project else None
    for path in notebooks:
        notebooks[path] = named or find_root(path.parent)
    by_root: dict[Path | None, list[Path]] = {root: [] for root in projects}
    for path, root in notebooks.items():
        by_root.setdefault(root, []).append(path)
    return [_Place(root=root, notebooks=tuple(paths)) for root, paths in by_root.items()]


def _projects_in(folder: Path) -> Iterator[Path]:
    for here, names in walked(folder):
        if any(name in names for name in (*MANIFEST_NAMES, *LOCK_NAMES)):
            yield here


def _checked(context: Context, place: _Place, known: Mapping[str, Kernel]) -> list[Checked]:
    """Return the rows of one project; those of notebooks in none are judged one by one."""
    if place.root is None:
        return [_row(context, path, None, known) for path in place.notebooks]
    try:
        root, member = settled(place.root, context)
        measured = measure(context, load(root, member=member))
        plain = judge(context, measured)
    except (MlenvError, OSError) as error:
        names = [seen_from(context, path) for path in place.notebooks] or [_folder(context, place.root)]
        fault = _fault(error, place.root)
        return [Checked(name=name, is_notebook=bool(place.notebooks), error=fault) for name in names]
    if not place.notebooks:
        report = _named(context, plain, measured.project)
        return [Checked(name=_folder(context, place.root), is_notebook=False, report=report)]
    return [_row(context, path, (measured, plain), known) for path in place.notebooks]


def _row(context: Context, path: Path, judged: tuple[Measured, Report] | None, known: Mapping[str, Kernel]) -> Checked:
    name = seen_from(context, path)
    try:
        path = notebook_path(context, str(path))
        text = notebook_text(path)
        measured, plain = judged or (measure(context, load(path.parent)), None)
        if plain is None or parse_inline(text, path.name).declares:
            report = settle_notebook(context, measured, path, text)
        else:
            report = plain
        hints = tuple(_hints(context, path, text, measured.project, known))
    except (MlenvError, OSError) as error:
        return Checked(name=name, error=_fault(error, path))
    report = _named(context, report, measured.project)
    told = tuple(Finding(kind="note", reason=f"{what}: {command}") for what, command in hints)
    return Checked(name=name, report=replace(report, findings=(*report.findings, *told)), hints=hints)


def _hints(
    context: Context, path: Path, text: str, project: Project, known: Mapping[str, Kernel]
) -> Iterator[tuple[str, str]]:
    """Yield what else of a notebook is not as it should be, and what to type; none of it is drift of the project."""
    notebook = parse_notebook(text, path.name)
    typed = shlex.quote(seen_from(context, path))
    lines = parse_install_lines(notebook.cells)
    if lines:
        number = "1 install line" if len(lines) == 1 else f"{len(lines)} install lines"
        yield number, f"mlenv scan {typed}"
    kernel = kernel_named(notebook)
    if kernel and kernel not in known:
        yield f"its kernel {kernel} is not on this computer", f"mlenv run {typed}"
    elif kernel and known[kernel].ours and known[kernel].project and not _same(known[kernel].project, project):
        yield f"its kernel {kernel} is that of another project", f"mlenv run {typed}"


def _same(one: str, project: Project) -> bool:
    return os.path.realpath(one) == os.path.realpath(project.root)


def _named(context: Context, report: Report, project: Project) -> Report:
    """Return the report with a command that can be typed here: it names the project unless that is found from here."""
    command = report.next.command
    if not command or "--from-notebook" in command or find_root(context.cwd) == project.root:
        return report
    folder = shlex.quote(seen_from(context, project.folder))
    return replace(report, next=replace(report.next, command=f"{command} --project {folder}"))


def _folder(context: Context, root: Path) -> str:
    return f"{seen_from(context, root)}/"


def _fault(error: MlenvError | OSError, path: Path) -> MlenvError:
    if isinstance(error, MlenvError):
        return error
    return MlenvError("file-unreadable", f"{path.name} cannot be read: {error.strerror or error}", where=str(path))
