"""What mlenv promises of a project: two at once, killed, previewed, undone, in awkward places, without mlenv."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, create, mlenv
from scenarios.traces import as_weak_user, snapshot, uv

pytestmark = pytest.mark.real


def _started(root: Path, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "mlenv", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, cwd=root, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)


def test_two_syncs_at_once_both_end_well_and_one_waited(root: Path) -> None:
    """Promise 3: started within 100 ms; both status 0; one says that it waited; the environment is whole."""
    project = create(root, "six")
    text = (root / "pyproject.toml").read_text()
    (root / "pyproject.toml").write_text(text.replace('"six"', '"six", "idna", "attrs", "humanize"'))
    runs = [_started(root, "sync") for _ in range(2)]
    ends = [run.communicate(timeout=200) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], ends
    assert sum("waiting for mlenv sync" in err for _, err in ends) == 1, ends
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
    assert set(project.packages) == {"six", "idna", "attrs", "humanize"}
    assert all(list(path.glob("RECORD")) for path in project.site.glob("*.dist-info"))


def test_the_same_creates_at_once_build_one_environment(root: Path) -> None:
    """Promise 3: the others use the result of the first, and one more `create` with the same packages is in step."""
    runs = [_started(root, "create", "six", "idna") for _ in range(3)]
    ends = [run.communicate(timeout=200) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], ends
    assert "(as it was)" in mlenv(root, "create", "six", "idna").stdout
    assert len(list((root / ".mlenv" / "envs").iterdir())) == 1


def test_a_killed_create_leaves_nothing_that_looks_complete_and_the_next_heals(root: Path) -> None:
    """Promises 1 and 3: SIGKILL of everything at a random moment: no environment or a whole one; `create` heals."""
    began = time.monotonic()
    create(root / "measure", "six", "idna", "attrs")
    whole = time.monotonic() - began
    chance = random.Random(20)
    for number in range(4):
        folder = root / f"run-{number}"
        folder.mkdir()
        argv = [sys.executable, "-m", "mlenv", "create", "six", "idna", "attrs"]
        run = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0.2, 0.9) * whole)
        run.send_signal(signal.SIGKILL)
        run.wait()
        if (folder / ".venv").exists():
            modules = "import six, idna, attrs"
            done = subprocess.run([str(folder / ".venv/bin/python"), "-c", modules], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        healed = Project(folder, str(mlenv(folder, "create", "six", "idna", "attrs", "--json").json()["kernel"]))
        assert healed.mlenv("check", "--json").json()["verdict"] == "in-step"
        assert set(healed.packages) == {"six", "idna", "attrs"}


CHANGING = (
    "create idna",
    "add idna",
    "remove six",
    "sync",
    "lock --upgrade",
    "upgrade",
    "freeze",
    "undo",
    "delete --yes",
    "kernels prune",
    "kernels repair",
    "use .venv",
)


def test_a_dry_run_changes_nothing(root: Path, mlenv_home: Path) -> None:
    """`--dry-run` of every verb that changes something: project and kernels stay; something is told."""
    project = create(root, "six")
    project.mlenv("add", "attrs")
    uv("pip", "install", "-q", "--python", str(project.python), "iniconfig==2.0.0")
    before = (snapshot(root), snapshot(mlenv_home / "jupyter"))
    for line in CHANGING:
        answer = project.mlenv(*line.split(), "--dry-run")
        assert answer.stdout.strip(), line
        assert (snapshot(root), snapshot(mlenv_home / "jupyter")) == before, line


def test_a_dry_run_of_a_new_project_leaves_an_empty_folder(root: Path) -> None:
    """`create --dry-run` where nothing is yet."""
    assert "six" in mlenv(root, "create", "six", "--dry-run").stdout
    assert list(root.iterdir()) == []


def test_undo_brings_an_adopted_environment_back(root: Path) -> None:
    """A real .venv of `python -m venv` with packages, and the files as they were."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    uv("pip", "install", "-q", "--python", str(root / ".venv" / "bin" / "python"), "idna==3.6", "iniconfig")
    (root / "requirements.txt").write_text("idna\n")
    project = Project(root)
    environment, manifest = snapshot(root / ".venv"), (root / "requirements.txt").read_bytes()
    project.mlenv("add", "six")
    assert (root / ".venv").is_symlink()
    assert "six" in project.packages
    project.mlenv("undo")
    assert not (root / ".venv").is_symlink()
    assert snapshot(root / ".venv") == environment
    assert (root / "requirements.txt").read_bytes() == manifest
    assert not (root / "pylock.toml").exists()
    done = subprocess.run([str(project.python), "-c", "import idna, iniconfig"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_full_cycle_in_an_awkward_path(root: Path, start_kernel: Callable[..., Any]) -> None:
    """S55: spaces, quotes, $, & and unicode: create, kernel run, add (with and without quotes), freeze, remove."""
    project = create(root / """a b'c"d$HOME&x;ü (1)""", "six")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("import six, sys; print(sys.prefix)").stdout.strip() == str(project.link)
    for line in ('%mlenv add "attrs>=23,<25"', "%mlenv add attrs>=23,<25"):
        done = kernel.run(line)
        assert done.status == "ok", done.text
    assert project.packages["attrs"].startswith("24")
    assert kernel.run("!python -c 'import attrs, sys; print(sys.prefix)'").stdout.strip() == str(project.link)
    project.mlenv("freeze")
    project.mlenv("remove", "six")
    assert set(project.packages) == {"attrs"}
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
    names = {path.name for path in project.root.iterdir()}
    assert names == {".gitignore", ".mlenv", ".venv", "pylock.toml", "pyproject.toml"}


def test_a_project_installs_without_mlenv(root: Path, make_venv: Callable[..., Path]) -> None:
    """S61: `pip install -r` and uv from what freeze wrote; nothing of mlenv's in any file."""
    project = create(root, "humanize", "idna")
    project.mlenv("freeze", "--format", "requirements", "--output", "requirements.txt")
    written = "".join(project.files.values()).lower()
    own = ("ipykernel", "jupyter", "ipython", "traitlets", "pyzmq", "tornado", "platformdirs")
    assert not [name for name in own if name in written]
    rows = [line for line in (root / "requirements.txt").read_text().splitlines() if line and line[0] not in "# "]
    assert {row.partition("==")[0] for row in rows} == {"humanize", "idna"}
    elsewhere = root.parent / "elsewhere"
    plain = make_venv(elsewhere / "pip", None, pip=True)
    pip = [str(plain / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(root / "requirements.txt")]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    for name, file in (("uv-requirements", "requirements.txt"), ("uv-pylock", "pylock.toml")):
        other = make_venv(elsewhere / name, None)
        uv("pip", "install", "-q", "--python", str(other / "bin" / "python"), "-r", str(root / file))
        assert os.path.isdir(Project(elsewhere).root / name)
    for prefix in elsewhere.iterdir():
        code = "import humanize, idna"
        assert subprocess.run([str(prefix / "bin" / "python"), "-c", code], capture_output=True).returncode == 0
        assert not list(prefix.glob("lib/*/site-packages/mlenv*"))


def test_a_manifest_that_lies_elsewhere_is_named_and_not_written(root: Path) -> None:
    """Promise 7: `pyproject.toml` is a link to a file outside: `add` stops at once, names it, changes nothing."""
    create(root, "six")
    shared = root.parent / "shared.toml"
    (root / "pyproject.toml").rename(shared)
    (root / "pyproject.toml").symlink_to(shared)
    before = snapshot(root.parent)
    answer = mlenv(root, "add", "idna", code=2)
    assert f"pyproject.toml leads to {shared}, outside the project; nothing was written" in answer.stderr
    assert snapshot(root.parent) == before
    assert mlenv(root, "check", "--json").json()["verdict"] == "in-step"


def test_a_read_only_project_is_refused_before_any_work(root: Path) -> None:
    """Promise 5: the lock that lies there can be opened, the folder may not be written; checking goes on."""
    project = create(root, "six")
    for folder in (root / ".mlenv", root):
        folder.chmod(0o555)
    before = snapshot(root)
    try:
        for words, status in ((("add", "idna", "--json"), 2), (("undo", "--json"), 2), (("check", "--json"), 0)):
            argv = [*as_weak_user(), sys.executable, "-m", "mlenv", *words]
            done = subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=60)
            assert done.returncode == status, done
            if status:
                error = json.loads(done.stdout)["error"]
                assert error["code"] == "not-writable"
                assert error["hint"]
    finally:
        for folder in (root, root / ".mlenv"):
            folder.chmod(0o755)
    assert snapshot(root) == before
    assert project.packages == {"six": project.packages["six"]}
