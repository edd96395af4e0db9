"""Who may not, gets nothing: every route and verb of a real server, attacked as a foreign page would, and worse.

After each attack nothing was written below the server's root or its user's home, no job is there, no program runs.
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from faces.server.live_server import TOKEN, Answer, LiveServer, children_of, start_server
from mlenv.faces.server.openapi import description
from mlenv.faces.server.routes import ROUTES
from mlenv.faces.server.schemas import SCHEMAS
from scenarios.traces import snapshot

VERBS = [(route.path, verb.method.upper()) for route in ROUTES for verb in route.verbs]
BODIES: Mapping[str, Any] = {
    "check": {"path": ""},
    "jobs": {"verb": "create", "path": "", "arguments": ["six"], "options": {"--offline": True}},
}
AUTHORIZERS = """
from jupyter_server.auth import Authorizer
class Nobody(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return False
class Readers(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return action == "read"
"""


class Attacked:
    """A server, and what lies around it."""

    def __init__(self, server: LiveServer, home: Path) -> None:
        self.server, self.home = server, home
        self.browser = server.log_in()
        self.xsrf = {**self.browser, "X-XSRFToken": server.cookies["_xsrf"]}

    def send(
        self,
        path: str,
        method: str,
        headers: Mapping[str, str],
        *,
        token: str | None = None,
        kind: str = "application/json",
    ) -> Answer:
        body = BODIES.get(path) if method == "POST" else None
        address = path.replace("{id}", "0123456789abcdef")
        address += "?module=six" if path == "advice" else ""
        sent = {**headers, "Content-Type": kind} if body is not None else headers
        answer = self.server.call(method, address, body, headers=sent, token=token)
        _as_described(path, method, answer)
        return answer

    def untouched(self) -> tuple[dict[str, str], dict[str, str], list[str], list[Any]]:
        home = {
            name: text for name, text in snapshot(self.home).items() if not name.startswith(("mlenv-cache", "runtime"))
        }
        jobs = self.server.get("jobs")["jobs"]
        return snapshot(self.server.root), home, self._lasting_children(), jobs

    def _lasting_children(self) -> list[str]:
        """What runs below the server, but for what ends by itself: looking at a project starts an interpreter."""
        deadline = time.monotonic() + 10
        while (found := children_of(self.server.process.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found


def _as_described(path: str, method: str, answer: Answer) -> None:
    """Hold status and JSON of an answer to what the OpenAPI description says of this method."""
    told = description("/")["paths"][f"/{path}"].get(method.lower())
    if told is None:
        assert answer.status in (403, 405)
        return
    schema = told["responses"][str(answer.status)]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": {"schemas": SCHEMAS}}).validate(answer.json)


def _variables(home: Path) -> dict[str, str]:
    names = {
        "HOME": home,
        "JUPYTER_DATA_DIR": home / "jupyter",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
        "MLENV_DATA_DIR": home / "mlenv",
        "MLENV_CACHE_DIR": home / "mlenv-cache",
    }
    for folder in names.values():
        folder.mkdir(parents=True, exist_ok=True)
    return {name: str(folder) for name, folder in names.items()}


def _serve(folder: Path, *options: str) -> Iterator[Attacked]:
    home = folder / "home"
    (folder / "root").mkdir()
    (folder / "root" / ".git").mkdir()  # what lies above is nobody's project here
    (folder / "authorizers.py").write_text(AUTHORIZERS)
    env = {**_variables(home), "PYTHONPATH": str(folder)}
    server = start_server(folder / "root", folder / "log", *options, base="/user/anna/", env=env)
    try:
        yield Attacked(server, home)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    yield from _serve(tmp_path_factory.mktemp("strict"), "--ServerApp.allow_unauthenticated_access=False")


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """As Jupyter is configured when nobody says anything."""
    yield from _serve(tmp_path_factory.mktemp("usual"))


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    yield from _serve(tmp_path_factory.mktemp("closed"), "--ServerApp.authorizer_class=authorizers.Nobody")


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    yield from _serve(tmp_path_factory.mktemp("readers"), "--ServerApp.authorizer_class=authorizers.Readers")


@pytest.mark.parametrize(("path", "method"), VERBS)
@pytest.mark.parametrize("which", ["strict", "usual"])
def test_who_is_not_let_in_gets_nothing_and_nothing_happens(
    request: pytest.FixtureRequest, which: str, path: str, method: str
) -> None:
    attacked: Attacked = request.getfixturevalue(which)
    before = attacked.untouched()
    reads = method == "GET"
    status = attacked.send(path, method, attacked.xsrf).status if reads else 0
    assert status in (0, 200, 404)  # 404: there is no project, and no such job
    assert attacked.send(path, method, {}).status == 403
    assert attacked.send(path, method, {}, token="bad").status == 403
    assert (
        attacked.send(path, method, {"Cookie": "username-127-0-0-1=forged; _xsrf=x", "X-XSRFToken": "x"}).status == 403
    )
    # Without the header a foreign page's form cannot change anything; what it reads, its browser does not show it.
    assert attacked.send(path, method, attacked.browser).status == (status if reads else 403)
    foreign = {**attacked.xsrf, "Origin": "https://evil.example"}
    answer = attacked.send(path, method, foreign)
    assert answer.status == 404
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert attacked.send(path, method, {**attacked.xsrf, "Host": "evil.example"}).status == 403
    assert attacked.send(path, method, {"Host": "evil.example"}, token=TOKEN).status == 403
    if method == "POST":
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = attacked.send(path, method, attacked.xsrf, kind=kind)
            assert (answer.status, answer.code) == (415, "not-json")
    assert attacked.untouched() == before


@pytest.mark.parametrize(("path", "method"), VERBS)
def test_a_deny_all_authorizer_denies_all(closed: Attacked, path: str, method: str) -> None:
    before = snapshot(closed.server.root), children_of(closed.server.process.pid)
    for answer in (closed.send(path, method, {}, token=TOKEN), closed.send(path, method, closed.xsrf)):
        assert (answer.status, answer.code) == (403, "forbidden")
    assert (snapshot(closed.server.root), children_of(closed.server.process.pid)) == before


@pytest.mark.parametrize(("path", "method"), VERBS)
def test_who_may_only_read_starts_and_cancels_nothing(readers: Attacked, path: str, method: str) -> None:
    before = readers.untouched()
    answer = readers.send(path, method, {}, token=TOKEN)
    if method == "DELETE" or (path, method) == ("jobs", "POST"):
        assert (answer.status, answer.code) == (403, "forbidden")
    else:
        assert answer.status in (200, 404)
        assert answer.code in ("", "no-project", "job-missing")
    assert readers.untouched() == before


@pytest.mark.parametrize("path", sorted({path for path, _ in VERBS}))
def test_methods_that_a_route_does_not_have_do_nothing(strict: Attacked, path: str) -> None:
    before = strict.untouched()
    have = {method for known, method in VERBS if known == path}
    for method in {"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD"} - have:
        assert strict.send(path, method, {}, token=TOKEN).status == 405
        assert strict.send(path, method, {}).status == 403
    assert strict.untouched() == before


ESCAPES = [
    "..", "../", "a/../..", "a/../../b", "%2e%2e", "%2e%2e/", "%2e%2e%2f", "..%2f..", "/etc", "//etc", "/", "%2fetc", "C:",
    "C:/x", "c:%5cx", "..%5c..", "a%5c..%5c..", "out", "out/", "out/inner", "out/n.ipynb", "file-out.ipynb", "../x/../../",
]  # fmt: skip
ODD = [
    ".git",
    ".git/config",
    "a%00b",
    "%00",
    "x" * 5000,
    "%ff%fe",
    "a%0ab",
    "%252e%252e",
    "...",
    "nothing.ipynb",
    "\u202e",
    "nb.ipynb/x",
]


@pytest.fixture(scope="module")
def linked(strict: Attacked) -> Attacked:
    """Links that leave the server's root, beside honest things."""
    root, outside = strict.server.root, strict.server.root.parent / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "n.ipynb").write_text("{}")
    (outside / "pyproject.toml").write_text('[project]\nname = "secret-name"\nversion = "0"\n')
    (root / "out").symlink_to(outside)
    (root / "file-out.ipynb").symlink_to(outside / "n.ipynb")
    (root / "a").mkdir()
    (root / "nb.ipynb").write_text("{}")
    return strict


@pytest.mark.parametrize("path", ESCAPES)
def test_a_path_never_leads_out_of_the_servers_root(linked: Attacked, path: str) -> None:
    before = linked.untouched()
    routes = ["project", "environments", "kernels", "pythons", "packages", "check", "advice"]
    for route in routes:
        answer = linked.server.call("GET", f"{route}?module=six&path={path}")
        assert (answer.status, answer.code) == (400, "path-outside"), route
        assert "secret-name" not in answer.text
    plain = urllib.parse.unquote(path)
    for route, body in (("check", {"path": plain}), ("jobs", {**BODIES["jobs"], "path": plain})):
        assert linked.server.call("POST", route, body).code == "path-outside"
    assert linked.untouched() == before


@pytest.mark.parametrize("path", ODD)
def test_an_odd_path_is_no_error_of_ours(linked: Attacked, path: str) -> None:
    before = linked.untouched()
    for route in ("project", "check", "packages"):
        answer = linked.server.call("GET", f"{route}?path={urllib.parse.quote(path, safe='%')}")
        assert answer.status in (400, 404), answer
    for odd in (urllib.parse.unquote(path), "\ud800", ["x"], 1):
        assert linked.server.call("POST", "jobs", {**BODIES["jobs"], "path": odd}).status in (400, 404)
    assert linked.untouched() == before


def test_a_path_given_twice_is_refused(linked: Attacked) -> None:
    assert linked.server.call("GET", "check?path=a&path=..").code == "usage"


SMUGGLED: list[dict[str, Any]] = [
    {"arguments": ["--project=/"]},
    {"arguments": ["-h"]},
    {"arguments": ["six", "--index-url=http://127.0.0.1:1/"]},
    {"arguments": [""]},
    {"arguments": ["six\0"]},
    {"arguments": ["six\n--yes"]},
    {"arguments": [["six"]]},
    {"arguments": "six"},
    {"arguments": ["six"] * 101},
    {"arguments": ["x" * 2000]},
    {"options": {"--project": "/"}},
    {"options": {"--events": True}},
    {"options": {"--json": True}},
    {"options": {"--output": "/tmp/x"}},
    {"options": {"--from-bundle": "x"}},
    {"options": {"--existing": True}},
    {"options": {"--kernel-prefix": "/"}},
    {"options": {"--loaded": "{}"}},
    {"options": {"--yes": "--force"}},
    {"options": {"--yes": False}},
    {"options": {"--yes": 1}},
    {"options": {"--python": "--yes"}},
    {"options": {"--python": ["3.11", "3.12"]}},
    {"options": {"--python": {}}},
    {"options": {"--python": True}},
    {"options": {"--python": ""}},
    {"options": {"--python": []}},
    {"options": {"--engine": "sh"}},
    {"options": {"--lock": "../../outside/uv.lock"}},
    {"options": {"--lock": "/etc/passwd"}},
    {"options": {"--from-notebook": ["../outside/n.ipynb"]}},
    {"options": {"--from-notebook": ["file-out.ipynb"]}},
    {"options": {"--python=3.12": True}},
    {"options": {"-c": "x"}},
    {"options": ["--yes"]},
    {"verb": "init"},
    {"verb": "bundle"},
    {"verb": "select"},
    {"verb": "-c"},
    {"verb": "sync --yes"},
    {"verb": "kernels", "arguments": []},
    {"verb": "kernels", "arguments": ["list"]},
    {"verb": "kernels", "arguments": ["prune", "x"]},
    {"verb": "kernels", "arguments": ["register"]},
    {"verb": "kernels", "arguments": ["repair"], "options": {"--prefix": "/usr/local"}},
    {"verb": "kernels", "arguments": ["repair"], "options": {"--system": True}},
    {"verb": "sync", "arguments": ["x"]},
    {"verb": "remove", "arguments": []},
    {"extra": 1},
    {"kernel": 1},
    {"loaded": {}},
    {"loaded": [{"name": "--force", "version": "1"}]},
    {"loaded": [{"name": "six", "version": 1}]},
    {"loaded": [{"name": "six", "version": "1", "origin": "elsewhere"}]},
]


@pytest.mark.parametrize("change", SMUGGLED, ids=str)
def test_nothing_that_is_sent_becomes_another_option(linked: Attacked, change: Mapping[str, Any]) -> None:
    before = linked.untouched()
    answer = linked.server.call("POST", "jobs", {"verb": "create", "path": "", "arguments": ["six"], **change})
    assert (answer.status, answer.code in {"usage", "unknown-verb", "unknown-option", "path-outside"}) == (400, True), (
        answer
    )
    assert linked.untouched() == before


def test_a_body_beyond_the_limit_never_lies_in_memory(strict: Attacked) -> None:
    """30 MB, said and unsaid (chunked): 413 both times, and the server's memory stays what it was."""
    before = _resident_kb(strict.server.process.pid)
    chunk = b'{"path": "' + b"x" * 1_000_000
    answer = strict.server.call("POST", "jobs", raw=chunk * 30)
    assert (answer.status, answer.code) == (413, "body-too-large")
    assert _chunked(strict.server, [chunk] * 30) == 413
    assert strict.server.call("GET", "project", raw=chunk).status == 200  # a GET's body is nobody's business
    assert _resident_kb(strict.server.process.pid) - before < 20_000


def _chunked(server: LiveServer, chunks: list[bytes]) -> int:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    connection.request("POST", f"{server.base}mlenv/check", body=iter(chunks), headers=headers, encode_chunked=True)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def _resident_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="utf-8") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith("VmRSS"))
