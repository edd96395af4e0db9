"""Hold what workers and their scheduler said against the lock: a report for each, one verdict for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mlenv import drift
from mlenv.clusters.answers import Answer
from mlenv.drift.kinds import one_per_package
from mlenv.model import (
    Action,
    Checked,
    EnvironmentFacts,
    Finding,
    Loaded,
    ProjectRef,
    Report,
    Selection,
    Survey,
)

__all__ = ["TOOLS", "for_cluster", "judge_scheduler", "judge_worker", "spoken_by", "sum_up"]

TOOLS = ("distributed", "dask", "msgpack", "cloudpickle", "tornado")
"""What scheduler, workers and clients speak to each other with; a worker without it is none."""
_LOCAL = frozenset({"editable", "path"})
_SHOWN = 6


def for_cluster(selection: Selection) -> Selection:
    """Return what a lock asks of a worker: all but the folders of the project, which lie on one machine only.

    Code of the project's own reaches workers in an image, or by ``client.upload_file``; it is named, and not compared.
    """
    own = {pin.name for pin in selection.pins if pin.source.kind in _LOCAL} | ({selection.own} - {""})
    named = sorted(own)
    pins = tuple(pin for pin in selection.pins if pin.name not in own)
    beside = tuple(dict.fromkeys((*selection.beside, *own)))
    findings = selection.findings
    if named:
        what = f"{_names(named)}: a folder of this project, not compared (client.upload_file, or an image, brings code)"
        findings = (*findings, Finding(kind="note", reason=what))
    return replace(selection, pins=pins, beside=beside, own="", findings=findings)


def judge_worker(answer: Answer, selection: Selection, *, has_nanny: bool = True) -> Report:
    """Say in one report whether a worker has, and has loaded, what the lock says.

    Args:
        answer: what the worker said.
        selection: from :func:`for_cluster`, for the worker's own interpreter.
        has_nanny: whether something is there that can start the worker anew.

    What a worker has beyond the lock is told and is no drift: a worker is made of more than a project's packages.
    """
    report = _report(answer, selection, answer.loaded)
    more = {row.package or "": row.installed or "" for row in report.findings if row.kind == "extra"}
    tools = drift.closure(TOOLS, answer.needs)
    findings = [row for row in report.findings if row.kind != "extra"]
    findings += _beyond({name: version for name, version in more.items() if name not in tools}, selection)
    findings += _unlocked_tools(answer, selection)
    judged = _with(report, findings, selection)
    if judged.verdict == "restart" and not has_nanny:
        text = "Start that worker again: it has no nanny that could."
        judged = replace(judged, next=Action(action="restart", command="", text=text))
    return judged


def _report(answer: Answer, selection: Selection, loaded: Sequence[Loaded]) -> Report:
    return drift.report(
        selection,
        EnvironmentFacts(prefix=answer.prefix, python=answer.target.python),
        answer.installed,
        loaded,
        project=ProjectRef(root=selection.root, name=selection.name, manifest=selection.manifest),
        needs=answer.needs,
    )


def _with(report: Report, findings: Sequence[Finding], selection: Selection) -> Report:
    rows = one_per_package(findings)
    verdict = drift.verdict_of(rows[0].kind) if rows else "in-step"
    return replace(report, findings=rows, verdict=verdict, next=next_on_cluster(verdict, selection, rows))


def _beyond(more: Mapping[str, str], selection: Selection) -> Iterator[Finding]:
    if more:
        rows = [f"{name} {version}" for name, version in sorted(more.items())]
        yield Finding(kind="note", reason=f"beyond {selection.lock}, and left alone: {_names(rows)}")


def _unlocked_tools(answer: Answer, selection: Selection) -> Iterator[Finding]:
    """Yield what a worker needs and the lock does not name: its version is nobody's promise."""
    if selection.lock is None:
        return
    pinned = {pin.name for pin in selection.pins}
    found = {row.name: row.version for row in answer.installed.distributions}
    names = [f"{name} {found[name]}" for name in TOOLS[:2] if name not in pinned and name in found]
    if names:
        yield Finding(kind="note", reason=f"{selection.lock} does not name {_names(names)}, which workers need")


def judge_scheduler(answer: Answer, selection: Selection, workers: Sequence[Mapping[str, str]]) -> Report:
    """Say whether the scheduler speaks as the lock says, and as its workers do; what else it has is its own affair.

    Args:
        answer: what the scheduler said.
        selection: from :func:`for_cluster`, for its own interpreter.
        workers: :func:`spoken_by` of each worker.
    """
    pins = tuple(pin for pin in selection.pins if pin.name in TOOLS)
    asked = replace(selection, pins=pins, exact=False, findings=(), declared=(), requires_python="", own="")
    report = _report(answer, asked, [row for row in answer.loaded if row.name in TOOLS])
    findings = [row for row in report.findings if row.package in TOOLS and row.kind != "extra"]
    findings += _unlike(answer, workers, {pin.name for pin in pins})
    rows = one_per_package(findings)
    verdict = drift.verdict_of(rows[0].kind) if rows else "in-step"
    text = "Start the scheduler in the environment of the lock: nothing installs into a running one."
    then = Action(action="none", command="", text="Nothing to do." if verdict == "in-step" else text)
    return replace(report, findings=rows, verdict=verdict, next=then)


def _unlike(answer: Answer, workers: Sequence[Mapping[str, str]], pinned: set[str]) -> Iterator[Finding]:
    """Yield what scheduler and workers have in different versions and no lock decides: Dask itself warns of these."""
    own = spoken_by(answer)
    for name, version in own.items():
        others = Counter(worker.get(name, version) for worker in workers)
        del others[version]
        if others and name not in pinned:
            told = ", ".join(f"{number} of {len(workers)} workers {other}" for other, number in others.most_common(3))
            yield Finding(kind="note", package=None, reason=f"the scheduler has {name} {version}, {told}")


def spoken_by(answer: Answer) -> dict[str, str]:
    """Return the versions of what a process speaks to the others with, its Python's among them."""
    found = {row.name: row.version for row in answer.installed.distributions if row.name in TOOLS}
    return {"Python": ".".join(answer.target.python.split(".")[:2]), **found}


def next_on_cluster(verdict: str, selection: Selection, findings: Sequence[Finding] = ()) -> Action:
    """Return the one thing to do about a worker's verdict: :func:`mlenv.drift.next_action`, in words of Dask."""
    lock = selection.lock or "the lock"
    if verdict in ("broken", "sync"):
        command = 'client.register_plugin(mlenv.dask.LockedEnvironment("."))'
        return Action(action="sync", command=command, text=f"It brings what {lock} says to every worker.")
    if verdict == "restart":
        text = "The workers then load what is installed."
        return Action(action="restart", command="client.restart()", text=text)
    if verdict == "in-step":
        return Action(action="none", command="", text="Nothing to do.")
    return drift.next_action(verdict, selection, findings)


def sum_up(rows: Sequence[Checked]) -> Survey:
    """Return the answer for all processes: the worst verdict, and what to do about it."""
    order = ("error", *drift.ORDER)
    worst = min((row.verdict for row in rows), key=order.index, default="in-step")
    of_worst = [row for row in rows if row.verdict == worst]
    first = next((row for row in of_worst if row.member and row.member.role == "worker"), of_worst[0])
    then = first.report.next if first.report else Action(action="none", command="", text=_hint(first))
    return Survey(rows=tuple(rows), verdict=worst, next=then)


def _hint(row: Checked) -> str:
    return row.error.hint if row.error is not None else ""


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
