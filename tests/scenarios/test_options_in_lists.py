"""Requirements files that say where packages come from: shown and refused, followed only when allowed."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlenv.faces import cli

pytestmark = pytest.mark.real


class _Catcher(http.server.BaseHTTPRequestHandler):
    """Answers nothing and remembers who asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def catcher() -> Iterator[tuple[str, list[str]]]:
    """A foreign index on loopback, and what it was asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Catcher,), {"asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple", asked
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("mlenv_home")
@pytest.mark.parametrize(
    "text",
    ["--index-url {index}\nsix==1.17.0\n", "--extra-index-url {index}\nsix\n", "-f {index}/six.html\nsix\n"],
    ids=["a pinned list", "a loose list", "links"],
)
def test_a_list_that_names_an_index_is_shown_and_refused(text, catcher, tmp_path: Path, monkeypatch, capsys) -> None:
    """Nobody is asked, nothing is written; the line is shown, a password in it is not."""
    index, asked = catcher
    secret = index.replace("http://", "http://user:t0ken@")
    project = tmp_path / "demo"
    project.mkdir()
    (project / "requirements.txt").write_text(text.format(index=secret))
    monkeypatch.chdir(project)
    before = sorted(project.iterdir())
    assert cli.main(["create"]) == 2
    printed = capsys.readouterr()
    assert "where packages come from" in printed.err
    assert "--force" in printed.err
    assert "127.0.0.1" in printed.err
    assert "t0ken" not in printed.err + printed.out
    assert (asked, sorted(path for path in project.iterdir() if path.name != ".mlenv")) == ([], before)


@pytest.mark.usefixtures("mlenv_home")
def test_force_follows_the_line(catcher, tmp_path: Path, monkeypatch) -> None:
    """Allowed by --force, the index that the list names is the one that is asked."""
    index, asked = catcher
    project = tmp_path / "demo"
    project.mkdir()
    (project / "requirements.txt").write_text(f"--index-url {index}\nsurely-not-anywhere==1.0\n")
    monkeypatch.chdir(project)
    assert cli.main(["create", "--force"]) == 2
    assert any("surely-not-anywhere" in path for path in asked)
