"""Errors of mlenv to statuses of HTTP: the one table of this face."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mlenv.errors import MlenvError

__all__ = ["STATUSES", "of_status", "status_of"]

STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "usage": 400,
        "unknown-verb": 400,
        "unknown-option": 400,
        "path-outside": 400,
        "path-invalid": 400,
        "not-found": 404,
        "no-project": 404,
        "project-missing": 404,
        "job-missing": 404,
        "kernel-missing": 404,
        "path-missing": 404,
        "project-busy": 409,
        "body-too-large": 413,
        "not-json": 415,
        "too-many-jobs": 429,
        "internal": 500,
    }
)
"""Every other code is 422: the request was understood, and cannot be carried out."""

_PLAIN: Mapping[int, tuple[str, str, str]] = MappingProxyType(
    {
        403: ("forbidden", "this is not allowed", "log in, or send the server's token"),
        404: ("not-found", "there is nothing here", "see mlenv/openapi.json"),
        405: ("method-not-allowed", "this address does not take this method", "see mlenv/openapi.json"),
        500: ("internal", "mlenv failed unexpectedly", "the server's log says more; report it, please"),
    }
)


def status_of(error: MlenvError) -> int:
    return STATUSES.get(error.code, 422)


def of_status(status: int) -> dict[str, Any]:
    """Return the wire's error for what Jupyter's server refuses by itself; ``message`` is what JupyterLab looks for."""
    from mlenv.render import error_json

    code, message, hint = _PLAIN.get(status, ("http", f"refused with status {status}", ""))
    return {**error_json(MlenvError(code, message, hint=hint)), "message": message}
