"""A package index on the loopback: the simple index of PEP 503 over a folder of wheels, with a fault per path."""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["Fault", "Index", "serving"]

Fault = Callable[[BaseHTTPRequestHandler, bytes, str], bool]
"""Answers in place of the index: gets the handler, the right body and its type; ``False`` lets the right answer go out."""


class Index:
    """What a running index serves and has seen."""

    def __init__(self, wheels: Path) -> None:
        self.wheels = wheels
        self.faults: dict[str, Fault] = {}
        """Part of a path -> the fault of all paths that contain it."""
        self.requests: list[tuple[str, str, str]] = []
        """Method, path with query, and Authorization header of every request, in their order."""
        self.url = ""
        self.times: dict[str, str] = {}
        """File name -> when it was uploaded; where there is any, pages are JSON (PEP 691 and 700) in place of HTML."""
        self.extra: dict[str, bytes] = {}
        """Path -> what is served there beside the folder's files; no page lists it."""

    def body_of(self, path: str) -> tuple[bytes, str] | None:
        """Return what an honest index answers, or ``None`` where there is nothing."""
        parts = [part for part in path.split("/") if part]
        if parts == ["simple"]:
            names = sorted({_project_of(file.name) for file in self._files()})
            return _page(f'<a href="/simple/{name}/">{name}</a>' for name in names), "text/html"
        if len(parts) == 2 and parts[0] == "simple":
            files = [file for file in self._files() if _project_of(file.name) == parts[1]]
            if files and self.times:
                return self._dated_page(parts[1], files), "application/vnd.pypi.simple.v1+json"
            return (_page(_anchor(file) for file in files), "text/html") if files else None
        if len(parts) == 2 and parts[0] == "files" and (self.wheels / parts[1]).is_file():
            return (self.wheels / parts[1]).read_bytes(), "application/octet-stream"
        return (self.extra[path], "application/octet-stream") if path in self.extra else None

    def _dated_page(self, project: str, files: list[Path]) -> bytes:
        rows = []
        for file in files:
            hashes = {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
            row = {"filename": file.name, "url": f"/files/{file.name}", "hashes": hashes, "size": file.stat().st_size}
            rows.append({**row, "upload-time": self.times[file.name]} if file.name in self.times else row)
        page = {"meta": {"api-version": "1.1"}, "name": project, "files": rows}
        return json.dumps({**page, "versions": sorted({file.name.split("-")[1] for file in files})}).encode()

    def _files(self) -> list[Path]:
        return sorted(path for path in self.wheels.iterdir() if path.name.endswith((".whl", ".tar.gz")))


def _project_of(file: str) -> str:
    name = file.rsplit("-", 1)[0] if file.endswith(".tar.gz") else file.split("-", 1)[0]
    return name.lower().replace("_", "-").replace(".", "-")


def _anchor(file: Path) -> str:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f'<a href="/files/{html.escape(file.name)}#sha256={digest}">{html.escape(file.name)}</a>'


def _page(rows: Iterator[str] | object) -> bytes:
    return ("<!DOCTYPE html><html><body>\n" + "<br/>\n".join(rows) + "\n</body></html>\n").encode()  # type: ignore[arg-type]


@contextlib.contextmanager
def serving(wheels: Path, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Index]:
    """Serve a folder of wheels on 127.0.0.1 (``index.url`` is the simple index) until the block ends.

    It answers a client that takes it for its proxy, too: ``index.requests`` then holds whole addresses.
    """
    index = Index(wheels)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            index.requests.append((self.command, self.path, self.headers.get("Authorization", "")))
            path = unquote(urlsplit(self.path).path)
            found = index.body_of(path)
            body, kind = found or (b"not here\n", "text/plain")
            fault = next((fault for part, fault in index.faults.items() if part in path), None)
            with contextlib.suppress(ConnectionError):
                if fault and fault(self, body, kind):
                    return
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if with_body:
                    self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Keep quiet: ``index.requests`` is the log."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Keep quiet of clients that were killed in the middle of a request."""

    server = Server(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *args: None  # type: ignore[method-assign]  # a client that is killed breaks off
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    index.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/simple"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
