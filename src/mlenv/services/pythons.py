"""``pythons``: the Pythons of this machine, which of them ``create`` would take, and why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import Outcome, value
from mlenv.probe import ask, interpreters, python_places
from mlenv.probe.interpreters import Interpreter
from mlenv.services import words
from mlenv.services.context import Context
from mlenv.services.opening import brought_python
from mlenv.services.prepare import asks_conda, choose_interpreter, declared_python
from mlenv.services.project import Project, open_project
from mlenv.versions import satisfies

__all__ = ["pythons"]


@value
class _Row:
    python: Interpreter
    architecture: str
    problem: str
    """Why it does not work; empty where it does."""
    allowed: bool
    chosen: bool

    @property
    def mark(self) -> str:
        return "->" if self.chosen else ""

    @property
    def note(self) -> str:
        if self.problem:
            return f"does not work: {self.problem}"
        return "" if self.allowed else "not allowed here"


def pythons(context: Context, *, asked: bool = True) -> Outcome:
    """List the Pythons of this machine. Nothing is downloaded or changed.

    Args:
        context: ``--python``, and where the project is.
        asked: whether a person asked in this project: else no Python that came with it is started.

    Cost: 150 ms for each that was not asked before, then 0.5 ms.

    Raises:
        MlenvError: what reading the project's files raises; ``file-unreadable``.
    """
    project = _project(context)
    allowed = declared_python(context, project, {}) if project else ""
    chosen, why, hint = _choice(context, project, asked)
    rows = _rows(allowed, chosen)
    lines = _table(rows)
    if allowed:
        lines.append(f"the project allows Python {allowed}")
    taken = f"create takes {chosen.version}: {why}" if chosen else f"create takes none of them: {why}"
    lines += [taken, f"next: {hint}"] if hint else [taken]
    return Outcome(verb="pythons", lines=tuple(lines), data=_data(rows, allowed, why))


def _project(context: Context) -> Project | None:
    try:
        return open_project(context)
    except MlenvError as error:
        if error.code != "no-project":
            raise
        return None


def _choice(context: Context, project: Project | None, asked: bool) -> tuple[Interpreter | None, str, str]:
    """Return what ``create`` would take, why, and what to type where it would take none."""
    try:
        if project is not None and asks_conda(context, project):
            return None, "conda brings its own Python (python in environment.yml)", ""
        if project is not None and not asked and (brought := brought_python(project)):
            return None, f"the project names {brought}, which came with it and was not started", "mlenv pythons"
        if project is not None:
            chosen = choose_interpreter(context, project, {})
            return chosen, chosen.why, ""
        named = context.options.python
        found = interpreters.find(named, store.cache_dir())
        return found, f"--python says {named}" if named else "it runs mlenv", ""
    except MlenvError as error:
        return None, error.message, error.hint


def _rows(allowed: str, chosen: Interpreter | None) -> list[_Row]:
    found = list(interpreters.listed(store.cache_dir()))
    if chosen and not any(_same(chosen, python) for python in found):
        found.insert(0, chosen)
    places = {os.path.realpath(one.path): one for one in _at_their_places()}
    rows = []
    for python in found:
        place = places.get(os.path.realpath(python.path)) if python.source == "host" else None
        rows.append(_row(place or python, allowed, chosen))
    return rows


def _at_their_places() -> list[Interpreter]:
    """Return the candidates again, the host's own among them: it lies in one of the places, too."""
    return list(python_places.candidates(os.environ, store.cache_dir()))[::-1]


def _row(python: Interpreter, allowed: str, chosen: Interpreter | None) -> _Row:
    architecture, problem, version = "", "", python.version
    try:
        facts = ask.ask(python.path, store.cache_dir())
        architecture, version = facts.markers["platform_machine"], facts.version
    except MlenvError as error:
        problem = error.message
    return _Row(
        python=Interpreter(
            path=python.path,
            version=version,
            implementation=python.implementation,
            source="mlenv" if python.source == "host" else python.source,
            variant=python.variant,
        ),
        architecture=architecture,
        problem=problem,
        allowed=satisfies(version, allowed) is not False,
        chosen=chosen is not None and _same(chosen, python),
    )


def _same(one: Interpreter, other: Interpreter) -> bool:
    return os.path.realpath(one.path) == os.path.realpath(other.path)


def _table(rows: list[_Row]) -> list[str]:
    cells = [
        (
            row.mark,
            row.python.version,
            " ".join(filter(None, (row.python.implementation, row.python.variant))),
            row.architecture,
            row.python.source,
            interpreters.short(row.python.path),
            row.note,
        )
        for row in rows
    ]
    return words.table(cells)


def _data(rows: list[_Row], allowed: str, why: str) -> Mapping[str, Any]:
    return {
        "pythons": [
            {
                "version": row.python.version,
                "implementation": row.python.implementation,
                "variant": row.python.variant or None,
                "architecture": row.architecture or None,
                "source": row.python.source,
                "path": row.python.path,
                "allowed": row.allowed,
                "chosen": row.chosen,
                "problem": row.problem or None,
            }
            for row in rows
        ],
        "requires_python": allowed or None,
        "why": why,
        "looked_in": list(python_places.looked_in(os.environ)),
    }
