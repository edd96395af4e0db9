"""A project's kernel is the environment's own interpreter, and nothing of it is in the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.projects import ProjectKernel

pytestmark = [pytest.mark.real, pytest.mark.network]

MINORS = ["3.9", "3.11", "3.13"]
Project = Callable[..., ProjectKernel]

FACTS = """
import sys, os, json, ipykernel
print(json.dumps({
    "prefix": sys.prefix, "executable": sys.executable, "ipykernel": ipykernel.__file__, "path": sys.path,
    "mlenv": __import__("mlenv").__file__, "argv": sys.argv, "environ": dict(os.environ), "cwd": os.getcwd(),
}))
"""


def ask(cell: object) -> dict[str, object]:
    return json.loads(cell.stdout)  # type: ignore[attr-defined]


@pytest.mark.parametrize("minor", MINORS)
def test_the_kernel_runs_in_the_environment_and_nothing_is_installed_into_it(
    minor: str, project: Project, start_kernel, shared_data: Path
) -> None:
    kernel = project(minor)
    before = sorted(os.listdir(kernel.site))
    live = start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root)
    facts = ask(live.run(FACTS))
    assert facts["prefix"] == str(kernel.link)
    assert facts["executable"] == str(kernel.link / "bin" / "python")
    assert str(facts["ipykernel"]).startswith(str(shared_data / "runtimes"))
    assert str(facts["mlenv"]).startswith(str(shared_data / "side"))
    assert str(facts["argv"][0]) == str(shared_data / "launcher.py")
    assert not any("mlenv-project" in word for word in facts["argv"])
    assert sorted(os.listdir(kernel.site)) == before


def test_the_real_folder_of_the_generation_is_on_the_path_and_the_runtime_comes_last(
    project: Project, run_cells, shared_data: Path
) -> None:
    kernel = project("3.11")
    (facts,) = map(ask, run_cells(kernel.argv, [FACTS], spec_env=kernel.spec_env, cwd=kernel.root))
    path = facts["path"]
    real = [entry for entry in path if entry.endswith("site-packages")]
    assert real == [str(kernel.root / ".mlenv" / "envs" / "g1" / "lib" / "python3.11" / "site-packages")]
    assert [entry for entry in path if entry.startswith(str(shared_data))] == path[-2:]
    assert path[-2].startswith(str(shared_data / "runtimes"))


def test_modules_beside_the_notebook_can_be_imported(project: Project, run_cells) -> None:
    kernel = project("3.11")
    (kernel.root / "beside.py").write_text("answer = 42\n")
    (cell,) = run_cells(kernel.argv, ["import beside; beside.answer"], spec_env=kernel.spec_env, cwd=kernel.root)
    assert cell.status == "ok"
    assert "42" in cell.text


@pytest.mark.parametrize("minor", MINORS)
def test_child_processes_see_only_the_environment(minor: str, project: Project, run_cells, tmp_path: Path) -> None:
    kernel = project(minor)
    (tmp_path / "foreign").mkdir()
    probe = (
        "!python -c \"import os, sys; print(sys.prefix, 'MPLBACKEND' in os.environ, "
        "repr(os.environ.get('PYTHONPATH', '')), any('runtimes' in p for p in sys.path))\""
    )
    cells = ["import sys; print(any('foreign' in p for p in sys.path))", probe]
    environment = {"PYTHONPATH": str(tmp_path / "foreign")}
    # Without the spec's own PYTHONPATH="": other front ends and `jupyter run` may not apply it.
    spec_env = {name: text for name, text in kernel.spec_env.items() if name != "PYTHONPATH"}
    seen, child = run_cells(kernel.argv, cells, spec_env=spec_env, cwd=kernel.root, env=environment)
    assert seen.stdout.strip() == "False"
    assert child.stdout.split() == [str(kernel.link), "False", "''", "False"]


def test_the_inline_backend_is_chosen_in_the_kernel_and_only_there(project: Project, run_cells) -> None:
    kernel = project("3.11", "matplotlib")
    cells = [
        "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()",
        "import os, matplotlib; print(matplotlib.get_backend().lower(), os.environ.get('MPLBACKEND'))",
        "!python -c \"import matplotlib.pyplot as p; p.plot([1]); print('drawn')\"",
    ]
    drawn, backend, child = run_cells(kernel.argv, cells, spec_env=kernel.spec_env, cwd=kernel.root)
    assert drawn.status == "ok", drawn.text
    assert any("image/png" in output["data"] for output in drawn.outputs)
    assert "inline" in backend.stdout
    assert "None" in backend.stdout
    assert child.stdout.strip() == "drawn"


def test_a_backend_that_the_user_chose_stays(project: Project, run_cells) -> None:
    kernel = project("3.11")
    (cell,) = run_cells(
        kernel.argv,
        ["import os; print(os.environ['MPLBACKEND'])"],
        spec_env=kernel.spec_env,
        cwd=kernel.root,
        env={"MPLBACKEND": "svg"},
    )
    assert cell.stdout.strip() == "svg"


def test_an_old_traitlets_of_the_environment_wins_and_the_kernel_runs(project: Project, run_cells) -> None:
    kernel = project("3.9", "traitlets==5.0.5")
    cells = ["import traitlets, ipykernel; print(traitlets.__version__, traitlets.__file__, ipykernel.__version__)"]
    (cell,) = run_cells(kernel.argv, cells, spec_env=kernel.spec_env, cwd=kernel.root)
    version, file, ipykernel = cell.stdout.split()
    assert version == "5.0.5"
    assert "/envs/g1/" in file
    assert int(ipykernel.split(".")[0]) <= 6


def test_a_live_kernel_holds_its_generation(project: Project, start_kernel) -> None:
    import fcntl

    kernel = project("3.11")
    live = start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root)
    with (kernel.root / ".mlenv" / "live" / "g1.lock").open("r+b") as stream:
        with pytest.raises(BlockingIOError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        live.stop()
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_interrupt_and_restart_work(project: Project, start_kernel) -> None:
    import time

    kernel = project("3.11")
    live = start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root)
    live.run("x = 1")
    live.execute("import time; time.sleep(60)")
    time.sleep(1)
    live.interrupt()
    time.sleep(1)  # what was queued behind an interrupted cell is aborted
    assert live.run("x").status == "ok"
    live.restart()
    assert live.run("x").ename == "NameError"


def test_the_debugger_attaches(project: Project, start_kernel) -> None:
    kernel = project("3.11")
    live = start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root)
    live.run("1")
    content = {
        "type": "request",
        "seq": 1,
        "command": "initialize",
        "arguments": {
            "clientID": "test",
            "clientName": "test",
            "adapterID": "",
            "pathFormat": "path",
            "linesStartAt1": True,
            "columnsStartAt1": True,
        },
    }
    message = live.client.session.msg("debug_request", content)
    live.client.control_channel.send(message)
    reply = live.client.get_control_msg(timeout=60)
    assert reply["content"]["success"] is True
    assert reply["content"]["command"] == "initialize"


@pytest.mark.parametrize("pip", [True, False])
def test_percent_pip_installs_into_the_environment(pip: bool, project: Project, run_cells) -> None:
    kernel = project("3.11", pip=pip)
    cells = ["%pip install six==1.16.0", "import six; print(six.__version__, six.__file__)", "%pip uninstall -y six"]
    done, seen, _ = run_cells(kernel.argv, cells, spec_env=kernel.spec_env, cwd=kernel.root)
    assert done.status == "ok"
    version, file = seen.stdout.split()
    assert version == "1.16.0"
    assert "/envs/g1/" in file
    assert not list(kernel.site.glob("six*"))


@pytest.mark.parametrize("minor", ["3.9", "3.13"])
def test_percent_uv_goes_to_the_environment_without_uv_in_it(minor: str, project: Project, run_cells) -> None:
    kernel = project(minor)
    cells = ["%uv pip install six==1.16.0", "%uv pip list"]
    done, listed = run_cells(kernel.argv, cells, spec_env=kernel.spec_env, cwd=kernel.root)
    assert done.status == "ok"
    assert "six" in listed.stdout
    assert (kernel.site / "six.py").is_file()


def test_an_old_python_gets_one_clear_line(mlenv_home: Path, tmp_path: Path) -> None:
    from mlenv import runtime

    launcher = runtime.install_side()
    probe = (
        "import sys; sys.version_info = (3, 6, 15, 'final', 0); sys.argv = ['x']; import runpy; "
        f"runpy.run_path({str(launcher)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "mlenv: this environment has Python 3.6; project kernels need Python 3.9 or newer"


@pytest.mark.parametrize("minor", ["3.9", "3.13"])
def test_the_kernel_side_imports_with_nothing_but_the_standard_library(
    minor: str, python: Callable[[str], str], mlenv_home: Path
) -> None:
    from mlenv import runtime

    data = runtime.install_side().parent
    side = data / "side" / json.loads((data / "launcher.json").read_text())["side"]
    modules = [
        ".".join(path.relative_to(side).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(side.rglob("*.py"))
    ]
    modules.remove("mlenv.dask")  # Dask's own plugin: nothing else imports it
    program = f"import sys; sys.path.append({str(side)!r})\nfor name in {modules!r}: __import__(name)"
    done = subprocess.run([python(minor), "-I", "-S", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
