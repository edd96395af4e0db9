"""``check --platform``: what another machine would find in the lock, without going there and without an environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlenv import locks, render, store
from mlenv.locks import Builds, Platform, Selected
from mlenv.model import Finding, Outcome, Selection
from mlenv.probe import ask, interpreters
from mlenv.services.context import Context
from mlenv.services.project import Project, open_project
from mlenv.services.select import select_project
from mlenv.versions import satisfies

__all__ = ["check_elsewhere"]

_MOST_ROWS = 20
_WORDS = {
    "no-build": "no build",
    "from-source": "from source",
    "newer-system": "newer system",
    "undecidable": "not told",
}
"""Kind of finding -> what a line begins with."""
_SAID = ("has no build there: ", "would be built from source there: ")
"""What a line's first word says already."""
_MINORS = range(9, 15)


def check_elsewhere(context: Context, platforms: tuple[str, ...], python: str | None) -> Outcome:
    """Say which pins of the lock have no build on other machines. Nothing is run, asked of an index, or kept.

    Args:
        context: ``--project``, ``--lock``, ``--extra``, ``--group``.
        platforms: as :func:`mlenv.locks.parse_platform` takes them; empty for a machine like this one.
        python: ``3.12``; ``None`` for that of the environment, else what the project asks for.

    Raises:
        MlenvError: ``platform-unknown``, ``usage``, ``no-project``; what the lock's reader raises.
    """
    wanted = tuple(locks.parse_platform(text) for text in platforms) or (_own_platform(),)
    told = None if python is None else locks.parse_python(python)
    project = open_project(context)
    rows = [_looked_at(context, project, platform, told) for platform in wanted]
    return Outcome(
        verb="check",
        lines=tuple(line for row in rows for line in row["lines"]),
        ok=all(row["ok"] for row in rows),
        data={"platforms": [{key: item for key, item in row.items() if key != "lines"} for row in rows]},
    )


def _own_platform() -> Platform:
    """Return this machine, its system's version included."""
    facts = ask.ask(interpreters.host().path, store.cache_dir())
    return locks.parse_platform(facts.tags[0].rpartition("-")[2])


def _looked_at(context: Context, project: Project, platform: Platform, told: str | None) -> dict[str, Any]:
    """Return what the wire says of one platform, and the lines that a person reads."""
    python = told or _python_of(context, project, platform)
    selected = _selected(context, project, platform, python)
    selection, place = selected.selection, f"{platform.title}, Python {python}"
    builds = _builds(project, selected, platform, python)
    findings = (*_of_the_lock(selection, python), *builds.findings)
    ok = not any(finding.kind in {"no-build", "undecidable", "python"} for finding in findings)
    return {
        "platform": platform.name,
        "python": python,
        "ok": ok,
        "lock": {"path": selection.lock, "kind": selection.kind},
        "counts": {"locked": builds.pins, "ready": builds.ready},
        "findings": [render.finding_json(finding) for finding in findings],
        "lines": tuple(_lines(place, selection, builds, findings)),
    }


def _selected(context: Context, project: Project, platform: Platform, python: str) -> Selected:
    return select_project(project, locks.elsewhere(platform, python), context.options)


def _builds(project: Project, selected: Selected, platform: Platform, python: str) -> Builds:
    lock, content = selected.selection.lock, selected.content
    if lock is None or content is None:
        return Builds(pins=0, ready=0)
    one = locks.made_for_one_machine(store.read_text(project.root / lock), selected.selection.kind)
    return locks.builds_for(content, locks.elsewhere(platform, python), lock, one_machine=one)


def _python_of(context: Context, project: Project, platform: Platform) -> str:
    """Return the Python to ask about: the environment's, what the project names, one that it allows."""
    named = [project.environment.python or "", project.settings.python or ""]
    if ".python-version" in project.names:
        named += locks.parse_python_version(store.read_text(project.root / ".python-version"))
    host = ask.ask(interpreters.host().path, store.cache_dir()).version
    for text in named:
        if match := re.match(r"3\.\d+", text):
            return match[0]
    minor = host.rpartition(".")[0]
    allowed = _selected(context, project, platform, minor).selection.requires_python
    own = int(minor.partition(".")[2])
    nearest = sorted(_MINORS, key=lambda number: (abs(number - own), -number))
    return next((f"3.{number}" for number in nearest if satisfies(f"3.{number}.99", allowed) is not False), minor)


def _of_the_lock(selection: Selection, python: str) -> Iterator[Finding]:
    """Yield what the lock itself says against this machine or this Python, or why it cannot be told."""
    if selection.lock is None:
        manifest = selection.manifest or "this project"
        yield Finding(kind="undecidable", reason=f"{manifest} has no lock: what other machines get is not recorded")
    for finding in selection.findings:
        if finding.kind in {"python", "undecidable"}:
            # Where only 3.12 is asked about, its newest release stands for it.
            yield replace(finding, reason=finding.reason.replace(f"{python}.99", python), installed=python)


def _lines(place: str, selection: Selection, builds: Builds, findings: tuple[Finding, ...]) -> Iterator[str]:
    lock = selection.lock
    by_kind: Mapping[str, int] = {kind: sum(each.kind == kind for each in findings) for kind in _WORDS}
    alone = [finding for finding in findings if finding.package is None or finding.kind == "python"]
    rows = [finding for finding in findings if finding not in alone]
    if by_kind["no-build"]:
        has = "has" if by_kind["no-build"] == 1 else "have"
        yield f"{place}: {by_kind['no-build']} of {builds.pins} packages of {lock} {has} no build there"
    elif len(rows) == by_kind["undecidable"] == builds.pins > 0:
        yield f"{place}: {lock} does not list the files of its packages, so nothing can be said from it"
        rows = []
    elif alone:
        yield f"{place}: not to be said that {lock or 'this project'} works there"
    elif by_kind["undecidable"]:
        yield f"{place}: {by_kind['undecidable']} of {builds.pins} packages of {lock} cannot be judged"
    elif by_kind["from-source"]:
        yield f"{place}: {lock} has all there; {by_kind['from-source']} of {builds.pins} packages would be built there"
    else:
        whose = f"each of its {builds.pins} packages" if builds.pins != 1 else "its package"
        yield f"{place}: {lock} has a ready-built file for {whose}"
    yield from (f"  {finding.reason}" for finding in alone)
    yield from (f"  {_WORDS[row.kind]:<12}  {row.package} {row.locked or ''}: {_why(row)}" for row in rows[:_MOST_ROWS])
    if len(rows) > _MOST_ROWS:
        yield f"  ... and {len(rows) - _MOST_ROWS} more (--json lists all)"
    yield from _next(by_kind, selection, rows, alone)


def _why(finding: Finding) -> str:
    why = finding.reason.removeprefix(f"{finding.package} ")
    return next((why.removeprefix(said) for said in _SAID if why.startswith(said)), why)


def _next(by_kind: Mapping[str, int], selection: Selection, rows: list[Finding], alone: list[Finding]) -> Iterator[str]:
    if selection.lock is None:
        yield "next: mlenv lock"
    elif any("made for one machine" in finding.reason for finding in alone):
        yield "next: mlenv lock, with uv: it locks for every machine"
    elif by_kind["no-build"]:
        name = next(row.package for row in rows if row.kind == "no-build")
        yield f"next: another version of {name}, or a marker where it is declared, then: mlenv lock"
    elif by_kind["from-source"]:
        yield "next: nothing here; on that machine: mlenv create --allow-build (needs compilers)"
