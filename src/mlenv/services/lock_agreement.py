"""``lock --check``: whether manifest and lock agree, from the files alone."""

from __future__ import annotations

from mlenv.model import Outcome
from mlenv.probe import interpreters
from mlenv.services import words
from mlenv.services.check import facts_of, interpreter_of
from mlenv.services.context import Context
from mlenv.services.project import open_project
from mlenv.services.select import select_project, target_of

__all__ = ["check_lock"]

_DECIDING = frozenset({"relock", "undecidable"})


def check_lock(context: Context) -> Outcome:
    """Hold the lock against the manifest. Nothing is written, resolved or asked of an index; no environment is needed.

    Returns:
        ``ok`` where they agree, or where the lock is all that is declared. ``data``: ``lock``, ``manifest``,
        ``findings`` (reasons).

    Raises:
        MlenvError: ``no-project``; what the readers of lock and manifest raise.
    """
    project = open_project(context)
    facts = facts_of(project)
    sound = facts.prefix is not None and facts.problem is None
    python = interpreter_of(str(facts.prefix)) if sound else interpreters.host().path
    selection = select_project(project, target_of(python), context.options).selection
    reasons = [finding.reason for finding in selection.findings if finding.kind in _DECIDING]
    if selection.lock is None:
        lines = [f"{selection.manifest or 'this project'} has no lock", "next: mlenv lock"]
    elif reasons:
        lines = [*reasons, "next: mlenv lock"]
    elif selection.manifest in {None, selection.lock}:
        lines = [f"{selection.lock}: {words.packages(len(selection.pins))}, and nothing else declares any"]
    else:
        lines = [f"{selection.lock} is in step with {selection.manifest}: {words.packages(len(selection.pins))}"]
    ok = selection.lock is not None and not reasons
    data = {"lock": selection.lock, "manifest": selection.manifest, "findings": reasons}
    return Outcome(verb="lock", lines=tuple(lines), ok=ok, data=data)
