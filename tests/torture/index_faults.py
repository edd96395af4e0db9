"""How a package index goes wrong: one value per fault, and the place (page or file) where it strikes."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from torture.index import Fault

__all__ = ["FILE", "PAGE", "IndexFault", "faults"]

PAGE, FILE = "/simple/{name}/", "/files/{name}-"


@dataclass(frozen=True, kw_only=True)
class IndexFault:
    """One way in which an index goes wrong."""

    what: str
    at: tuple[str, ...]
    """:data:`PAGE`, :data:`FILE`, or both."""
    make: Callable[[], Fault]
    """Makes the fault afresh for each trial: some count their calls."""
    says: str = ""
    """What a message about it must match (a regular expression); anything that names the package if empty."""
    harmless: bool = False
    """Whether a good engine gets through (the fault passes, or nothing in it is wrong)."""
    also: str = ""
    """A file (key of the page's rows) that the index truly offers, too: no lock means either is a right answer."""
    tries: int = 1
    """How often one has to ask; pip is told to ask twice, uv asks four times."""
    nameless: bool = False
    """Whether pip does not say which package it met the fault with: then no message can."""


def _answer(
    handler: BaseHTTPRequestHandler, body: bytes, kind: str, *, code: int = 200, length: int | None = None, **more: str
) -> bool:
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    for name, text in more.items():
        handler.send_header(name.replace("_", "-"), text)
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)
    return True


def _cut(percent: int, *, honest_length: bool) -> Fault:
    """Send the beginning only; with an honest length the connection ends too early, without one all looks well."""

    def fault(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
        part = body[: len(body) * percent // 100]
        _answer(handler, part, kind, length=len(body) if honest_length else None, Connection="close")
        handler.close_connection = True
        return True

    return fault


def _changed(change: Callable[[bytes], bytes], **headers: str) -> Fault:
    return lambda handler, body, kind: _answer(handler, change(body), kind, **headers)


def _flipped(body: bytes) -> bytes:
    """Change one byte in the middle: of a wheel, inside what a module holds."""
    place = len(body) // 2
    return body[:place] + bytes([body[place] ^ 0x55]) + body[place + 1 :]


def _length(extra: int) -> Fault:
    def fault(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
        _answer(handler, body, kind, length=max(len(body) + extra, 0), Connection="close")
        handler.close_connection = True
        return True

    return fault


def _status(code: int, *, times: int | None = None, **headers: str) -> Fault:
    """Refuse: always, or the first few times of each address."""
    seen: dict[str, int] = {}

    def fault(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
        seen[handler.path] = seen.get(handler.path, 0) + 1
        if times is not None and seen[handler.path] > times:
            return False
        return _answer(handler, b"no\n", "text/plain", code=code, **headers)

    return fault


def _drip(seconds: float, parts: int = 20) -> Fault:
    def fault(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        step = max(len(body) // parts, 1)
        for start in range(0, len(body), step):
            handler.wfile.write(body[start : start + step])
            handler.wfile.flush()
            time.sleep(seconds / parts)
        return True

    return fault


def _redirect(target: str) -> Fault:
    """Point elsewhere; ``{path}`` is the address itself."""

    def fault(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
        path = handler.path.partition("?")[0]
        return _answer(handler, b"", "text/plain", code=302, Location=target.replace("{path}", path))

    return fault


def _reset(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
    """Send a few bytes, then break the connection with a reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.close()
    return True


def _silent(seconds: float) -> Fault:
    """Take the request and say nothing for a long time."""
    gate = threading.Event()

    def fault(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
        gate.wait(seconds)
        handler.close_connection = True
        return True

    return fault


def _endless(handler: BaseHTTPRequestHandler, body: bytes, kind: str) -> bool:
    """Answer 304, always: the cache is said to hold what was never sent."""
    handler.send_response(304)
    handler.send_header("ETag", '"same"')
    handler.end_headers()
    return True


_PORTAL = (
    b"<html><head><title>Sign in</title></head><body><form action='/login'>Welcome to the hotel</form></body></html>"
)


def _statuses() -> tuple[IndexFault, ...]:
    """Refusals, for ever and for a while, on the page and on the file."""
    rows = []
    for code in (404, 429, 500, 503):
        for place, spot in ((PAGE, "page"), (FILE, "file")):
            rows.append(IndexFault(what=f"{code} for the {spot}", at=(place,), make=lambda code=code: _status(code)))
    rows += [
        IndexFault(
            what=f"{code} twice for the file, then well",
            at=(FILE,),
            make=lambda code=code: _status(code, times=2, **({"Retry_After": "1"} if code == 429 else {})),
            harmless=True,
            tries=3,
        )
        for code in (429, 500, 503)
    ]
    return tuple(rows)


def _bodies() -> tuple[IndexFault, ...]:
    """Files that are not what they should be."""
    rows = [
        IndexFault(what=f"file cut at {k} %", at=(FILE,), make=lambda k=k: _cut(k, honest_length=True))
        for k in (0, 1, 25, 50, 75, 99)
    ]
    rows += [
        IndexFault(
            what=f"file cut at {k} %, its length said so", at=(FILE,), make=lambda k=k: _cut(k, honest_length=False)
        )
        for k in (0, 50, 99)
    ]
    rows += [
        IndexFault(what="one byte of the file changed", at=(FILE,), make=lambda: _changed(_flipped)),
        IndexFault(what="length said too small", at=(FILE,), make=lambda: _length(-1000)),
        IndexFault(what="length said too large", at=(FILE,), make=lambda: _length(1000)),
        IndexFault(what="page cut at 60 %", at=(PAGE,), make=lambda: _cut(60, honest_length=True)),
        IndexFault(what="page cut, its length said so", at=(PAGE,), make=lambda: _cut(45, honest_length=False)),
        IndexFault(what="a page of 200 MB of nothing", at=(PAGE,), make=_bomb),
        IndexFault(
            what="wrong content type of the file",
            at=(FILE,),
            make=lambda: lambda h, body, kind: _answer(h, body, "text/html"),
            harmless=True,
        ),
        IndexFault(
            what="wrong content type of the page",
            at=(PAGE,),
            make=lambda: lambda h, body, kind: _answer(h, body, "application/pdf"),
        ),
        IndexFault(
            what="HTML with 200 for the file (captive portal)",
            at=(FILE,),
            make=lambda: lambda h, body, kind: _answer(h, _PORTAL, "text/html"),
        ),
        IndexFault(
            what="HTML with 200 for the page (captive portal)",
            at=(PAGE,),
            make=lambda: lambda h, body, kind: _answer(h, _PORTAL, "text/html"),
        ),
        IndexFault(
            what="rubbish as JSON page",
            at=(PAGE,),
            make=lambda: lambda h, body, kind: _answer(h, b'{"files": [', "application/vnd.pypi.simple.v1+json"),
            nameless=True,
        ),
    ]
    return tuple(rows)


def _bomb() -> Fault:
    body = gzip.compress(b" " * (200 << 20), compresslevel=9)
    return lambda handler, _body, kind: _answer(handler, body, kind, Content_Encoding="gzip")


def _ways(portal: str, secret: Path) -> tuple[IndexFault, ...]:
    """Connections and redirections."""
    both = (PAGE, FILE)
    return (
        IndexFault(what="file dripping for 6 s", at=(FILE,), make=lambda: _drip(6), harmless=True),
        IndexFault(what="page dripping for 3 s", at=(PAGE,), make=lambda: _drip(3), harmless=True),
        IndexFault(what="redirect loop", at=both, make=lambda: _redirect("{path}"), nameless=True),
        IndexFault(
            what="redirect to a file of this machine",
            at=both,
            make=lambda: _redirect(secret.as_uri()),
            nameless=True,
        ),
        IndexFault(what="redirect to a host that is not there", at=both, make=lambda: _redirect(portal)),
        IndexFault(what="connection reset", at=both, make=lambda: _reset),
        IndexFault(what="never answers", at=both, make=lambda: _silent(120)),
        IndexFault(what="304 to whoever asks", at=both, make=lambda: _endless),
        IndexFault(
            what="one ETag for two bodies",
            at=(FILE,),
            make=lambda: _changed(_flipped, ETag='"same"', Cache_Control="max-age=600"),
        ),
    )


def _pages(wheels: Mapping[str, str]) -> tuple[IndexFault, ...]:
    """Pages that lie about their files.

    Args:
        wheels: what -> a line of the page: ``good`` (the honest one), ``gone`` (a file that is not there), ``other``
            (same name, other content), ``lying-name``, ``lying-version``, ``foreign`` (another package's file),
            ``wrong-hash``.
    """

    def page(*rows: str) -> Callable[[], Fault]:
        body = ("<!DOCTYPE html><html><body>\n" + "\n".join(wheels[row] for row in rows) + "\n</body></html>").encode()
        return lambda: lambda handler, _body, kind: _answer(handler, body, "text/html")

    return (
        IndexFault(what="stale page: the file is gone", at=(PAGE,), make=page("gone")),
        IndexFault(what="stale page: the hash is of an older file", at=(PAGE,), make=page("wrong-hash")),
        IndexFault(
            what="two files of one name, the wrong one last", at=(PAGE,), make=page("good", "other"), also="other"
        ),
        IndexFault(
            what="two files of one name, the wrong one first", at=(PAGE,), make=page("other", "good"), also="other"
        ),
        IndexFault(what="the file's metadata has another name", at=(PAGE,), make=page("lying-name")),
        IndexFault(what="the file's metadata has another version", at=(PAGE,), make=page("lying-version")),
        IndexFault(what="another package's file under this name", at=(PAGE,), make=page("foreign")),
        IndexFault(what="no file at all", at=(PAGE,), make=page()),
        IndexFault(what="only a yanked file", at=(PAGE,), make=page("yanked")),
    )


def faults(portal: str, secret: Path, rows: Mapping[str, str]) -> tuple[IndexFault, ...]:
    """Return every fault.

    Args:
        portal: an address where nobody listens.
        secret: a file of this machine that no index may make an engine read.
        rows: see :func:`_pages`.
    """
    return (*_statuses(), *_bodies(), *_ways(portal, secret), *_pages(rows))
