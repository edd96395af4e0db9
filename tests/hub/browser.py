"""One user's browser, as far as a hub needs it: cookies, forms, REST, and a kernel's websocket."""

from __future__ import annotations

import http.cookiejar
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any

import websocket

__all__ = ["Browser"]

_WAIT_S = 120


class Browser:
    """Logged in to a hub as one user."""

    def __init__(self, hub: str, user: str) -> None:
        self.hub, self.user = hub, user
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._cookies)
        )

    def login(self, password: str) -> None:
        """Log in through the form, and wait for the user's server."""
        self._open(f"{self.hub}/hub/login")
        fields = {"username": self.user, "password": password, "_xsrf": self._cookie("/hub/")}
        self._open(f"{self.hub}/hub/login?next=%2Fhub%2Fspawn", urllib.parse.urlencode(fields).encode())
        end = time.monotonic() + _WAIT_S
        while not self._up():
            assert time.monotonic() < end, f"the server of {self.user} did not come up"
            time.sleep(0.2)
        # A page that is not there leads through the hub all the same, which gives this browser its permission.
        self._open(self._server("files/nothing"), fail=False)

    def _up(self) -> bool:
        url, text = self._open(self._server("api"), fail=False)
        return url == self._server("api") and "version" in text

    def get(self, path: str) -> Any:
        """Ask the user's server."""
        return json.loads(self._open(self._server(path))[1])

    def post(self, path: str, content: Mapping[str, Any]) -> Any:
        return json.loads(self._open(self._server(path), json.dumps(content).encode())[1])

    def run(self, kernel: str, *cells: str) -> list[dict[str, str]]:
        """Start a kernel through REST, run cells through its websocket; ``status`` and ``text`` of each."""
        started = self.post("api/kernels", {"name": kernel})
        url = self._server(f"api/kernels/{started['id']}/channels").replace("http://", "ws://")
        cookies = "; ".join(f"{one.name}={one.value}" for one in self._cookies)
        socket = websocket.create_connection(
            url, cookie=cookies, origin=self.hub, timeout=_WAIT_S, http_no_proxy=["127.0.0.1"]
        )
        try:
            return [_run(socket, cell) for cell in cells]
        finally:
            socket.close()

    def _server(self, path: str) -> str:
        return f"{self.hub}/user/{self.user}/{path}"

    def _open(self, url: str, body: bytes | None = None, *, fail: bool = True) -> tuple[str, str]:
        headers = {"Content-Type": "application/json"} if body and body.startswith(b"{") else {}
        path = f"/user/{self.user}/" if "/user/" in url else "/hub/"
        request = urllib.request.Request(url, body, {**headers, "X-XSRFToken": self._cookie(path)})
        try:
            with self._opener.open(request, timeout=_WAIT_S) as answer:
                return answer.geturl(), answer.read().decode()
        except urllib.error.HTTPError as error:
            if fail:
                raise AssertionError(f"{url}: {error.code} {error.read().decode()[-2000:]}") from None
            return error.geturl(), ""

    def _cookie(self, path: str) -> str:
        return next((one.value or "" for one in self._cookies if one.name == "_xsrf" and one.path == path), "")


def _run(socket: Any, cell: str) -> dict[str, str]:
    told = uuid.uuid4().hex
    header = {"msg_id": told, "msg_type": "execute_request", "session": "s", "username": "", "version": "5.3"}
    content = {"code": cell, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False,
               "stop_on_error": False}  # fmt: skip
    sent = {
        "channel": "shell",
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": content,
        "buffers": [],
    }
    socket.send(json.dumps(sent))
    text, status, idle = "", "", False
    while not (status and idle):
        message = json.loads(socket.recv())
        if message["parent_header"].get("msg_id") != told:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            text += content["text"]
        elif kind in {"display_data", "update_display_data", "execute_result"}:
            text += content["data"].get("text/plain", "") + "\n"
        elif kind == "error":
            text += "\n".join(content["traceback"]) + "\n"
        elif kind == "execute_reply":
            status = content["status"]
        idle = idle or (kind == "status" and content["execution_state"] == "idle")
    return {"status": status, "text": text}
