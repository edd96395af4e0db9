"""The OpenAPI 3.1 description of the routes, put together from the table of routes and the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mlenv._version import __version__
from mlenv.faces.server.schemas import SCHEMAS, ref
from mlenv.model import value

__all__ = ["OPERATIONS", "Operation", "description"]


@value
class Operation:
    """What is said of one method of one route."""

    summary: str
    answer: str
    """Name of a schema."""
    query: tuple[str, ...] = ()
    """Keys of :data:`_QUERY`."""
    body: str = ""
    """Name of a schema; empty where nothing is sent."""
    statuses: tuple[int, ...] = (200,)
    errors: tuple[int, ...] = ()
    """Beside 403, 404 and 500, which every route may answer."""


_QUERY: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "path": ("Contents path of a notebook or a folder; empty: the server's root.", False),
        "kernel": ("Id of a running kernel.", False),
        "module": ("What could not be imported, as the error names it.", True),
    }
)
_ERRORS: Mapping[int, str] = MappingProxyType(
    {
        400: "The request is wrong; the path leads out of the server's root.",
        403: "No token, no XSRF header, or not allowed.",
        404: "Nothing is there: no project, job, kernel or path.",
        409: "A job runs in this project; `where` is its id.",
        413: "The body is too large.",
        415: "The body is not said to be JSON.",
        422: "It cannot be done; the message says why.",
        429: "Too many jobs run.",
        500: "mlenv failed unexpectedly; the server's log says more.",
    }
)
_READ = (400, 422)
_SENT = (400, 413, 415, 422)

OPERATIONS: Mapping[tuple[str, str], Operation] = MappingProxyType(
    {
        ("about", "get"): Operation(summary="Versions, and the verbs and options of jobs", answer="About"),
        ("openapi.json", "get"): Operation(summary="This description", answer="OpenAPI"),
        ("project", "get"): Operation(
            summary="The project of a notebook, or null",
            answer="Project",
            query=("path",),
            errors=_READ,
        ),
        ("projects", "get"): Operation(summary="The projects of mlenv's kernels", answer="Projects", errors=(422,)),
        ("environments", "get"): Operation(
            summary="Environments that are there already", answer="Environments", query=("path",), errors=_READ
        ),
        ("kernels", "get"): Operation(
            summary="Every kernel with its state, the project's first", answer="Kernels", query=("path",), errors=_READ
        ),
        ("pythons", "get"): Operation(
            summary="The Pythons of this machine", answer="Pythons", query=("path",), errors=_READ
        ),
        ("packages", "get"): Operation(
            summary="Every package: declared, locked, installed", answer="Packages", query=("path",), errors=_READ
        ),
        ("advice", "get"): Operation(
            summary="What helps against a failed import",
            answer="Advice",
            query=("path", "kernel", "module"),
            errors=_READ,
        ),
        ("check", "get"): Operation(
            summary="The verdict, told from files; the kernel is never asked",
            answer="Report",
            query=("path", "kernel"),
            errors=_READ,
        ),
        ("check", "post"): Operation(
            summary="The verdict, with what the kernel says that it has loaded; no-project, too, is an answer",
            answer="ReportOrError",
            body="CheckRequest",
            errors=_SENT,
        ),
        ("jobs", "get"): Operation(summary="The jobs of this server, the newest first", answer="Jobs"),
        ("jobs", "post"): Operation(
            summary="Start a job", answer="Job", body="JobRequest", statuses=(202,), errors=(*_SENT, 409, 429)
        ),
        ("jobs/{id}", "get"): Operation(summary="A job, with the tail of its log", answer="Job"),
        ("jobs/{id}", "delete"): Operation(
            summary="Cancel a job with all that it started; 200 where it had ended", answer="Job", statuses=(200, 202)
        ),
    }
)


def description(base: str) -> dict[str, Any]:
    """Return the OpenAPI description of the routes below ``base``."""
    paths: dict[str, dict[str, Any]] = {}
    for (path, method), operation in OPERATIONS.items():
        paths.setdefault(f"/{path}", {})[method] = _operation(path, method, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mlenv",
            "version": __version__,
            "summary": "Whether a notebook runs in the environment its project locked, and what puts it right.",
            "description": "Every method needs Jupyter's authentication (`Authorization: token ...`, or its cookie "
            "with an `X-XSRFToken` header) and authorization of `read` or `execute` on the resource `mlenv`. "
            "No GET changes anything. Progress of jobs: events `urn:mlenv:job` of `/api/events/subscribe`.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": base}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token` and the server's token.",
                }
            },
        },
    }


def _operation(path: str, method: str, operation: Operation) -> dict[str, Any]:
    parameters = [_parameter(name, "query", *_QUERY[name]) for name in operation.query]
    if "{id}" in path:
        parameters.append(_parameter("id", "path", "Id of the job.", True))
    answers = {str(status): _answer("As asked.", operation.answer) for status in operation.statuses}
    errors = sorted({*operation.errors, 403, 404, 500})
    described: dict[str, Any] = {
        "operationId": f"{method}-{path.replace('/{id}', '-one').replace('.', '-')}",
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {**answers, **{str(status): _answer(_ERRORS[status], "Error") for status in errors}},
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
    return described


def _parameter(name: str, place: str, text: str, needed: bool) -> dict[str, Any]:
    return {"name": name, "in": place, "required": needed, "description": text, "schema": {"type": "string"}}


def _answer(text: str, schema: str) -> dict[str, Any]:
    return {"description": text, "content": _content(schema)}


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": ref(schema)}}
