"""A real JupyterHub with the recipe of examples/hub: two users log in, and work in one locked project's kernel."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.browser import Browser
from hub.machine import CHECKOUT, USERS, Machine, opened
from scenarios.traces import snapshot

pytestmark = pytest.mark.real

RECIPE = CHECKOUT / "examples" / "hub" / "jupyterhub_config.py"
NAMES = ("ada", "ben")
PASSWORD = "only-for-this-test"
WAIT_S = 120


@dataclass(frozen=True)
class Hub:
    url: str
    log: Path

    def browser(self, user: str) -> Browser:
        found = Browser(self.url, user)
        found.login(PASSWORD)
        return found


@pytest.fixture(scope="module")
def hub(machine: Machine, kernel: str) -> Iterator[Hub]:
    """The hub, as root; its users' servers have numbers without accounts."""
    state = opened(machine.folder / "state")
    state.chmod(0o700)
    homes = opened(machine.folder / "home")
    for name, number in zip(NAMES, USERS, strict=True):
        home = opened(homes / name)
        home.chmod(0o700)
        os.chown(home, number, number)
    ports = _free_ports(3)
    told = {"homes": str(homes), "state": str(state), "ports": ports, "password": PASSWORD,
            "users": dict(zip(NAMES, USERS, strict=True))}  # fmt: skip
    own = {"MLENV_HUB": json.dumps(told), "MLENV_HUB_RECIPE": str(RECIPE)}
    path = f"{machine.hub / 'bin'}{os.pathsep}{os.environ['PATH']}"
    log = state / "log"
    argv = [str(machine.hub / "bin" / "jupyterhub"), "-f", str(Path(__file__).with_name("jupyterhub_config.py"))]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            argv, cwd=state, env={**machine.env, **own, "PATH": path}, stdout=stream, stderr=stream,
            start_new_session=True,
        )  # fmt: skip
    try:
        _await(process, f"http://127.0.0.1:{ports[0]}/hub/health", log)
        yield Hub(url=f"http://127.0.0.1:{ports[0]}", log=log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            opener.open(url, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the hub did not come up\n{log.read_text()[-4000:]}")


def test_two_users_work_in_the_projects_kernel(machine: Machine, demo: Path, hub: Hub, kernel: str) -> None:
    """Both list it, start it, run in its prefix with its packages, are in step, and can write nothing of it."""
    before, prefixes = snapshot(demo), set()
    for name, number in zip(NAMES, USERS, strict=True):
        browser = hub.browser(name)
        specs = browser.get("api/kernelspecs")["kernelspecs"]
        assert specs[kernel]["spec"]["display_name"] == "Python (demo)"
        rows = {row["id"]: row for row in browser.get("mlenv/kernels?path=")["kernels"]}
        assert (rows[kernel]["health"], rows[kernel]["shared"]) == ("ok", str(machine.share))
        who, check, write, add = browser.run(
            kernel,
            "import os, sys, six; print(os.getuid(), sys.prefix, six.__version__)",
            "%mlenv check",
            "open(six.__file__, 'a')",
            "%mlenv add humanize",
        )
        uid, prefix, _ = who["text"].split()
        prefixes.add(prefix)
        assert int(uid) == number
        assert check["text"].startswith("in-step: 1 package of pylock.toml, loaded and installed as locked")
        assert "PermissionError" in write["text"]
        assert "kept by root, and you cannot change them" in add["text"]
    assert prefixes == {str(demo / ".venv")}
    assert snapshot(demo) == before


def test_a_users_server_cannot_register_for_others(machine: Machine, hub: Hub, kernel: str) -> None:
    """Neither through REST nor in a notebook, where the system's own rights decide."""
    before = snapshot(machine.spec_folder)
    browser = hub.browser(NAMES[0])
    with pytest.raises(AssertionError, match="400"):
        browser.post("mlenv/jobs", {"verb": "kernels", "path": "", "arguments": ["register"]})
    (said,) = browser.run(kernel, f"%mlenv kernels register --prefix {machine.hub} --project {machine.home(USERS[0])}")
    assert said["status"] == "error"
    assert snapshot(machine.spec_folder) == before


def test_the_hubs_own_environment_holds_no_package_of_a_project(machine: Machine, hub: Hub) -> None:
    code = "import importlib.util as u; print(u.find_spec('humanize'), u.find_spec('mlenv') is not None)"
    done = subprocess.run([str(machine.hub / "bin" / "python"), "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None", "True"]
    listed = hub.browser(NAMES[1]).get("api/kernelspecs")
    assert set(listed["kernelspecs"]) >= {"mlenv", "team-demo"}
    assert "python3" not in listed["kernelspecs"]
    assert listed["default"] == "mlenv"
