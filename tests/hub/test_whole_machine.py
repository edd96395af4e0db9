"""A kernel for every user of a machine: all can run it, none can change it, and nothing that others could change runs."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.machine import USERS, Machine, opened, uv
from scenarios.traces import snapshot

pytestmark = pytest.mark.real


def _open_to_all(folder: Path) -> bool:
    modes = [path.lstat() for path in (folder, *folder.rglob("*")) if not path.is_symlink() and path.name != ".lock"]
    return all(one.st_mode & stat.S_IROTH and not one.st_mode & 0o022 for one in modes)


def test_two_users_run_one_kernel_that_neither_can_change(machine: Machine, demo: Path, kernel: str) -> None:
    """Prefix, package and verdict are right for both; whatever changes the project is refused in one sentence."""
    before = snapshot(demo)
    assert _open_to_all(machine.share)
    assert _open_to_all(machine.spec_folder / kernel)
    told = (machine.spec_folder / kernel / "kernel.json").read_text() + (machine.share / "launcher.json").read_text()
    assert str(machine.folder / "admin") not in told
    for user in USERS:
        prefix, check, write, add, sync, listed = machine.cells(
            user, kernel,
            "import sys, six; print(sys.prefix, six.__file__)", "%mlenv check",
            "open(sys.prefix + '/mine', 'w')", "%mlenv add humanize", "%mlenv sync", "%mlenv kernels",
        )  # fmt: skip
        assert prefix["text"].split()[0] == str(demo / ".venv")
        assert str(demo) in prefix["text"].split()[1]
        assert check["text"].startswith("in-step: 1 package of pylock.toml, loaded and installed as locked")
        assert "PermissionError" in write["text"]
        for refused, verb in ((add, "add"), (sync, "sync")):
            assert refused["status"] == "error"
            assert "kept by root, and you cannot change them" in refused["text"]
            assert f"ask whoever keeps them to type: %mlenv {verb}; for one of your own" in refused["text"]
        assert f"{kernel}: for every user, in" in listed["text"]
        assert "kept by root: you can use it, and not change it" in listed["text"]
    assert snapshot(demo) == before


def test_an_environment_in_use_by_another_user_stays(machine: Machine, demo: Path, kernel: str) -> None:
    """A kernel that cannot write beside its environment holds it all the same: no change takes it away."""
    from mlenv import generations

    generation = os.path.basename(os.readlink(demo / ".venv"))
    assert not generations.in_use(demo, generation)
    script = "import time; print('up', flush=True); time.sleep(60)"
    argv = [str(machine.hub / "bin" / "python"), str(machine.folder / "as_user.py"), kernel, script]
    machine.cells(USERS[0], kernel, "1")  # the script lies there now
    live = subprocess.Popen(argv, env=machine.user_env(USERS[0]), user=USERS[0], group=USERS[0], extra_groups=[])
    try:
        assert _within(30, lambda: generations.in_use(demo, generation))
    finally:
        live.terminate()
        live.wait(timeout=10)


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def test_a_user_is_told_what_only_the_keeper_can_do(machine: Machine, demo: Path, kernel: str) -> None:
    """An environment that drifted: the verdict holds for all, its next action is not one that can only fail."""
    (six,) = (demo / ".venv").resolve().glob("lib/*/site-packages/six-*.dist-info")
    aside = machine.folder / six.name
    shutil.move(six, aside)
    try:
        (check,) = machine.cells(USERS[0], kernel, "r = %mlenv check\nprint(r.verdict, [r.next.command])\nr")
        assert check["text"].splitlines()[0] == "sync ['']"
        assert "root keeps this project, and you cannot change it: ask for %mlenv sync" in check["text"]
        said = machine.user(USERS[1], demo, "check", code=1).stdout
        assert "ask for mlenv sync" in said
        assert "next: mlenv sync" not in said
        assert json.loads(machine.admin(demo, "check", "--json", code=1).stdout)["next"]["command"] == "mlenv sync"
    finally:
        shutil.move(aside, six)


@pytest.fixture
def place(machine: Machine, demo: Path) -> Iterator[Path]:
    """Another prefix to register in."""
    folder = opened(machine.folder / "opt" / "other")
    yield folder
    shutil.rmtree(folder)


def _site(demo: Path) -> Path:
    return next((demo / ".venv").resolve().glob("lib/*/site-packages"))


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ("world-writable", "environment-shared-writable", "every user may write it"),
        ("group-writable", "environment-shared-writable", "its group may write it"),
        ("another's", "environment-shared-writable", "it belongs to another user (number 41001)"),
        ("unreadable", "environment-closed", "other users cannot read it"),
        ("closed", "environment-closed", "other users cannot enter it"),
        ("open place", "place-unfit", "every user may write it"),
    ],
)
def test_what_is_unsafe_or_useless_for_others_is_refused_and_the_hint_mends_it(
    machine: Machine, demo: Path, place: Path, wrong: str, code: str, says: str
) -> None:
    """Each names the file and what to type; nothing is written, and what it says to type works."""
    file = _site(demo) / "six.py"
    culprit = {"closed": demo.parent, "open place": place, "group-writable": _site(demo)}.get(wrong, file)
    if culprit == file:  # uv's cache has the same file
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content)
        file.chmod(0o644)
    _spoil(culprit, wrong)
    try:
        told = machine.admin(demo, "kernels", "register", "--prefix", str(place), "--json", code=2)
        error = json.loads(told.stdout)["error"]
        assert (error["code"], error["where"]) == (code, str(culprit))
        assert says in error["message"]
        assert list(place.iterdir()) == []
        subprocess.run(error["hint"].split(";")[0], shell=True, check=True)
        said = machine.admin(demo, "kernels", "register", "--prefix", str(place), "--dry-run").stdout
        assert "would register .venv as the kernel demo-" in said
        assert list(place.iterdir()) == []
    finally:
        os.chown(culprit, 0, 0)
        culprit.chmod(0o644 if culprit == file else 0o755)


def test_a_python_that_only_the_administrator_can_reach_is_refused_by_name(machine: Machine, place: Path) -> None:
    """As uv's own Pythons are, in the home of root."""
    root, hidden = opened(machine.folder / "srv" / "hidden"), machine.folder / "hidden"
    uv("venv", "--quiet", "--python", machine.env["MLENV_CREATE_PYTHON"], str(root / ".venv"), env=machine.env)
    python = root / ".venv" / "bin" / "python"
    (hidden / "bin").mkdir(parents=True, mode=0o755)
    shutil.copy(python.resolve(), hidden / "bin" / "python3")
    python.unlink()
    python.symlink_to(hidden / "bin" / "python3")
    hidden.chmod(0o700)
    told = machine.admin(root, "kernels", "register", "--prefix", str(place), "--json", code=2)
    error = json.loads(told.stdout)["error"]
    assert error["code"] == "environment-closed"
    assert "the environment's Python lies where other users cannot go" in error["message"]
    assert error["where"] == str(hidden)
    assert error["hint"].startswith("mlenv create --python /usr/bin/python3")


def _spoil(path: Path, wrong: str) -> None:
    if wrong == "group-writable":
        os.chown(path, 0, 41002)
        path.chmod(0o775)
    elif wrong == "another's":
        os.chown(path, 41001, 0)
    else:
        path.chmod({"world-writable": 0o646, "unreadable": 0o600, "closed": 0o700, "open place": 0o777}[wrong])


def test_a_kernel_of_an_environment_that_others_can_write_does_not_run(
    machine: Machine, demo: Path, kernel: str
) -> None:
    """It was safe when it was registered: a file that anybody may write later is not run in another user's name."""
    file = _site(demo).parent
    file.chmod(0o777)
    try:
        (refused,) = machine.cells(USERS[0], kernel, "print('ran', 40 + 2)")
        assert "ran 42" not in refused["text"]
        assert "It belongs to root, and others could change what it runs in your name" in refused["text"]
        assert f"chmod -R go-w {file}" in refused["text"]
    finally:
        file.chmod(0o755)
    (ran,) = machine.cells(USERS[0], kernel, "print('ran', 40 + 2)")
    assert "ran 42" in ran["text"]


def test_one_users_environment_runs_for_another_only_where_it_is_safe(
    machine: Machine, demo: Path, kernel: str
) -> None:
    """A user's own environment runs for that user whatever its modes."""
    root, owner, other = opened(machine.folder / "srv" / "theirs"), *USERS
    uv("venv", "--quiet", "--python", machine.env["MLENV_CREATE_PYTHON"], str(root / ".venv"), env=machine.env)
    for path in (root, *root.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)
    (root / ".venv" / "lib").chmod(0o777)
    spec = json.loads((machine.spec_folder / kernel / "kernel.json").read_text())
    spec["argv"] = [part.replace(str(demo), str(root)) for part in spec["argv"]]
    folder = opened(machine.spec_folder / "theirs")
    (folder / "kernel.json").write_text(json.dumps({**spec, "metadata": {}}))
    (ran,) = machine.cells(owner, "theirs", "import sys; print('ran', sys.prefix)")
    assert ran["text"].startswith(f"ran {root}")
    (refused,) = machine.cells(other, "theirs", "import sys; print('ran', sys.prefix)")
    assert "It belongs to another user (number 41001), and others could change what it runs" in refused["text"]
    assert f"ran {root}" not in refused["text"]
    (root / ".venv" / "lib").chmod(0o755)
    (ran,) = machine.cells(other, "theirs", "import sys; print('ran', sys.prefix)")
    assert ran["text"].startswith(f"ran {root}")
    shutil.rmtree(folder)


def _others_follow_what_the_keeper_changes(machine: Machine, root: Path) -> None:
    """A running kernel keeps what it has and says that a restart is due; what the next start needs is there by then."""
    launcher = machine.share / "launcher.json"
    before = launcher.read_text()
    home, flag = machine.home(USERS[0]), machine.folder / "changed"
    wait = f"import os, time\nopen('up', 'w')\nwhile not os.path.exists({str(flag)!r}): time.sleep(0.1)"
    show = "r = %mlenv check\nprint(r.verdict, r.next.command, six.__version__, os.path.exists(six.__file__))"
    with ThreadPoolExecutor(1) as aside:
        running = aside.submit(machine.cells, USERS[0], "team-gone", f"import six\n{wait}", show)
        try:
            assert _within(60, (home / "up").exists)
            launcher.write_text(before.replace('"version": "', '"version": "before '))
            machine.admin(root, "add", "six==1.16.0")
        finally:
            flag.touch()
        assert running.result()[1]["text"].splitlines()[0] == "restart mlenv restart 1.17.0 True"
    assert launcher.read_text() == before
    (ran,) = machine.cells(USERS[0], "team-gone", "import six; print(six.__version__)")
    assert ran["text"] == "1.16.0\n"


def test_users_leave_it_alone_and_the_administrator_removes_it(machine: Machine, kernel: str) -> None:
    """repair and delete: a reason for who may not; by who may, only what another kernel needs stays."""
    root = opened(machine.folder / "srv" / "gone")
    machine.admin(root, "create", "six==1.17.0", "--python", machine.env["MLENV_CREATE_PYTHON"])
    machine.admin(root, "kernels", "register", "--prefix", str(machine.hub), "--name", "team-gone")
    _others_follow_what_the_keeper_changes(machine, root)
    before = snapshot(machine.spec_folder)
    assert "team-gone: for every user, kept by root" in machine.user(USERS[0], root, "kernels", "repair").stdout
    named = machine.user(USERS[0], root, "kernels", "repair", "team-gone", code=2).stderr
    assert "is there for every user of this machine, and kept by root; it stays as it is" in named
    assert "kept by root" in machine.user(USERS[0], root, "delete", "--yes", code=2).stderr
    assert "team-gone" not in machine.user(USERS[0], root, "kernels", "prune").stdout
    assert snapshot(machine.spec_folder) == before
    assert "team-gone" in machine.admin(root, "kernels", "repair", "team-gone").stdout
    assert "team-gone (for every user)" in machine.admin(root, "delete", "--yes").stdout
    assert not (machine.spec_folder / "team-gone").exists()
    (ran,) = machine.cells(USERS[0], kernel, "print('ran')")
    assert ran["text"] == "ran\n"


def test_prune_removes_the_kernel_of_a_project_that_is_gone_and_all_that_it_needed(
    machine: Machine, place: Path
) -> None:
    """By the administrator; a user is told whose it is. The prefix is on nobody's path, and is remembered."""
    root = opened(machine.folder / "srv" / "short")
    uv("venv", "--quiet", "--python", machine.env["MLENV_CREATE_PYTHON"], str(root / ".venv"), env=machine.env)
    machine.admin(root, "kernels", "register", "--prefix", str(place), "--name", "team-short")
    assert "team-short" in machine.admin(machine.folder, "kernels").stdout
    shutil.rmtree(root)
    argv = [
        "env",
        f"JUPYTER_PATH={place / 'share' / 'jupyter'}",
        str(machine.hub / "bin" / "mlenv"),
        "kernels",
        "prune",
    ]
    said = machine.as_user(USERS[0], argv, machine.home(USERS[0])).stdout
    assert "team-short stays" in said
    assert "ask whoever keeps it" in said
    assert "removed team-short" in machine.admin(machine.folder, "kernels", "prune").stdout
    assert not (place / "share" / "mlenv").exists()
    assert list((place / "share" / "jupyter" / "kernels").iterdir()) == []
    assert "team-short" not in machine.admin(machine.folder, "kernels").stdout


def test_system_is_where_every_jupyter_of_the_machine_looks(machine: Machine, demo: Path) -> None:
    """In a mount namespace of its own: the machine's system folder stays as it is."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("not run: this machine gives no mount namespace")
    mlenv = machine.hub / "bin" / "mlenv"
    lines = [
        "mount -t tmpfs -o mode=755 tmpfs /usr/local/share",
        f"{mlenv} kernels register --system --name team-system",
        "ls /usr/local/share/jupyter/kernels /usr/local/share/mlenv",
        f"cd {machine.home(USERS[0])}",
        f"env -i HOME={machine.home(USERS[0])} PATH=/usr/bin:/bin setpriv --reuid {USERS[0]} --regid {USERS[0]}"
        f" --clear-groups {mlenv} kernels list",
    ]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", "\n".join(lines)], cwd=demo, env=machine.env,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "launcher.py" in done.stdout
    assert "team-system  ok, for every user" in " ".join(done.stdout.split()).replace("team-system ", "team-system  ")
    machine.admin(demo, "kernels", "prune")  # the place is gone with the namespace, and is forgotten


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--prefix", "nowhere"), "folder-missing", "there is no folder at this prefix"),
        (("--prefix", ".", "--system"), "usage", "exclude each other"),
        (("extra",), "usage", "takes no arguments"),
        (("--prefix", ".", "--name", "../x"), "kernel-name", "is not a legal kernel name"),
    ],
)
def test_what_is_typed_wrong(machine: Machine, demo: Path, words: tuple[str, ...], code: str, says: str) -> None:
    told = machine.admin(demo, "kernels", "register", *words, "--json", code=2)
    error = json.loads(told.stdout)["error"]
    assert error["code"] == code
    assert says in error["message"]
    assert error["hint"]


def test_a_user_registers_for_everybody_only_where_that_user_may_write(machine: Machine, demo: Path) -> None:
    """The system's own rights decide, before anything is made."""
    said = machine.user(USERS[0], demo, "kernels", "register", "--prefix", str(machine.hub), code=2).stderr
    assert "only who keeps this folder can register kernels for every user" in said
    assert list(machine.home(USERS[0]).glob(".local/share/mlenv/runtimes/*/runtime.json")) == []


def test_without_a_place_it_registers_for_oneself(machine: Machine, demo: Path) -> None:
    own = json.loads(machine.admin(demo, "kernels", "register", "--json", "--name", "own-demo").stdout)
    assert own["kernel"] == "own-demo"
    assert own["data"]["folder"].startswith(str(machine.folder / "admin"))
