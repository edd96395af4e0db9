"""The wire: the JSON that every face speaks (design section 5). Paths are absolute here; secrets are masked.

Standard library only, Python 3.9+: this file also runs inside project kernels. Keys are only ever added.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence

from mlenv.errors import MlenvError
from mlenv.model import Action, Advice, Event, Finding, Loaded, Outcome, Report
from mlenv.render.private import mask_secrets

__all__ = [
    "SCHEMA",
    "action_json",
    "advice_json",
    "error_json",
    "event_json",
    "finding_json",
    "loaded_message",
    "outcome_json",
    "refresh_message",
    "report_json",
    "switch_message",
]

SCHEMA = 1
_MAX_LOADED = 2_000
"""Rows that a kernel tells its front end: more distributions than any environment that people made by hand."""


def report_json(report: Report) -> Dict[str, Any]:
    """Return the object of ``mlenv check --json``, every key always there. Source: design section 5."""
    project, kernel, environment = report.project, report.kernel, report.environment
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "next": action_json(report.next),
        "project": {"root": project.root, "name": project.name, "manifest": project.manifest} if project else None,
        "environment": {"prefix": environment.prefix, "python": environment.python, "engine": environment.engine},
        "lock": {"path": report.lock_path, "kind": report.lock_kind},
        "kernel": {"prefix": kernel.prefix, "name": kernel.name} if kernel else None,
        "loaded_measured": report.loaded_measured,
        "findings": [finding_json(finding) for finding in report.findings],
        "counts": {
            "locked": report.counts.locked,
            "installed": report.counts.installed,
            "compared": report.counts.compared,
        },
        "reason": mask_secrets(report.reason),
    }


def action_json(action: Action) -> Dict[str, Any]:
    """Return the one thing to do."""
    return {"action": action.action, "command": action.command, "text": mask_secrets(action.text)}


def finding_json(finding: Finding) -> Dict[str, Any]:
    """Return one finding as the wire has it; ``files`` is only there where files were compared and differ."""
    return {
        "kind": finding.kind,
        "package": finding.package,
        "declared": _masked(finding.declared),
        "locked": _masked(finding.locked),
        "installed": _masked(finding.installed),
        "loaded": _masked(finding.loaded),
        "reason": mask_secrets(finding.reason),
        **({"files": [mask_secrets(file) for file in finding.files]} if finding.files else {}),
    }


def error_json(error: MlenvError) -> Dict[str, Any]:
    """Return what ``--json`` prints on an error (exit status 2). Details stay out: they are for logs."""
    return {
        "schema": SCHEMA,
        "error": {
            "code": error.code,
            "message": mask_secrets(error.message),
            "where": mask_secrets(error.where),
            "hint": mask_secrets(error.hint),
        },
    }


def outcome_json(outcome: Outcome) -> Dict[str, Any]:
    """Return what a verb did, for ``--json`` and as the last of its events."""
    return {
        "schema": SCHEMA,
        "verb": outcome.verb,
        "ok": outcome.ok,
        "dry_run": outcome.dry_run,
        "lines": [mask_secrets(line) for line in outcome.lines],
        "changes": [
            {"package": change.package, "before": change.before, "after": change.after} for change in outcome.changes
        ],
        "files": list(outcome.files),
        "kernel": outcome.kernel,
        "data": _plain(outcome.data),
        **({"document": outcome.document} if outcome.document is not None else {}),
    }


def event_json(event: Event) -> Dict[str, Any]:
    """Return one step of a running verb; the printer adds the ``event`` key."""
    return {"step": event.step, "text": mask_secrets(event.text), "done": event.done, "total": event.total}


def advice_json(advice: Advice) -> Dict[str, Any]:
    """Return what helps against a failed import, as a notebook's output and the server's answer have it."""
    return {"schema": SCHEMA, "action": advice.action, "package": advice.package, "text": mask_secrets(advice.text)}


def switch_message(kernel: str, display_name: str) -> Dict[str, Any]:
    """Return what a kernel tells its front end: run this notebook in another kernel (comm ``mlenv.frontend``)."""
    return {"schema": SCHEMA, "kind": "switch", "kernel": kernel, "display_name": mask_secrets(display_name)}


def refresh_message() -> Dict[str, Any]:
    """Return what a kernel tells its front end: environment, lock or kernels have changed (comm ``mlenv.frontend``)."""
    return {"schema": SCHEMA, "kind": "refresh"}


def loaded_message(loaded: Sequence[Loaded]) -> Dict[str, Any]:
    """Return what a kernel tells its front end of its memory (comm ``mlenv.kernel``): by name, at most 2,000 rows.

    No row says where its modules lie: what a front end has to know is which version and of what kind.
    """
    rows = [
        {
            "name": row.name,
            "version": _masked(row.version),
            "origin": row.origin,
            "binary": row.binary,
            "imported": row.imported,
        }
        for row in sorted(loaded, key=lambda row: row.name)[:_MAX_LOADED]
    ]
    return {"schema": SCHEMA, "kind": "loaded", "rows": rows}


def _plain(content: Any) -> Any:
    """Return what ``json`` can write, with every text masked."""
    if isinstance(content, str):
        return mask_secrets(content)
    if isinstance(content, Mapping):
        return {str(key): _plain(item) for key, item in content.items()}
    if isinstance(content, (list, tuple, set, frozenset)):
        return [_plain(item) for item in content]
    return content if content is None or isinstance(content, (bool, int, float)) else mask_secrets(str(content))


def _masked(text: Optional[str]) -> Optional[str]:
    return None if text is None else mask_secrets(text)
