"""The shapes of what goes over the server's wire, as JSON Schema: data that OpenAPI shows and tests hold answers to."""

from __future__ import annotations

from typing import Any

from mlenv.drift import KINDS, ORDER
from mlenv.faces.server.requests import JOB_VERBS

__all__ = ["SCHEMAS", "ref"]

_Schema = dict[str, Any]
_Keys = dict[str, _Schema]


def _shape(
    required: dict[str, _Schema], optional: dict[str, _Schema] | None = None, *, closed: bool = False
) -> _Schema:
    """Return an object's schema. Answers stay open: keys are only ever added; what is sent is closed."""
    shape: _Schema = {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }
    return {**shape, "additionalProperties": False} if closed else shape


def _list(of: _Schema) -> _Schema:
    return {"type": "array", "items": of}


def _or_null(of: _Schema) -> _Schema:
    return {"anyOf": [of, {"type": "null"}]}


def ref(name: str) -> _Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT: _Schema = {"type": "string"}
_NULLABLE: _Schema = {"type": ["string", "null"]}
_BOOL: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_NUMBER: _Schema = {"type": ["integer", "null"]}
_ONE: _Schema = {"const": 1}
_PROJECT = _shape({"root": _TEXT, "name": _TEXT, "manifest": _NULLABLE})
_LOCK = _shape({"path": _NULLABLE, "kind": _NULLABLE})
_ENVIRONMENT = _shape({"prefix": _NULLABLE, "python": _NULLABLE, "engine": _NULLABLE})

_DESCRIBED = {
    "project": _or_null(_PROJECT),
    "folder": {**_NULLABLE, "description": "Contents path of the project; null outside of what the server shows."},
    "lock": _LOCK,
    "environment": _ENVIRONMENT,
    "kernel": {**_NULLABLE, "description": "Id of the healthy kernel of the project's environment."},
    "kernels": _list(ref("Kernel")),
    "engine": {**_NULLABLE, "description": "What create would take."},
    "problem": {**_NULLABLE, "description": "Why the project's files cannot be read."},
}

SCHEMAS: dict[str, _Schema] = {
    "Error": _shape(
        {"schema": _ONE, "error": _shape({"code": _TEXT, "message": _TEXT, "where": _TEXT, "hint": _TEXT})}
    ),
    "About": _shape(
        {
            "schema": _ONE,
            "mlenv": _TEXT,
            "python": _TEXT,
            "platform": _TEXT,
            "verbs": {"type": "object", "additionalProperties": _list(_TEXT)},
        }
    ),
    "Described": _shape(_DESCRIBED),
    "Project": _shape({"schema": _ONE, **_DESCRIBED}),
    "Projects": _shape({"schema": _ONE, "projects": _list(ref("Described"))}),
    "Kernel": _shape(
        {
            "id": _TEXT,
            "display_name": _TEXT,
            "state": _TEXT,
            "health": _TEXT,
            "reason": _TEXT,
            "ours": _BOOL,
            "folder": _TEXT,
            "interpreter": _NULLABLE,
            "project": _NULLABLE,
            "prefix": _NULLABLE,
            "shadowed_by": _NULLABLE,
            "shared": {**_NULLABLE, "description": "mlenv's folder beside the kernels that are there for every user."},
            "advice": _TEXT,
            "current": _BOOL,
        }
    ),
    "Kernels": _shape({"schema": _ONE, "kernels": _list(ref("Kernel"))}),
    "Environments": _shape(
        {
            "schema": _ONE,
            "environments": _list(
                _shape(
                    {
                        "name": _TEXT,
                        "tool": _TEXT,
                        "python": _NULLABLE,
                        "path": _TEXT,
                        "problem": _NULLABLE,
                        "own": _BOOL,
                        "used": _BOOL,
                    }
                )
            ),
        }
    ),
    "Pythons": _shape(
        {
            "schema": _ONE,
            "pythons": _list(
                _shape(
                    {
                        "version": _TEXT,
                        "implementation": _TEXT,
                        "variant": _NULLABLE,
                        "architecture": _NULLABLE,
                        "source": _TEXT,
                        "path": _TEXT,
                        "allowed": _BOOL,
                        "chosen": _BOOL,
                        "problem": _NULLABLE,
                    }
                )
            ),
            "requires_python": _NULLABLE,
            "why": _TEXT,
            "looked_in": _list(_TEXT),
        }
    ),
    "Packages": _shape(
        {
            "schema": _ONE,
            "packages": _list(
                _shape({"name": _TEXT, "declared": _NULLABLE, "locked": _NULLABLE, "installed": _NULLABLE})
            ),
        }
    ),
    "Finding": _shape(
        {
            "kind": {"enum": list(KINDS)},
            "package": _NULLABLE,
            "declared": _NULLABLE,
            "locked": _NULLABLE,
            "installed": _NULLABLE,
            "loaded": _NULLABLE,
            "reason": _TEXT,
        },
        {"files": _list(_TEXT)},
    ),
    "Report": _shape(
        {
            "schema": _ONE,
            "verdict": {"enum": list(ORDER)},
            "next": _shape({"action": _TEXT, "command": _TEXT, "text": _TEXT}),
            "project": _or_null(_PROJECT),
            "environment": _ENVIRONMENT,
            "lock": _shape(
                {"path": _NULLABLE, "kind": _NULLABLE},
                {"digest": {**_NULLABLE, "description": "Another one: the lock has changed on disk."}},
            ),
            "kernel": _or_null(_shape({"prefix": _TEXT, "name": _TEXT})),
            "loaded_measured": _BOOL,
            "findings": _list(ref("Finding")),
            "counts": _shape({"locked": _COUNT, "installed": _COUNT, "compared": _COUNT}),
            "reason": _TEXT,
        }
    ),
    "ReportOrError": {"anyOf": [ref("Report"), ref("Error")]},
    "Advice": _shape(
        {
            "schema": _ONE,
            "action": {"enum": ["add", "switch", "sync", "restart", "create", "none"]},
            "package": _NULLABLE,
            "text": _TEXT,
            "command": _TEXT,
        }
    ),
    "Loaded": _shape(
        {"name": _TEXT, "version": _NULLABLE},
        {"origin": {"enum": ["environment", "runtime", "outside"]}, "binary": _BOOL, "imported": _BOOL},
    ),
    "CheckRequest": _shape(
        {"path": _TEXT}, {"kernel": _NULLABLE, "loaded": _or_null(_list(ref("Loaded")))}, closed=True
    ),
    "JobRequest": _shape(
        {"verb": {"enum": list(JOB_VERBS)}, "path": _TEXT},
        {
            "arguments": {**_list(_TEXT), "maxItems": 100},
            "options": {
                "type": "object",
                "description": "Those that `about` lists for the verb.",
                "additionalProperties": {"anyOf": [_TEXT, _list(_TEXT), {"const": True}]},
            },
            "kernel": _NULLABLE,
            "loaded": _or_null(_list(ref("Loaded"))),
        },
        closed=True,
    ),
    "Job": _shape(
        {
            "schema": _ONE,
            "id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
            "verb": {"enum": list(JOB_VERBS)},
            "arguments": _list(_TEXT),
            "folder": _NULLABLE,
            "project": _TEXT,
            "state": {"enum": ["running", "done", "failed", "cancelled"]},
            "started": {"type": "string", "format": "date-time"},
            "ended": _NULLABLE,
            "step": _or_null(_shape({"step": _TEXT, "text": _TEXT, "done": _NUMBER, "total": _NUMBER})),
            "log": {**_list({"type": "string", "maxLength": 500}), "maxItems": 200},
            "outcome": _or_null(ref("Outcome")),
            "error": _or_null(_shape({"code": _TEXT, "message": _TEXT, "where": _TEXT, "hint": _TEXT})),
        }
    ),
    "Jobs": _shape({"schema": _ONE, "jobs": {**_list(ref("Job")), "maxItems": 20}}),
    "Outcome": _shape(
        {
            "schema": _ONE,
            "verb": _TEXT,
            "ok": _BOOL,
            "dry_run": _BOOL,
            "lines": _list(_TEXT),
            "changes": _list(_shape({"package": _TEXT, "before": _NULLABLE, "after": _NULLABLE})),
            "files": _list(_TEXT),
            "kernel": _NULLABLE,
            "data": {"type": ["object", "null"]},
        }
    ),
    "OpenAPI": {"type": "object", "required": ["openapi", "info", "paths"]},
}
"""Name -> schema; :func:`ref` points at one."""
