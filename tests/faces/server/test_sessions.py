"""The check of a session's kernel: from its spec, its interpreter and the files, on a real server with real kernels."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from faces.server.live_server import LiveServer, children_of
from scenarios.real_project import mlenv
from scenarios.traces import as_weak_user, snapshot

pytestmark = pytest.mark.real

Live = Callable[..., LiveServer]


@pytest.fixture
def root(tmp_path: Path, mlenv_home: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / ".git").mkdir()
    return folder


def spec_of(root: Path) -> dict[str, Any]:
    return {"schema": 1, "project": str(root), "prefix": str(root / ".venv"), "name": root.name, "kernel": root.name}


def test_a_kernel_without_mlenv_is_told_from_files_while_it_is_busy(
    live: Live, root: Path, make_project: Any, add_spec: Any, wheels: Path, uv: str, valid: Any
) -> None:
    """S45: prefix, Python, match state; nothing enters the kernel's environment; the kernel need not answer."""
    project = make_project(root / "demo", {"steady": "1.0"})
    python = project / ".venv" / "bin" / "python"
    # A kernel that speaks to nobody: it can be asked nothing, as one that is busy for hours.
    add_spec("silent", [str(python), "-c", "import time; time.sleep(600)", "{connection_file}"])
    server = live(root=root)
    kernel = server.start_kernel("silent", "demo")
    before = snapshot(project), _times(project)
    report = valid("Report", server.get(f"check?path=demo&kernel={kernel}"))
    assert report["kernel"] == {"prefix": str(project / ".venv"), "name": "silent"}
    assert (report["verdict"], report["environment"]["python"]) == ("in-step", _version(python))
    assert not report["loaded_measured"]
    assert (snapshot(project), _times(project)) == before
    (next((project / ".venv").glob("lib/*/site-packages")) / "steady.py").unlink()
    assert server.get(f"check?path=demo&kernel={kernel}")["verdict"] == "broken"


def _times(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def _version(python: Path) -> str:
    import subprocess

    return subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.split()[1]


def test_a_kernel_of_another_environment_is_a_case_for_switch(
    live: Live, root: Path, make_project: Any, make_venv: Any, add_spec: Any, host_kernel: list[str]
) -> None:
    project = make_project(root / "demo", {"steady": "1.0"})
    link, there = root / "link", make_venv(root / "there")
    link.symlink_to(there)
    add_spec("host", host_kernel)
    add_spec("servers", ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    add_spec("linked", [str(link / "bin" / "python"), "-c", "import time; time.sleep(600)", "{connection_file}"])
    # mlenv's own word counts, not the program's place; links of interpreters and folders are not resolved.
    add_spec("ours", [str(link / "bin" / "python"), "-c", "import time; time.sleep(600)"], spec_of(project))
    server = live(root=root)
    seen = {}
    for name in ("host", "servers", "linked", "ours"):
        report = server.get(f"check?path=demo&kernel={server.start_kernel(name)}")
        seen[name] = (report["verdict"], report["kernel"]["prefix"], report["kernel"]["name"])
    assert seen == {
        "host": ("switch", sys.prefix, "host"),
        "servers": ("switch", sys.prefix, "servers"),
        "linked": ("switch", str(link), "linked"),
        "ours": ("in-step", str(project / ".venv"), "ours"),
    }


def test_a_kernel_that_tells_nothing_is_unknown_and_never_in_step(
    live: Live, root: Path, make_project: Any, add_spec: Any, tmp_path: Path
) -> None:
    project = make_project(root / "demo", {"steady": "1.0", "second": "2.0"}, {"steady": "1.0", "second": "1.0"})
    wrapper = tmp_path / "start-it"
    wrapper.write_text(f"#!/bin/sh\nexec {project}/.venv/bin/python -c 'import time; time.sleep(600)'\n")
    wrapper.chmod(0o755)
    add_spec("wrapped", [str(wrapper), "{connection_file}"])
    server = live(root=root)
    kernel = server.start_kernel("wrapped")
    for report in (
        server.get(f"check?path=demo&kernel={kernel}"),
        server.post("check", {"path": "demo", "kernel": kernel, "loaded": []}),
    ):
        assert (report["verdict"], report["next"]["action"], report["kernel"]) == ("unknown", "none", None)
        assert not report["loaded_measured"]
        assert [row["kind"] for row in report["findings"]] == ["undecidable"]
        assert report["findings"][0]["reason"].startswith("cannot check: wrapped starts start-it")
    assert server.get(f"advice?path=demo&kernel={kernel}&module=six")["action"] == "none"


def test_what_a_kernel_has_loaded_counts_only_where_it_runs_in_the_projects_environment(
    live: Live, root: Path, make_project: Any, add_spec: Any, host_kernel: list[str], valid: Any
) -> None:
    project = make_project(root / "demo", {"steady": "1.0", "second": "2.0"})
    python = str(project / ".venv" / "bin" / "python")
    add_spec("home", [python, "-c", "import time; time.sleep(600)"], spec_of(project))
    add_spec("host", host_kernel)
    server = live(root=root)
    rows = [
        {"name": "second", "version": "1.0", "origin": "environment", "binary": False, "imported": True},
        {"name": "steady", "version": "1.0", "origin": "environment", "binary": False, "imported": True},
    ]
    home, host = server.start_kernel("home"), server.start_kernel("host")
    report = valid("Report", server.post("check", {"path": "demo", "kernel": home, "loaded": rows}))
    assert (report["verdict"], report["loaded_measured"]) == ("restart", True)
    assert [(row["package"], row["loaded"], row["installed"]) for row in report["findings"]] == [
        ("second", "1.0", "2.0")
    ]
    assert server.post("check", {"path": "demo", "kernel": home, "loaded": rows[1:]})["verdict"] == "in-step"
    report = server.post("check", {"path": "demo", "kernel": host, "loaded": rows})
    assert (report["verdict"], report["loaded_measured"]) == ("switch", False)
    assert server.get(f"advice?path=demo&kernel={host}&module=second")["action"] == "switch"
    assert server.get(f"advice?path=demo&kernel={home}&module=second")["action"] == "restart"


def test_the_portable_kernel_runs_where_it_went_when_it_started(
    live: Live, root: Path, make_project: Any, mlenv_home: Path
) -> None:
    """It enters only what this user made or accepted; accepted later, the old process still runs in mlenv's own Python."""
    project = make_project(root / "demo", {"steady": "1.0"})
    server = live(root=root)
    first = server.start_kernel("mlenv", "demo")
    time.sleep(1.5)
    report = server.get(f"check?path=demo&kernel={first}")
    assert (report["verdict"], report["kernel"]) == ("switch", {"prefix": sys.prefix, "name": "mlenv"})
    mlenv(project, "use")
    second = server.start_kernel("mlenv", "demo")
    wanted = {"prefix": str(project / ".venv"), "name": "mlenv"}
    deadline = time.monotonic() + 20
    while server.get(f"check?path=demo&kernel={second}")["kernel"] != wanted and time.monotonic() < deadline:
        time.sleep(0.1)  # the process becomes another one while it starts
    assert server.get(f"check?path=demo&kernel={second}")["kernel"] == wanted
    assert server.get(f"check?path=demo&kernel={first}")["verdict"] == "switch"


def test_many_checks_at_once_are_right_and_do_not_hold_the_server_up(live: Live, root: Path, make_project: Any) -> None:
    make_project(root / "demo", {"steady": "1.0"})
    make_project(root / "other", {"steady": "1.0", "second": "2.0"}, {"steady": "1.0"})
    server = live(root=root)
    with ThreadPoolExecutor(16) as pool:
        asked = [("demo", "in-step"), ("other", "sync")] * 30
        found = list(pool.map(lambda row: server.get(f"check?path={row[0]}")["verdict"], asked))
    assert found == [verdict for _, verdict in asked]


def test_listing_survives_what_cannot_be_read(
    live: Live, root: Path, make_project: Any, add_spec: Any, host_kernel: list[str], mlenv_home: Path, tmp_path: Path
) -> None:
    """S51, on a server: an unreadable folder on Jupyter's path, and a spec that is cut short, hide nothing."""
    add_spec("there", host_kernel)
    unreadable = tmp_path / "unreadable"
    (unreadable / "kernels").mkdir(parents=True)
    (unreadable / "kernels").chmod(0)
    broken = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / "broken"
    broken.mkdir()
    (broken / "kernel.json").write_text("{")
    server = live(root=root, env={"JUPYTER_PATH": str(unreadable)})
    rows = {row["id"]: row for row in server.get("kernels")["kernels"]}
    assert {"there", "broken", "mlenv"} <= set(rows)
    assert rows["broken"]["state"] == "broken-json"
    assert rows["broken"]["advice"]
    (unreadable / "kernels").chmod(0o755)


def test_a_jupyter_folder_that_cannot_be_written_is_told_by_the_job(
    live: Live, root: Path, make_project: Any, add_spec: Any, host_kernel: list[str], tmp_path: Path
) -> None:
    """S51: reading goes on; the job names the variable to set, or another legal place was used and is told."""
    make_project(root / "demo", {"steady": "1.0"})
    data = tmp_path / "read-only"
    (data / "kernels").mkdir(parents=True)
    (data / "kernels").chmod(0o555)
    data.chmod(0o555)
    server = live(root=root, env={"JUPYTER_DATA_DIR": str(data)}, before=as_weak_user())
    assert server.get("check?path=demo")["verdict"] == "in-step"
    assert server.get("kernels?path=demo")["kernels"]
    job = server.run_job("use", "demo")
    if job["state"] == "failed":
        assert "JUPYTER_DATA_DIR" in job["error"]["hint"] + job["error"]["message"]
    else:
        (told,) = [line for line in job["outcome"]["lines"] if "cannot be written; the kernel lies in" in line]
        # That is the tests' own environment: what stays there is every later test's.
        shutil.rmtree(told.split("the kernel lies in ")[1])
    data.chmod(0o755)


def test_two_servers_of_two_users_share_nothing(
    live: Live, root: Path, make_project: Any, tmp_path: Path, mlenv_home: Path
) -> None:
    """S51: two servers on one machine, each with a root of its own: jobs of one are nowhere in the other."""
    make_project(root / "demo", {"steady": "1.0"})
    other = tmp_path / "other-root"
    (other / ".git").mkdir(parents=True)
    before = {path.name for path in Path("/tmp").iterdir()}
    one, two = live(root=root, base="/user/anna/"), live(root=other, base="/user/ben/", token="another")
    job = one.run_job("lock", "demo", options={"--offline": True, "--dry-run": True})
    assert one.get("jobs")["jobs"][0]["id"] == job["id"]
    assert two.call("GET", "jobs", token="another").json["jobs"] == []
    assert two.call("GET", f"jobs/{job['id']}", token="another").status == 404
    assert two.call("GET", "jobs", token=one.token).status == 403
    assert two.call("GET", "project?path=demo", token="another").code == "path-missing"
    new = {name for name in {path.name for path in Path("/tmp").iterdir()} - before if "mlenv" in name}
    assert new == set()
    assert children_of(two.process.pid) == []


def test_no_answer_of_a_read_changes_a_file_of_the_environment(
    live: Live, root: Path, make_project: Any, wheels: Path
) -> None:
    make_project(root / "demo", {"steady": "1.0"})
    server = live(root=root)
    before = snapshot(root), _times(root)
    for route in ("about", "project", "projects", "environments", "kernels", "pythons", "packages", "check", "jobs"):
        server.get(f"{route}?path=demo")
    server.get("advice?path=demo&module=second")
    server.post("check", {"path": "demo", "kernel": None, "loaded": None})
    assert (snapshot(root), _times(root)) == before


def test_a_kernel_on_another_machine_is_not_taken_for_one_of_this(
    live: Live, root: Path, make_project: Any, add_spec: Any, host_kernel: list[str], tmp_path: Path
) -> None:
    """A gateway's kernel has a spec like any other, and its paths are another machine's."""
    project = make_project(root / "demo", {"steady": "1.0"})
    python = str(project / ".venv" / "bin" / "python")
    add_spec("far", [python, "-c", "import time; time.sleep(600)"], spec_of(project))
    gateway = live(root=tmp_path / "far-root", token="of-the-gateway")
    address = f"--GatewayClient.url=http://127.0.0.1:{gateway.port}"
    server = live(address, "--GatewayClient.auth_token=of-the-gateway", root=root)
    kernel = server.start_kernel("far", "")
    for report in (
        server.get(f"check?path=demo&kernel={kernel}"),
        server.post("check", {"path": "demo", "kernel": kernel, "loaded": []}),
    ):
        assert (report["verdict"], report["loaded_measured"]) == ("unknown", False)
        assert report["findings"][0]["reason"].startswith("cannot check: it runs on another machine")
    server.stop()
