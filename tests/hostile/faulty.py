"""One faulty index for all rows: what it answers hangs on the package that is asked for."""

from __future__ import annotations

import base64
import ensurepip
import functools
import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from torture.index import Fault, serving

__all__ = ["address", "make_wheel"]


def make_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    tag: str = "py3-none-any",
    files: Mapping[str, str] | None = None,
    metadata: str = "",
) -> Path:
    """Make a wheel of one module (or of the files given)."""
    info = f"{name}-{version}.dist-info"
    content = {
        **(files or {f"{name}.py": f"VERSION = {version!r}\n"}),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    rows = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    target = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in content.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), text)
    return target


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _status(code: int, body: bytes = b"no\n") -> Fault:
    def answer(handler: BaseHTTPRequestHandler, right: bytes, kind: str) -> bool:
        return _send(handler, code, body, "text/plain")

    return answer


def _body(change: Callable[[bytes], bytes], kind: str = "text/html") -> Fault:
    def answer(handler: BaseHTTPRequestHandler, right: bytes, right_kind: str) -> bool:
        return _send(handler, 200, change(right), kind)

    return answer


def _loop(handler: BaseHTTPRequestHandler, right: bytes, kind: str) -> bool:
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "0")
    handler.end_headers()
    return True


def _cut(handler: BaseHTTPRequestHandler, right: bytes, kind: str) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(right)))
    handler.end_headers()
    handler.wfile.write(right[: len(right) // 2])
    handler.close_connection = True
    return True


def _send(handler: BaseHTTPRequestHandler, code: int, body: bytes, kind: str) -> bool:
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if handler.command != "HEAD":
        handler.wfile.write(body)
    return True


FAULTS: Mapping[str, Fault] = {
    **{f"/simple/status{code}/": _status(code) for code in (401, 403, 404, 410, 429, 500, 503)},
    "/simple/portal/": _body(lambda right: b"<html><body>Please log in to the wireless network</body></html>"),
    "/simple/empty/": _body(lambda right: b""),
    "/simple/noise/": _body(lambda right: bytes(range(256)) * 8),
    "/simple/loop/": _loop,
    "/simple/liar/": _body(
        lambda right: (
            right.replace(b"sha256=", b"sha256=0")[: right.index(b"sha256=") + 7]
            + b"0" * 64
            + right[right.index(b"sha256=") + 71 :]
        )
    ),
    "/simple/yanked/": _body(lambda right: right.replace(b"<a ", b'<a data-yanked="broken" ')),
    "/files/torn": _cut,
    "/files/trash": _body(lambda right: b"this is no archive", "application/octet-stream"),
    "/files/lost": _status(404),
}


@functools.cache
def address() -> str:
    """Serve the faulty index until this process ends; return its address."""
    folder = Path(tempfile.mkdtemp(prefix="mlenv-faulty-"))
    for name in ("liar", "yanked", "torn", "trash", "lost", "whole", "second"):
        make_wheel(folder, name)
    shutil.copy(next(Path(ensurepip.__path__[0], "_bundled").glob("pip-*.whl")), folder)  # what environments get
    make_wheel(folder, "local", version="1.0+here.1")
    make_wheel(folder, "space", files={"space_of_many/part/__init__.py": "x = 1\n"})
    make_wheel(
        folder,
        "marked",
        metadata="Requires-Dist: whole; python_version < '4'\nRequires-Dist: gone; python_version < '3'\n",
    )
    make_wheel(folder, "extra", metadata="Provides-Extra: more\nRequires-Dist: second; extra == 'more'\n")
    make_wheel(folder, "elsewhere", tag="cp311-cp311-win_arm64")
    make_wheel(folder, "future", metadata="Requires-Python: >=3.99\n")
    make_wheel(folder, "needy", metadata="Requires-Dist: whole>=2\n")
    make_wheel(folder, "other").rename(folder / "misnamed-1.0-py3-none-any.whl")
    running = serving(folder)
    index = running.__enter__()
    index.faults.update(FAULTS)
    _KEPT.append(running)
    return index.url


_KEPT: list[object] = []
"""The running server: it ends with the process."""
