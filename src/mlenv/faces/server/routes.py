"""The one table of routes: address, verbs, what each may be asked for and who may ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mlenv.faces.server import reading, working
from mlenv.faces.server.base import Answer, Handler, guarded
from mlenv.faces.server.service import Service
from mlenv.model import value

__all__ = ["ROUTES", "Route", "Verb", "handlers"]

_SMALL, _LARGE = 64 * 1024, 512 * 1024


@value
class Verb:
    """One method of a route."""

    method: str
    """``get``, ``post``, ``delete``."""
    action: str
    """What Jupyter's authorizer is asked about the resource ``mlenv``: ``read`` or ``execute``."""
    answer: Answer


@value
class Route:
    """One address below ``<base_url>mlenv/``."""

    path: str
    """``jobs/{id}``, as OpenAPI writes it."""
    verbs: tuple[Verb, ...]
    most_bytes: int = _SMALL


def _get(path: str, answer: Answer) -> Route:
    return Route(path=path, verbs=(Verb(method="get", action="read", answer=answer),))


ROUTES: tuple[Route, ...] = (
    _get("about", reading.about),
    _get("openapi.json", reading.openapi),
    _get("project", reading.project),
    _get("projects", reading.projects),
    _get("environments", reading.environments),
    _get("kernels", reading.kernels),
    _get("pythons", reading.pythons),
    _get("packages", reading.packages),
    _get("advice", reading.advice),
    Route(
        path="check",
        verbs=(
            Verb(method="get", action="read", answer=reading.check),
            Verb(method="post", action="read", answer=reading.check_loaded),
        ),
        most_bytes=_LARGE,
    ),
    Route(
        path="jobs",
        verbs=(
            Verb(method="get", action="read", answer=working.jobs),
            Verb(method="post", action="execute", answer=working.start),
        ),
        most_bytes=_LARGE,
    ),
    Route(
        path="jobs/{id}",
        verbs=(
            Verb(method="get", action="read", answer=working.job),
            Verb(method="delete", action="execute", answer=working.cancel),
        ),
    ),
)


def handlers(base: str, service: Service) -> Sequence[tuple[str, type[Handler], dict[str, Any]]]:
    """Return what tornado's application takes: pattern, class and arguments of each route."""
    return [(_pattern(base, route.path), _handler(route), {"service": service}) for route in ROUTES]


def _pattern(base: str, path: str) -> str:
    return re.escape(f"{base}/{path}").replace(r"\{id\}", "([^/]+)") + "$"


def _handler(route: Route) -> type[Handler]:
    name = "Mlenv" + "".join(part.capitalize() for part in re.findall("[a-z]+", route.path))
    methods = {verb.method: guarded(verb.answer, verb.action) for verb in route.verbs}
    return type(name, (Handler,), {"most_bytes": route.most_bytes, **methods})
