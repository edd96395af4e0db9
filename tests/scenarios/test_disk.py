"""What environments take on disk: copied or shared, measured as `du` measures, and what may go."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from live_kernel import LiveKernel
from scenarios.real_project import Project, create, mlenv
from scenarios.traces import snapshot

pytestmark = pytest.mark.real

PACKAGES = ("humanize", "attrs", "pygments", "idna")
COPIED = "files are copied, not shared: uv's cache"


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system, in memory."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("not run: no second file system here")
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def own_data(mlenv_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own: these tests prune."""
    monkeypatch.setenv("MLENV_DATA_DIR", str(mlenv_home / "mlenv-data"))
    return mlenv_home / "mlenv-data"


def _du(*folders: Path) -> int:
    """What `du` says that these folders take together, in bytes."""
    done = subprocess.run(["du", "-sc", "-B1", *map(str, folders)], capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1].split()[0])


def _within(measured: int, expected: int, total: int) -> bool:
    return abs(measured - expected) <= 0.05 * total


def _places(project: Project) -> dict[str, dict[str, Any]]:
    data = project.mlenv("doctor", "--disk", "--json").json()["data"]["disk"]
    return {**{one["path"]: one for one in data["places"]}, "total": data}


def test_a_cache_on_another_disk_is_told_and_everything_is_own(
    root: Path, other_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S54: `create` says that files are copied; `doctor --disk` shows the environment's full size as its own."""
    monkeypatch.setenv("UV_CACHE_DIR", str(other_disk / "cache"))
    told = mlenv(root, "create", *PACKAGES).stdout
    assert told.count(f"{COPIED} {other_disk}/cache lies on another file system") == 1
    project = Project(root)
    place = _places(project)[os.path.realpath(project.link)]
    size = _du(Path(os.path.realpath(project.link)))
    assert (place["kind"], place["state"], place["shared_bytes"]) == ("environment", "in use", 0)
    assert _within(place["own_bytes"], size, size)


def test_what_environments_share_with_the_cache_is_not_their_own(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S54: two environments and a cache on one disk: own and shared as `du` tells, within 5 %; the sum counts once."""
    cache = tmp_path / "uv-cache"
    monkeypatch.setenv("UV_CACHE_DIR", str(cache))
    first = create(root / "first", *PACKAGES)
    second = create(root / "second", *PACKAGES)
    (root / "third").mkdir()
    assert COPIED not in mlenv(root / "third", "create", *PACKAGES).stdout
    for project in (first, second):
        place = _places(project)[os.path.realpath(project.link)]
        here = Path(os.path.realpath(project.link))
        size = _du(here)
        own = _du(cache, here) - _du(cache)
        assert _within(place["own_bytes"], own, size), (place, own, size)
        assert _within(place["shared_bytes"], size - own, size), (place, own, size)
        assert place["shared_bytes"] > place["own_bytes"]
    places = _places(first)
    paths = [Path(path) for path in places if path != "total"]
    everything = _du(*(path for path in paths if path.is_dir()))
    assert _within(places["total"]["total_bytes"], everything, everything)
    shown = first.mlenv("doctor", "--disk").stdout
    assert str(cache) in shown
    assert "a file that several of them hold counts once" in shown


@contextlib.contextmanager
def _live(kernel: str, root: Path) -> Iterator[LiveKernel]:
    live = LiveKernel(kernel, root, {}, root.parent / "kernel.log")
    try:
        live.wait()
        yield live
    finally:
        live.stop()


def _generations(project: Project) -> set[str]:
    return {path.name for path in (project.root / ".mlenv" / "envs").iterdir()}


def test_prune_unused_previews_and_removes_only_what_nothing_needs(
    root: Path, own_data: Path, run_cells: Callable[..., Any]
) -> None:
    """S54: what a live kernel uses and what undo needs stays, in other projects, too; sizes; nothing else is touched."""
    project, other = create(root / "one", "six"), create(root / "other", "six")
    with _live(project.kernel, project.root) as live:
        live.run("import six")
        for number in range(3):
            project.mlenv("add", ("idna==3.6", "idna==3.7", "attrs")[number])
        used = _generations(project)
        assert len(used) == 4, "the present one, two for undo, and the kernel's"
        _leave_unfinished(project)
        before = (snapshot(project.root), snapshot(other.root), snapshot(own_data))
        preview = project.mlenv("kernels", "prune", "--unused", "--dry-run", "--json").json()["data"]
        assert (snapshot(project.root), snapshot(other.root), snapshot(own_data)) == before
        done = project.mlenv("kernels", "prune", "--unused", "--json").json()["data"]
        assert done["unused"] == preview["unused"]
        assert [(Path(one["path"]).name, one["kind"]) for one in done["unused"]] == [
            ("half", "unfinished"),
            ("killed", "scratch"),
        ]
        assert done["freed_bytes"] > 100_000
        assert _generations(project) == used
        assert live.run("import six; six.__file__").status == "ok"
    shown = project.mlenv("kernels", "prune", "--unused", "--dry-run").stdout
    assert "would remove" in shown
    assert "would free" in shown
    # Without --unused whole environments stay.
    assert project.mlenv("kernels", "prune").stdout.strip() == "nothing to remove"
    (gone,) = mlenv(other.root, "kernels", "prune", "--unused", "--json").json()["data"]["unused"]
    assert gone["kind"] == "environment"
    assert _generations(project) == used - {Path(gone["path"]).name}
    assert mlenv(root, "kernels", "prune", "--unused").stdout.strip() == "nothing to remove"
    for one in (project, other):
        assert one.mlenv("check", "--json").json()["verdict"] == "in-step"
        (cell,) = run_cells(one.kernel, ["import six"], cwd=one.root)
        assert cell.status == "ok"
    project.mlenv("undo")
    assert project.packages.get("idna") == "3.7"


def _leave_unfinished(project: Project) -> None:
    """Lay down what a killed run leaves: an environment without its ready marker, and intermediate files."""
    half = project.root / ".mlenv" / "envs" / "half"
    half.mkdir()
    (half / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (half / "big").write_bytes(os.urandom(200_000))
    (project.root / ".mlenv" / "work" / "killed").mkdir(parents=True)


def test_what_lies_aside_behind_a_guard_is_never_waste(root: Path, own_data: Path) -> None:
    """Design 6, no links: killed while an environment was made in place; the old one lies aside, and comes back."""
    project = create(root, "six")
    (root / ".mlenv" / "history.json").unlink()
    aside = Path(os.path.realpath(project.link))
    project.link.unlink()
    (root / ".mlenv" / "unfinished.json").write_text(f'{{"link": ".venv", "aside": "envs/{aside.name}"}}')
    assert "removed" not in project.mlenv("kernels", "prune", "--unused").stdout
    assert (aside / "mlenv-ready.json").exists()


def test_what_somebody_works_on_is_left_alone(root: Path, own_data: Path) -> None:
    """S54: a project whose lock is held: said, and nothing of it is removed."""
    project = create(root, "six")
    _leave_unfinished(project)
    code = (
        "import sys, time; from mlenv import store; from pathlib import Path\n"
        "with store.hold(Path(sys.argv[1]), 'add', print): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        answer = project.mlenv("kernels", "prune", "--unused").stdout
    finally:
        holder.kill()
        holder.wait()
    assert "stays as it is: mlenv add" in answer
    assert (root / ".mlenv" / "envs" / "half").is_dir()


def test_a_runtime_of_a_live_kernel_stays_although_its_spec_is_gone(
    root: Path, own_data: Path, mlenv_home: Path
) -> None:
    """S54: never what a live kernel uses: the runtime goes once the kernel has ended."""
    project = create(root, "six")
    with _live(project.kernel, root) as live:
        shutil.rmtree(mlenv_home / "jupyter" / "kernels" / project.kernel)
        (own_data / "trust.json").unlink()
        assert mlenv(root.parent, "kernels", "prune").stdout.strip() == "nothing to remove"
        assert live.run("import IPython.lib.pretty").status == "ok"
    assert "removed the runtime cpython" in mlenv(root.parent, "kernels", "prune").stdout
    assert not list((own_data / "runtimes").glob("cpython*"))
