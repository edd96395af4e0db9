"""A project that another user keeps: nothing that changes it is offered to who can only read it.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

from dataclasses import replace

from mlenv.errors import MlenvError
from mlenv.kernel import owners
from mlenv.model import Action, Finding, Report

__all__ = ["advised", "refuse"]

_CHANGES = frozenset({"create", "freeze", "lock", "sync"})
"""Next actions that write into the project."""
_OWN_COPY = "for one of your own, copy the project and type there: mlenv create"


def advised(report: Report, root: str) -> Report:
    """Return a report whose next action is not one that can only fail here. Cost: two calls of the system."""
    keeper = owners.kept_by(root) if report.next.action in _CHANGES else ""
    if not keeper:
        return report
    text = f"{keeper} keeps this project, and you cannot change it: ask for {report.next.command}; {_OWN_COPY}"
    return replace(
        report,
        next=Action(action="none", command="", text=f"{text[0].upper()}{text[1:]}."),
        findings=(*report.findings, Finding(kind="note", reason=text)),
    )


def refuse(root: str, verb: str) -> None:
    """Refuse a verb that would change a project which this user can only read.

    Raises:
        MlenvError: ``project-kept``.
    """
    keeper = owners.kept_by(root)
    if keeper:
        raise MlenvError(
            "project-kept",
            f"this project and its environment are kept by {keeper}, and you cannot change them",
            where=root,
            hint=f"ask whoever keeps them to type: mlenv {verb}; {_OWN_COPY}",
        )
