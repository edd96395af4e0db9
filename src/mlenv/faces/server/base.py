"""What every route shares: who may, how much, in which form, and how errors are told."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import authenticated, stream_request_body

from mlenv.errors import MlenvError
from mlenv.faces.server.errors import of_status, status_of
from mlenv.faces.server.service import Service

__all__ = ["Answer", "Handler", "guarded"]

Answer = Callable[["Handler"], Awaitable[tuple[int, Any]]]
"""What a verb of a route does: the status and the JSON."""


def guarded(answer: Answer, action: str) -> Callable[..., Awaitable[None]]:
    """Return a handler's method: authenticated, authorized for ``action`` on ``mlenv``, errors told on the wire."""

    async def method(self: Handler, *_: str, **__: str) -> None:
        await self.respond(answer)

    guarded_method: Callable[..., Awaitable[None]] = authenticated(authorized(action)(method))
    return guarded_method


@stream_request_body  # a body that is too large never lies in memory
class Handler(APIHandler):  # type: ignore[misc]
    """One route. Its verbs are made by :func:`guarded` from the table of routes."""

    auth_resource = "mlenv"
    most_bytes = 0
    """The largest body that is read."""

    def initialize(self, service: Service) -> None:
        self.service = service
        self._body = bytearray()
        self._too_large = False
        # Looking is no work: a page that is left open must not keep a hub's server from being put to sleep.
        self._track_activity = self.request.method not in ("GET", "HEAD")

    def data_received(self, chunk: bytes) -> None:
        self._too_large = self._too_large or len(self._body) + len(chunk) > self.most_bytes
        if not self._too_large:
            self._body += chunk

    async def respond(self, answer: Answer) -> None:
        try:
            status, content = await answer(self)
        except MlenvError as error:
            status, content = status_of(error), _wire(error)
        except OSError as error:
            fault = _fault(error)
            status, content = status_of(fault), _wire(fault)
        self.set_status(status)
        self.finish(json.dumps(content, ensure_ascii=False))

    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **_: Any) -> None:
        """Tell a refusal of the server, or a fault of ours, without a traceback; the log has it."""
        self.finish(json.dumps(of_status(status_code)))

    # --- what a request holds ---

    def text(self, name: str, default: str = "") -> str:
        """Return a query's text, taken as it is.

        Raises:
            MlenvError: ``usage`` where it is told twice.
        """
        found = self.get_query_arguments(name, strip=False)
        if len(found) > 1:
            raise MlenvError("usage", f"'{name}' is given {len(found)} times", hint=f"give {name} once")
        return str(found[0]) if found else default

    def body(self) -> dict[str, Any]:
        """Return the JSON object that was sent.

        Raises:
            MlenvError: ``body-too-large``, ``not-json``, ``usage`` where it is no object.
        """
        if self._too_large:
            message = f"the body is larger than {self.most_bytes // 1024} kB"
            raise MlenvError("body-too-large", message, hint="send less")
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise MlenvError("not-json", "the body is not said to be JSON", hint="Content-Type: application/json")
        try:
            content = json.loads(self._body.decode())
        except (ValueError, RecursionError):
            raise MlenvError("usage", "the body is no valid JSON", hint="see mlenv/openapi.json") from None
        if not isinstance(content, dict):
            raise MlenvError("usage", "the body is no JSON object", hint="see mlenv/openapi.json")
        return content

    async def folder(self, path: str) -> Path:
        """Return the folder of a contents path. Raises as :func:`mlenv.faces.server.places.folder_of`."""
        return await self.service.aside(lambda: self.service.folder_of(path))


def _fault(error: OSError) -> MlenvError:
    from mlenv import store

    name = os.path.basename(str(error.filename or ""))
    return store.failed_write(error) or MlenvError("file-unreadable", f"{error.strerror or error}", where=name)


def _wire(error: MlenvError) -> dict[str, Any]:
    from mlenv.render import error_json

    return error_json(error)
