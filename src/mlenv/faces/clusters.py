"""``import mlenv.dask`` in a program: what the plugin carries, and the report of a client's cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlenv import render
from mlenv.errors import MlenvError
from mlenv.model import Survey
from mlenv.services.clusters import asking, check
from mlenv.services.clusters.payload import payload as made
from mlenv.services.context import Context, Options, silent
from mlenv.services.project import open_project

__all__ = ["ClusterReport", "payload", "report"]

_TIMEOUT_S = 30.0


class ClusterReport:
    """The answer of ``mlenv cluster check``; printed it is the table."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey

    @property
    def ok(self) -> bool:
        """Whether every process is in step."""
        return self._survey.status == 0

    @property
    def verdict(self) -> str:
        """The worst; ``error`` where a process could not be asked."""
        return self._survey.verdict

    def json(self) -> Mapping[str, Any]:
        """Return the object of ``mlenv cluster check --json``."""
        return render.survey_json(self._survey)

    def __repr__(self) -> str:
        return "\n".join(render.survey_outcome(self._survey).lines)


def payload(
    project: str, platforms: tuple[str, ...], lock: str | None, extras: tuple[str, ...], groups: tuple[str, ...]
) -> Mapping[str, str]:
    """Return what the plugin carries.

    Raises:
        MlenvError: as :func:`mlenv.services.clusters.payload.payload`.
    """
    return made(_context(project, lock, extras, groups), platforms)


def report(
    client: Any, project: str, lock: str | None, extras: tuple[str, ...], groups: tuple[str, ...]
) -> ClusterReport:
    """Ask through a client that is connected.

    Raises:
        MlenvError: ``usage``, ``no-workers``; what the lock's reader raises.
    """
    if client.asynchronous:
        raise MlenvError("usage", "report() asks through a client that is not asynchronous", hint="Client(ADDRESS)")
    context = _context(project, lock, extras, groups)
    processes = client.sync(asking.ask_all, client, str(client.scheduler.address), _TIMEOUT_S)
    return ClusterReport(check.judge_cluster(context, open_project(context), processes))


def _context(project: str, lock: str | None, extras: tuple[str, ...], groups: tuple[str, ...]) -> Context:
    options = Options(project=project, lock=lock, extras=extras or None, groups=groups or None)
    return Context(cwd=Path.cwd(), options=options, report=silent)
