"""``cluster check ADDRESS``: every worker's loaded and installed sets against the lock, one table, one verdict."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mlenv.clusters import judging
from mlenv.clusters.answers import Process, parse_answer
from mlenv.errors import MlenvError
from mlenv.locks import Target
from mlenv.model import Checked, Member, Selection, Survey
from mlenv.services.clusters.asking import ask_cluster, checked_address
from mlenv.services.context import Context
from mlenv.services.project import Project, find_root, open_project
from mlenv.services.select import select_project
from mlenv.services.typed_notebooks import seen_from

__all__ = ["check_cluster", "judge_cluster"]

_TIMEOUT_S = 10.0
_LONGEST_S = 3600.0


def check_cluster(context: Context, arguments: Sequence[str], timeout: str | None) -> Survey:
    """Ask a scheduler and all its workers, and compare them with the project's lock.

    Args:
        context: ``--project``, ``--lock``, ``--extra``, ``--group``.
        arguments: ``check`` and the scheduler's address.
        timeout: seconds for the scheduler, and then for each worker.

    Raises:
        MlenvError: ``usage``, ``dask-missing``, ``scheduler-unreachable``, ``no-workers``; ``no-project``, what the
            lock's reader raises.
    """
    if len(arguments) != 2 or arguments[0] != "check":
        message = "'mlenv cluster check' takes the address of a scheduler"
        raise MlenvError("usage", message, hint="mlenv cluster check tcp://HOST:8786")
    address, limit = checked_address(arguments[1]), _seconds(timeout)
    project = open_project(context)
    context.tell("check", f"asking the workers of {address}")
    return judge_cluster(context, project, ask_cluster(address, limit))


def _seconds(text: str | None) -> float:
    try:
        seconds = _TIMEOUT_S if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_S:
        raise MlenvError("usage", "--timeout takes a number of seconds", hint="--timeout 30")
    return seconds


def judge_cluster(context: Context, project: Project, processes: Sequence[Process]) -> Survey:
    """Hold the answers against the lock, which is read once for each kind of interpreter. Cost: O(processes).

    Raises:
        MlenvError: ``no-workers``; what the lock's reader raises.
    """
    if all(one.is_scheduler for one in processes):
        raise MlenvError(
            "no-workers",
            "the scheduler has no workers: there is nothing to compare",
            hint="dask worker tcp://HOST:8786",
        )
    select = _selections(context, project)
    spoken: list[Mapping[str, str]] = []
    # The scheduler last: it is held against what the workers speak. No answer is kept once it has been judged.
    last = sorted(processes, key=lambda one: one.is_scheduler)
    survey = judging.sum_up([_judged(one, select, spoken) for one in last])
    if survey.next is None or find_root(context.cwd) == project.root:
        return survey
    typed = survey.next.command.replace('"."', json.dumps(seen_from(context, project.folder)))
    return replace(survey, next=replace(survey.next, command=typed))


def _judged(one: Process, select: Callable[[Target], Selection], spoken: list[Mapping[str, str]]) -> Checked:
    """Judge one process; a worker's versions of what the processes speak with are added to ``spoken``."""
    member = Member(role="scheduler" if one.is_scheduler else "worker", host=one.host)
    try:
        if one.error is not None:
            raise one.error
        answer = parse_answer(one.answer)
    except MlenvError as error:
        return Checked(name=one.name, is_notebook=False, error=error, member=member)
    selection = select(answer.target)
    if one.is_scheduler:
        report = judging.judge_scheduler(answer, selection, spoken)
    else:
        report = judging.judge_worker(answer, selection, has_nanny=one.has_nanny)
        spoken.append(judging.spoken_by(answer))
    member = replace(member, python=answer.target.python)
    return Checked(name=one.name, is_notebook=False, report=report, member=member)


def _selections(context: Context, project: Project) -> Callable[[Target], Selection]:
    """Return what selects for an interpreter, once for those that are alike."""
    known: dict[str, Selection] = {}

    def select(target: Target) -> Selection:
        key = repr((sorted(target.markers.items()), target.tags))
        if key not in known:
            known[key] = judging.for_cluster(select_project(project, target, context.options).selection)
        return known[key]

    return select
