"""A live kernel while its environment changes again and again, is interrupted, or loses what it has loaded."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, child_processes, create

pytestmark = pytest.mark.real

CHECK = (
    "r = %mlenv check\n"
    "print(r.verdict, sorted((f.kind, f.package, f.locked, f.installed, f.loaded) for f in r.findings))"
)


def test_what_a_live_kernel_has_in_memory_stays_whole_over_many_changes(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """Only two earlier environments are kept, and one that a live kernel imported from is never removed."""
    project = create(tmp_path / "demo", "idna", "attrs")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("import idna, attr, os; first = os.path.dirname(idna.__file__)").status == "ok"
    for name in ("six", "iniconfig", "humanize", "packaging"):
        added = kernel.run(f"%mlenv add {name}")
        assert added.status == "ok", added.text
        assert "no restart needed" in added.text
        assert kernel.run(f"import {name}; print({name}.__file__)").status == "ok"
    late = kernel.run("import idna.codec; print(os.path.dirname(idna.codec.__file__) == first)")
    assert late.stdout == "True\n", late.text
    assert kernel.run(CHECK).stdout == "in-step []\n"
    kernel.stop()
    assert project.mlenv("add", "wcwidth").code == 0
    assert len(list((project.root / ".mlenv" / "envs").iterdir())) <= 3


def test_a_package_that_is_removed_while_it_is_loaded_needs_a_restart(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """What is in memory and no longer on disk is named, until the kernel starts anew."""
    project = create(tmp_path / "demo", "idna==3.7", "six")
    kernel = start_kernel(project.kernel, cwd=project.root)
    kernel.run("import idna")
    removed = kernel.run("%mlenv remove idna")
    assert removed.status == "ok", removed.text
    assert "restart needed: idna 3.7 in memory" in removed.text
    assert kernel.run(CHECK).stdout == "restart [('restart', 'idna', None, None, '3.7')]\n"
    kernel.restart()
    assert kernel.run("import idna").ename == "ModuleNotFoundError"
    assert kernel.run(CHECK).stdout == "in-step []\n"


def test_an_interrupt_at_any_moment_leaves_the_old_state_or_the_new_one(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """S19's honest state: never half of a change; the same line typed again ends well."""
    project = create(tmp_path / "demo", "idna")
    kernel = start_kernel(project.kernel, cwd=project.root)
    old = (project.files, project.packages)
    for delay in (0.2, 0.5, 0.8, 1.1, 1.5, 2.0):
        with ThreadPoolExecutor(1) as pool:
            cell = pool.submit(kernel.run, "%mlenv add six")
            time.sleep(delay)
            started = time.monotonic()
            if not cell.done():
                kernel.interrupt()
            done = cell.result(timeout=20)
        assert time.monotonic() - started < 2.5, done.text
        now = (project.files, project.packages)
        if now == old:
            assert done.ename == "KeyboardInterrupt", done.text
        else:
            assert set(now[1]) == {"idna", "six"}
        assert kernel.run(CHECK).stdout == "in-step []\n"
        assert project.mlenv("check", "--deep").code == 0
        assert [text for text in child_processes(str(project.root)) if "launcher.py" not in text] == []
        if now != old:
            assert kernel.run("%mlenv undo").status == "ok"
            assert (project.files, project.packages) == old
    assert kernel.run("%mlenv add six").status == "ok"
    assert kernel.run("import six").status == "ok"


def test_a_verb_that_waits_for_another_is_interrupted_as_quickly(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """Waiting for the project's lock is said, and ends at once; the holder is not disturbed."""
    project = create(tmp_path / "demo", "idna")
    kernel = start_kernel(project.kernel, cwd=project.root)
    code = (
        "import sys, time; from pathlib import Path; from mlenv import store\n"
        "with store.hold(Path(sys.argv[1]), 'sync', print): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(project.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin
    assert holder.stdout
    try:
        assert holder.stdout.readline() == "held\n"
        with ThreadPoolExecutor(1) as pool:
            cell = pool.submit(kernel.run, "%mlenv add six")
            time.sleep(6)  # a loaded machine takes its time to start the verb
            assert not cell.done()
            started = time.monotonic()
            kernel.interrupt()
            done = cell.result(timeout=20)
        assert time.monotonic() - started < 2
        assert done.ename == "KeyboardInterrupt"
        assert "wait" in done.text or "interrupted" in done.text
        assert any("wait" in str(output["data"]) for output in done.outputs[:-1])
        assert holder.poll() is None
    finally:
        holder.stdin.close()
        holder.wait(10)
    assert kernel.run("%mlenv add six").status == "ok"
    assert "six" in project.packages


def test_what_a_terminal_adds_is_there_in_the_next_cell(tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """A change made by another program is followed before a cell runs, and told after it."""
    project = create(tmp_path / "demo", "idna==3.6")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("import idna").status == "ok"
    assert kernel.run(CHECK).stdout == "in-step []\n"
    project.mlenv("add", "six")
    imported = kernel.run("import six")
    assert imported.status == "ok", imported.text
    assert imported.text == ""
    project.mlenv("add", "idna==3.7")
    told = kernel.run("1 + 1")
    assert "idna" in told.text
    assert "%mlenv restart" in told.text
    assert kernel.run("1 + 1").text == "2"
    assert kernel.run(CHECK).stdout == "restart [('restart', 'idna', '3.7', '3.7', '3.6')]\n"
    project.mlenv("undo")
    cells = []
    while "in step again" not in "".join(cells) and len(cells) < 20:  # what the lock asks for now is read aside
        cells.append(kernel.run("import time; time.sleep(0.3)").text)
    assert "in step again" in cells[-1]
    assert kernel.run("import six").status == "ok"


def test_what_a_terminal_adds_before_the_first_cell_is_there(tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """A kernel that was started before the change and has run nothing yet imports from the new environment."""
    project = create(tmp_path / "demo", "idna==3.6")
    kernel = start_kernel(project.kernel, cwd=project.root)
    project.mlenv("add", "six", "idna==3.7")
    imported = kernel.run("import six, idna; print(idna.__version__)")
    assert imported.stdout == "3.7\n", imported.text
    assert kernel.run(CHECK).stdout == "in-step []\n"


def test_the_kernel_of_somebody_elses_environment_tells_the_first_change_rightly(
    tmp_path: Path, start_kernel: Callable[..., Any], make_venv: Callable[..., Path]
) -> None:
    """An environment that mlenv did not make is adopted by the first change from its own kernel, and comes back."""
    project = Project(tmp_path / "demo")
    make_venv(project.link, None, "idna==3.6", "six")
    (project.root / "requirements.in").write_text("idna\nsix\n")
    used = project.mlenv("use", "--json").json()
    kernel = start_kernel(used["kernel"], cwd=project.root)
    assert kernel.run("import idna; print(idna.__version__)").stdout == "3.6\n"
    added = kernel.run("%mlenv add iniconfig idna==3.7")
    assert added.status == "ok", added.text
    assert "restart needed: idna 3.6 in memory, 3.7 on disk" in added.text
    assert kernel.run(CHECK).stdout == "restart [('restart', 'idna', '3.7', '3.7', '3.6')]\n"
    kernel.restart()
    assert kernel.run("import iniconfig, idna; print(idna.__version__)").stdout == "3.7\n"
    assert kernel.run(CHECK).stdout == "in-step []\n"
    assert kernel.run("%mlenv undo").status == "ok"
    assert not project.link.is_symlink()
    assert project.packages["idna"] == "3.6"
    kernel.restart()
    assert kernel.run("import idna; print(idna.__version__)").stdout == "3.6\n"
