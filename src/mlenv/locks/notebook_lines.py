"""The install lines of a notebook as a manifest: what pip, uv and conda would be asked for. Nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mlenv.errors import MlenvError
from mlenv.locks.content import Manifest
from mlenv.locks.requirement import written
from mlenv.locks.requirement_rows import parse_row
from mlenv.locks.requirements import Requirements, parse_requirements
from mlenv.locks.source import inside
from mlenv.locks.target import Target, applies
from mlenv.model import Declared, Finding
from mlenv.notebooks import Install
from mlenv.requirement_text import parse_requirement

__all__ = ["line_rows"]

_Load = Callable[[str], "bytes | None"]
_SHOWN = 80


def line_rows(installs: Iterable[Install], where: str, target: Target, load: _Load) -> Manifest:
    """Return what install lines ask for, together.

    A line that cannot be told before it runs, or that no tool would understand, is a finding and never an error: the
    rest of the notebook counts.

    Args:
        installs: the lines.
        where: the notebook's path relative to the project; ``-r`` and local folders count from there.
        target: decides which markers apply.
        load: reads files of the project.
    """
    read: list[Requirements] = []
    findings: list[Finding] = []
    options: list[str] = []
    for install in installs:
        at = f"{where}: cell {install.cell}, line {install.line}"
        findings += _told(install, at)
        if install.tool == "conda" or install.elsewhere:
            continue
        options += install.options
        for asked in _asked(install, where, at, target, load):
            if isinstance(asked, Finding):
                findings.append(asked)
            else:
                read.append(asked)
    requirements = tuple(dict.fromkeys(text for each in read for text in each.requirements))
    return Manifest(
        declared=tuple(dict.fromkeys(row for each in read for row in each.declared)),
        requirements=requirements,
        everything=requirements,
        declares=True,
        options=tuple(dict.fromkeys((*options, *(line for each in read for line in each.options)))),
        findings=(*findings, *(row for each in read for row in each.findings)),
    )


def _told(install: Install, at: str) -> Iterator[Finding]:
    if install.tool == "conda":
        asked = ", ".join((*install.rows, *install.files))
        yield Finding(kind="note", reason=f"{at} asks conda for {asked}, which is not compared.")
    elif install.elsewhere:
        asked = ", ".join((*install.rows, *install.editable, *install.files))
        yield Finding(kind="note", reason=f"{at} installs {asked} elsewhere ({install.elsewhere}).")
    else:
        for text in install.unclear:
            reason = f"{at}: what {text[:_SHOWN]} is, is only known when the cell runs."
            yield Finding(kind="undecidable", reason=reason)
        for text in install.redirected:
            reason = f"{at}: the shell takes {text} for a file; write it in quotes."
            yield Finding(kind="note", reason=reason)


def _asked(install: Install, where: str, at: str, target: Target, load: _Load) -> Iterator[Requirements | Finding]:
    """Yield what one line asks for; what cannot be read is a finding."""
    for text, editable in (*((text, False) for text in install.rows), *((text, True) for text in install.editable)):
        try:
            yield _row(text, editable, where, at, target, load)
        except MlenvError as problem:
            yield _unreadable(problem, at)
    for name in install.files:
        try:
            yield _list(name, where, at, target, load)
        except MlenvError as problem:
            yield _unreadable(problem, at)


def _unreadable(problem: MlenvError, at: str) -> Finding:
    place = "" if problem.where in (None, at) else f" ({problem.where})"
    return Finding(kind="undecidable", reason=f"{at}: {problem.message}{place}")


def _row(text: str, editable: bool, where: str, at: str, target: Target, load: _Load) -> Requirements:
    here = inside(text, where) if text.startswith(".") else None  # a folder counts from the notebook's
    row = parse_row(f"./{here}" if here is not None else text, where, at, load, editable=editable)
    if not row.name:
        reason = f"{at}: {row.written[:_SHOWN]} does not say which package it is."
        return Requirements(findings=(Finding(kind="undecidable", reason=reason),))
    shown = written(parse_requirement(row.text), marker=False)
    declared = (Declared(name=row.name, text=shown, origin=where),) if applies(row.marker, target, at) else ()
    return Requirements(declared=declared, requirements=(row.text_with_marker,))


def _list(name: str, where: str, at: str, target: Target, load: _Load) -> Requirements:
    path = inside(name, where)
    data = load(path) if path is not None else None
    if path is None or data is None:
        raise MlenvError("requirements-missing", f"the list {name} is not there, or lies outside.", where=at)
    return parse_requirements(data, path, target, load)
