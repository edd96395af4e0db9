"""The engine conda at work on a channel on disk: what it writes, what it installs as it is, what it never gives away."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from conda_channel import channel_in

from scenarios.real_project import Answer, Project, mlenv

pytestmark = [
    pytest.mark.real, pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="the small channel's packages are Linux's"),
]  # fmt: skip

WORLD = Path(__file__).with_name("conda_world.py")
PLATFORM = "linux-64"
TOKEN = "tk-0000-secret-of-the-tests"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the channel and with rattler's cache, shared by the tests of this file."""
    return tmp_path_factory.mktemp("conda")


@pytest.fixture(scope="module")
def channel(home: Path) -> str:
    return channel_in(home / "channel", [os.path.realpath(f"{sys.base_prefix}/bin/python3")])


@pytest.fixture
def root(tmp_path: Path, home: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RATTLER_CACHE_DIR", str(home / "cache"))
    folder = tmp_path / "demo"
    folder.mkdir()
    return folder


def environment(root: Path, channel: str, *rows: str, pip: str = "") -> None:
    listed = "".join(f"  - {row}\n" for row in rows)
    below = f"  - pip:\n      - {pip}  # by hand\n" if pip else ""
    text = f"# ours\nname: demo\nchannels:\n  - {channel}\ndependencies:  # what we use\n{listed}{below}"
    (root / "environment.yml").write_text(text)


def verdict(root: Path, *words: str) -> tuple[str, set[tuple[str, str]]]:
    wire = mlenv(root, "check", "--json", *words, code=None).json()
    return wire["verdict"], {(row["package"], row["kind"]) for row in wire["findings"] if row["kind"] != "note"}


def world(*words: object) -> str:
    done = subprocess.run([sys.executable, str(WORLD), *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dot(root: Path) -> str:
    return subprocess.run([root / ".venv" / "bin" / "dot"], capture_output=True, text=True, check=True).stdout.strip()


def real(root: Path) -> str:
    return os.path.realpath(root / ".venv")


def test_an_environment_file_becomes_a_lock_and_an_environment(root: Path, channel: str) -> None:
    """Programs, packages and the pip part; the file keeps its comments; other tools read the lock; undo goes back."""
    environment(root, channel, "python", "drawing  # the reason", pip="tomli==2.0.1")
    made = mlenv(root, "create", "--json").json()
    project = Project(root, str(made["kernel"]))
    assert project.packages == {"drawing": "1.0", "hello": "1.0", "tomli": "2.0.1"}
    assert dot(root) == f"dot 2.0 of {real(root)}"
    ran = subprocess.run([root / ".venv/bin/hello"], capture_output=True, text=True)
    assert ran.stdout == "hello 1.0\n"
    assert verdict(root) == ("in-step", set())
    assert verdict(root, "--deep") == ("in-step", set())
    # The oracle: rattler reads the lock that mlenv wrote, and finds the environment to be what it says.
    assert json.loads(world("differing", root / "conda-lock.yml", root / ".venv", PLATFORM)) == []

    mlenv(root, "add", "six=1.16.0")
    mlenv(root, "add", "--pip", "tomli==2.0.2")
    text = (root / "environment.yml").read_text()
    assert "  - drawing  # the reason\n  - six=1.16.0\n  - pip:\n      - tomli==2.0.2  # by hand\n" in text
    assert text.startswith("# ours\n")
    assert project.packages["six"] == "1.16.0"
    assert project.packages["tomli"] == "2.0.2"
    before = text, (root / "conda-lock.yml").read_text(), real(root)

    mlenv(root, "remove", "drawing", "tomli")
    assert "pip:" not in (root / "environment.yml").read_text()
    assert project.packages == {"six": "1.16.0"}
    assert not (root / ".venv" / "bin" / "dot").exists()
    mlenv(root, "undo")
    assert (*((root / name).read_text() for name in ("environment.yml", "conda-lock.yml")), real(root)) == before
    assert verdict(root) == ("in-step", set())


def test_what_was_taken_out_by_hand_and_what_was_cut_is_seen(root: Path, channel: str) -> None:
    environment(root, channel, "python", "six=1.16.0", "idna")
    mlenv(root, "lock")
    lock = root / "conda-lock.yml"
    whole = lock.read_text()
    mlenv(root, "lock")
    assert lock.read_text() == whole  # what fits stays, byte for byte
    environment(root, channel, "python", "idna")
    stale = mlenv(root, "lock", "--dry-run", "--json").json()
    assert [row["package"] for row in stale["changes"]] == ["six"]
    mlenv(root, "lock")
    assert "six" not in lock.read_text()
    lock.write_text(whole[: len(whole) // 2])
    cut = mlenv(root, "check", "--json", code=2).json()
    assert cut["error"]["code"] == "lock-truncated"


def test_files_that_are_gone_or_changed_are_found_and_fetched_afresh(root: Path, channel: str) -> None:
    """A file changed in place changes the shared cache, too: the mend must not take it from there."""
    environment(root, channel, "python", "pip", "graphviz", "libzlib=1.3.1", "six=1.16.0")
    mlenv(root, "sync")
    library = root / ".venv" / "lib" / "libz-of-tests.so"
    held = library.read_bytes()
    with library.open("r+b") as file:  # the same size: only its digest tells
        file.write(b"x" * len(held))
    (root / ".venv" / "share" / "dot" / "config").unlink()
    state, found = verdict(root, "--deep")
    assert (state, found) == ("broken", {("libzlib", "damaged"), ("graphviz", "damaged")})
    mlenv(root, "sync", "--deep")
    assert library.read_bytes() == held
    assert verdict(root, "--deep") == ("in-step", set())
    mlenv(root, "add", "idna")  # the next environment comes from the shared cache again
    assert library.read_bytes() == held
    # pip takes a package of conda's away, and leaves conda's record.
    subprocess.run([root / ".venv/bin/python", "-m", "pip", "uninstall", "-qy", "six"], check=True, capture_output=True)
    assert verdict(root)[1] == {("six", "missing")}


@pytest.mark.parametrize("kind", ["pixi.lock", f"conda-{PLATFORM}.lock", "environment.yml"])
def test_a_lock_of_another_tool_is_installed_as_it_is(root: Path, channel: str, kind: str) -> None:
    specs = ("python", "drawing", "libzlib ==1.2.13")
    if kind == "environment.yml":
        environment(root, channel, *(f"{name}={version}" for name, version in _versions(channel, specs, root)))
    else:
        world("lock", channel, root, PLATFORM, *specs)
        (root / ({"pixi.lock": f"conda-{PLATFORM}.lock"}.get(kind, "pixi.lock"))).unlink()
    if kind == "pixi.lock":  # its row of pip names a file that no index has: only what conda installs counts here
        text = (root / kind).read_text()
        (root / kind).write_text("\n".join(line for line in text.splitlines() if "idna" not in line.lower()) + "\n")
        (root / kind).write_text(_without_pip((root / kind).read_text()))
    before = (root / kind).read_text()
    # A list alone makes no project of a folder; create takes the folder as it is.
    mlenv(root, "create" if kind.startswith("conda-") else "sync")
    assert dot(root) == f"dot 2.0 of {real(root)}"
    assert verdict(root) == ("in-step", set())
    assert (root / kind).read_text() == before
    assert not (root / "conda-lock.yml").exists()
    held = json.loads(next((root / ".venv" / "conda-meta").glob("libzlib-*.json")).read_text())
    assert (held["version"], held["url"].rpartition("/")[0]) == ("1.2.13", f"{channel}/{PLATFORM}")


def _without_pip(text: str) -> str:
    head, mark, rest = text.partition("- pypi:")
    return f"{head.rstrip()}\n" if mark and "\n- conda:" not in rest else text


def _versions(channel: str, specs: tuple[str, ...], folder: Path) -> list[tuple[str, str]]:
    world("lock", channel, folder, PLATFORM, *specs)
    rows = (folder / f"conda-{PLATFORM}.lock").read_text().partition("@EXPLICIT\n")[2].splitlines()
    for name in ("pixi.lock", f"conda-{PLATFORM}.lock"):
        (folder / name).unlink()
    parts = (row.rpartition("/")[2].rsplit("-", 2) for row in rows)
    return [(name, version) for name, version, _ in parts]


def test_a_lock_for_several_machines_is_made_on_one(root: Path, home: Path) -> None:
    """Each machine has rows of its own, of conda and of pip; what one of them lacks is said with its name."""
    folder = home / "several"
    if not folder.exists():
        world("channel", folder, "3.12.1")
    environment(root, folder.as_uri(), "python", "numpy <2", pip="markupsafe==2.1.5")
    with (root / "environment.yml").open("a") as file:
        file.write("platforms: [linux-64, osx-arm64]\n")
    mlenv(root, "lock")
    for platform in ("linux-64", "osx-arm64"):
        rows = json.loads(world("differing", root / "conda-lock.yml", root / "nothing", platform))
        assert rows == ["libzlib", "numpy", "pip", "python"]
    wheels = [line for line in (root / "conda-lock.yml").read_text().splitlines() if "markupsafe-2" in line.lower()]
    assert [("manylinux" in line, "macosx" in line, "cp312" in line) for line in wheels] == [
        (True, False, True), (False, True, True),
    ]  # fmt: skip
    wire = mlenv(root, "check", "--platform", "macos-arm64", "--python", "3.12", "--json", code=None).json()
    assert "not made for this platform" not in json.dumps(wire)
    shutil.rmtree(folder / "osx-arm64")
    world("index", folder, "")
    missing = _error(mlenv(root, "lock", "--upgrade", "--json", code=2))
    assert missing["message"].startswith("osx-arm64: ")
    assert "platforms:" in missing["hint"]


def test_what_is_installed_becomes_a_lock_again(root: Path, channel: str) -> None:
    environment(root, channel, "python", "drawing")
    mlenv(root, "sync")
    lock = root / "conda-lock.yml"
    solved = _rows(lock)
    lock.unlink()
    mlenv(root, "freeze", "--output", "conda-lock.yml")
    assert _rows(lock) == solved
    assert verdict(root) == ("in-step", set())
    assert json.loads(world("differing", lock, root / ".venv", PLATFORM)) == []
    refused = _error(mlenv(root, "freeze", "--json", code=2))
    assert (refused["code"], "--pip" in refused["hint"]) == ("freeze-foreign-lock", True)
    listed = {row["package"]: row["installed"] for row in mlenv(root, "list", "--json").json()["data"]["packages"]}
    assert (listed["graphviz"], listed["libzlib"], listed["drawing"]) == ("2.0", "1.3.1", "1.0")


def _rows(lock: Path) -> list[str]:
    return lock.read_text().partition("package:\n")[2].splitlines()[:-1]


class _Guarded(http.server.SimpleHTTPRequestHandler):
    """A channel that only answers to a token; below ``/slow`` it never answers."""

    def do_GET(self) -> None:
        if self.path.startswith("/slow"):
            time.sleep(60)
        elif not self.path.startswith(f"/t/{TOKEN}/"):
            self.send_error(403)
        else:
            self.path = self.path.removeprefix(f"/t/{TOKEN}")
            super().do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *parts: object) -> None: ...


@pytest.fixture
def server(channel: str) -> Iterator[str]:
    folder = channel.removeprefix("file://")
    serving = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Guarded, directory=folder))
    serving.daemon_threads = True
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}"
    serving.shutdown()


def _condarc(folder: Path, *channels: str) -> Mapping[str, str]:
    path = folder / "condarc"
    path.write_text("channels:\n" + "".join(f"  - {one}\n" for one in channels))
    return {"CONDARC": str(path), "RATTLER_CACHE_DIR": str(folder / "own-cache")}


def test_a_token_is_used_and_never_shown_nor_written(root: Path, server: str, tmp_path: Path, mlenv_home: Path) -> None:
    host = server.removeprefix("http://")
    refused = mlenv(root, "create", "--engine", "conda", code=2, env=_condarc(tmp_path, f"http://{host}/"))
    assert "channel" in refused.stderr
    env = _condarc(tmp_path, f"http://{host}/t/{TOKEN}/")
    made = mlenv(root, "create", "--engine", "conda", "hello=1.0", "--events", env=env)
    wrong = mlenv(root, "add", "nosuch", code=2, env=env)
    assert f"http://{host}" in (root / "environment.yml").read_text()
    assert verdict(root) == ("in-step", set())
    said = made.text + wrong.text
    assert TOKEN not in said
    for folder in (root, mlenv_home, tmp_path / "own-cache"):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert TOKEN.encode() not in path.read_bytes(), path


def test_an_interrupt_ends_the_program_and_leaves_nothing(root: Path, server: str, tmp_path: Path) -> None:
    environment(root, f"{server}/slow", "python")
    before = sorted(path.name for path in root.iterdir())
    running = subprocess.Popen(
        [sys.executable, "-m", "mlenv", "create"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **_condarc(tmp_path)}, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (children := _solving(running.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children
    time.sleep(0.5)  # it is loading, or waits for the channel
    started = time.monotonic()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert time.monotonic() - started < 5
    assert running.returncode != 0
    assert not [pid for pid in children if "conda_program" in _words(pid)]
    assert sorted(path.name for path in root.iterdir() if path.name not in (".mlenv", ".gitignore")) == before
    assert not list((root / ".mlenv").glob("envs/*"))


def _solving(parent: int) -> list[str]:
    """Return the processes below mlenv's that run the program."""
    below = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [pid for pid in below if "conda_program" in _words(pid)]


def _words(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_what_cannot_be_done_is_said_in_a_few_lines(root: Path, channel: str, server: str, tmp_path: Path) -> None:
    """No such package, a conflict, another machine, no network: short, with what to type; nothing is written."""
    environment(root, channel, "python", "hello >=2", "drawing")
    before = (root / "environment.yml").read_text()
    conflict = _error(mlenv(root, "create", "--json", code=2))
    assert conflict["code"] == "conflict"
    assert "hello <2" in conflict["message"]
    assert len(conflict["message"].splitlines()) <= 5
    environment(root, channel, "python", "needs-cuda")
    assert "CONDA_OVERRIDE_CUDA" in _error(mlenv(root, "lock", "--json", code=2))["hint"]
    mlenv(root, "lock", env={"CONDA_OVERRIDE_CUDA": "12.4"})
    missing = _error(mlenv(root, "add", "nosuch", "--json", code=2))
    assert (missing["code"], "--pip nosuch" in missing["hint"]) == ("package-missing", True)
    (root / "conda-lock.yml").unlink()
    environment(root, f"{server}/t/x/", "python")
    far = _error(mlenv(root, "create", "--offline", "--json", code=2, env=_condarc(tmp_path)))
    assert far["code"] == "requirement-secret"
    environment(root, f"{server}/none", "python")
    far = _error(mlenv(root, "create", "--offline", "--json", code=2, env=_condarc(tmp_path)))
    assert far["code"] == "offline-not-cached"
    environment(root, channel, "python", "hello >=2", "drawing")
    assert (root / "environment.yml").read_text() == before
    environment(root, channel, "python", "six=1.16.0", pip="six==1.17.0")
    twice = _error(mlenv(root, "create", "--json", code=2))
    assert twice["code"] == "conflict"
    assert twice["message"] == "the pip: part asks for six==1.17.0, and conda brings six 1.16.0"
    assert "mlenv add 'six==1.17.0'" in twice["hint"]
    assert not (root / ".venv").exists()


def _error(answer: Answer) -> dict[str, str]:
    return dict(answer.json()["error"])
