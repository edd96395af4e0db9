"""A stand-in for PyTorch's index, whose address is built into uv: a proxy that answers for whatever host is asked for.

uv is told of it as of any proxy of a company (``HTTPS_PROXY``, ``SSL_CERT_FILE``). The certificate of a host is made
when it is asked for; nothing leaves this machine.
"""

from __future__ import annotations

import contextlib
import html
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

__all__ = ["StandIn", "standing_in"]


class StandIn:
    """What the stand-in serves and has seen."""

    def __init__(self, folder: Path, builds: Mapping[str, Path]) -> None:
        self.folder = folder
        self.builds = builds
        """``cu128`` -> folder of wheels."""
        self.asked: list[str] = []
        """Paths that were asked for, in their order."""
        self.url = ""
        self.root = folder / "root.pem"
        self._ready: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self._openssl(
            "req", "-x509", *_KEY, "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root", "-days", "2"
        )

    @property
    def environ(self) -> dict[str, str]:
        """What makes uv use it."""
        return {"HTTPS_PROXY": self.url, "SSL_CERT_FILE": str(self.root), "NO_PROXY": "127.0.0.1,localhost"}

    def context_of(self, host: str) -> ssl.SSLContext:
        with self._lock:
            if host not in self._ready:
                self._openssl(
                    "req", "-x509", *_KEY, "-keyout", "host.key", "-out", "host.pem", "-subj", f"/CN={host}",
                    "-days", "2", "-CA", "root.pem", "-CAkey", "root.key", "-addext", f"subjectAltName=DNS:{host}",
                    "-addext", "basicConstraints=critical,CA:FALSE",
                )  # fmt: skip
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.folder / "host.pem", self.folder / "host.key")
                self._ready[host] = context
            return self._ready[host]

    def answer(self, path: str) -> tuple[int, bytes]:
        """``/whl/cu128/torch/`` is a page, ``/whl/cu128/<file>`` a wheel; everything else is not there."""
        self.asked.append(path)
        parts = [part for part in unquote(path).split("/") if part]
        folder = self.builds.get(parts[1]) if len(parts) == 3 and parts[0] == "whl" else None
        if folder is None:
            return 404, b"not here\n"
        if (folder / parts[2]).is_file():
            return 200, (folder / parts[2]).read_bytes()
        files = sorted(file.name for file in folder.glob("*.whl") if file.name.split("-")[0] == parts[2])
        rows = "".join(f'<a href="/whl/{parts[1]}/{html.escape(name)}">{html.escape(name)}</a>\n' for name in files)
        return (200, f"<!DOCTYPE html><html><body>{rows}</body></html>".encode()) if files else (404, b"")

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=60)


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@contextlib.contextmanager
def standing_in(folder: Path, builds: Mapping[str, Path]) -> Iterator[StandIn]:
    """Serve until the block ends."""
    stand_in = StandIn(folder, builds)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            host = self.rfile.readline().split()[1].decode().rpartition(":")[0]
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            with (
                contextlib.suppress(OSError),
                stand_in.context_of(host).wrap_socket(self.connection, server_side=True) as tls,
            ):
                stream = tls.makefile("rb")
                while line := stream.readline():
                    method, path = line.split()[:2]
                    while stream.readline().strip():
                        pass
                    code, body = stand_in.answer(path.decode())
                    kind = "text/html" if body.startswith(b"<!") else "application/octet-stream"
                    head = f"HTTP/1.1 {code} x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                    tls.sendall(head.encode() + (b"" if method == b"HEAD" else body))

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True
        address_family = socket.AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            """Keep quiet of clients that break off."""

    server = Server(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
