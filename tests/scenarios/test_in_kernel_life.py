"""A project kernel behaves as a classic one does: plots, debugger, old and new Pythons, old packages."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import create

pytestmark = pytest.mark.real

CHECK = (
    "r = %mlenv check\n"
    "print(r.verdict, sorted((f.kind, f.package, f.locked, f.installed, f.loaded) for f in r.findings))"
)
CHILD_BACKEND = """!python -c "import os; print(os.environ.get('MPLBACKEND'))\""""


def test_plots_are_inline_and_children_know_nothing_of_it(tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """`MPLBACKEND` reaches no child, before and after a plot; `!python` with matplotlib works in the clean environment."""
    project = create(tmp_path / "demo", "matplotlib")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run(CHILD_BACKEND).stdout.strip() == "None"
    plot = kernel.run("import matplotlib.pyplot as plt\nplt.plot([1, 2, 4]); plt.show()", timeout_s=120)
    assert plot.status == "ok", plot.text
    assert any("image/png" in output["data"] for output in plot.outputs), plot.text
    last = kernel.run("plt.plot([3, 1])")
    assert any("image/png" in output["data"] for output in last.outputs), last.text
    assert kernel.run(CHILD_BACKEND).stdout.strip() == "None"
    script = project.root / "train.py"
    script.write_text(
        "import matplotlib.pyplot as plt; plt.plot([1]); plt.savefig('out.png'); print(plt.get_backend())\n"
    )
    ran = kernel.run("!python train.py", timeout_s=120)
    assert "agg" in ran.stdout.lower(), ran.text
    assert (project.root / "out.png").exists()
    assert kernel.run("%matplotlib inline\nplt.plot([5, 1])").status == "ok"
    assert kernel.run(CHECK).stdout == "in-step []\n"


def debug(kernel: Any, command: str, arguments: dict[str, Any], number: int) -> dict[str, Any]:
    """Send one request of the debug adapter protocol over the control channel."""
    content = {"type": "request", "seq": number, "command": command, "arguments": arguments}
    message = kernel.client.session.msg("debug_request", content)
    kernel.client.control_channel.send(message)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            reply = kernel.client.get_control_msg(timeout=5)
        except queue.Empty:
            continue
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            return dict(reply["content"])
    raise TimeoutError(f"{command}: no answer\n{kernel.log}")


def test_the_debugger_answers_in_a_project_kernel(tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """debugpy comes from the runtime: debugInfo, initialize and attach answer, a breakpoint stops a cell."""
    project = create(tmp_path / "demo", "six")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("1").status == "ok"
    told = debug(kernel, "debugInfo", {}, 1)
    assert told["success"], told
    assert told["body"]["isStarted"] is False
    started = debug(
        kernel,
        "initialize",
        {"clientID": "test", "adapterID": "", "pathFormat": "path", "linesStartAt1": True, "columnsStartAt1": True},
        2,
    )
    assert started["success"], started
    assert debug(kernel, "attach", {}, 3)["success"]
    dumped = debug(kernel, "dumpCell", {"code": "a = 1\nb = a + 1"}, 4)
    source = {"path": dumped["body"]["sourcePath"]}
    stops = debug(kernel, "setBreakpoints", {"breakpoints": [{"line": 2}], "source": source}, 5)
    assert stops["success"], stops
    assert debug(kernel, "debugInfo", {}, 6)["body"]["isStarted"] is True
    debug(kernel, "disconnect", {"restart": False, "terminateDebuggee": True}, 7)
    assert kernel.run("b = 2; print(b)").stdout == "2\n"
    assert "debugpy" not in project.packages


@pytest.mark.parametrize("minor", ["3.9", "3.12", "3.13", "3.14"])
def test_projects_of_every_python_have_the_magics(
    minor: str, tmp_path: Path, start_kernel: Callable[..., Any], python: Callable[[str], str]
) -> None:
    """Kernels of Python 3.9 to 3.14 run check, add, the watcher and a second check."""
    project = create(tmp_path / "demo", "idna==3.6", "--python", python(minor))
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("import sys, idna; print('%d.%d' % sys.version_info[:2])").stdout == f"{minor}\n"
    assert kernel.run(CHECK).stdout == "in-step []\n"
    added = kernel.run("%mlenv add six")
    assert "no restart needed" in added.text, added.text
    assert kernel.run("import six; print(six.PY3)").stdout == "True\n"
    changed = kernel.run("%uv pip install -q idna==3.7")
    assert "idna" in changed.text, changed.text
    assert kernel.run(CHECK).stdout == "sync [('different', 'idna', '3.6', '3.7', '3.6')]\n"
    assert kernel.run("%mlenv sync").status == "ok"
    assert kernel.run(CHECK).stdout == "in-step []\n"
    assert set(project.packages) == {"idna", "six"}


def test_an_old_traitlets_on_an_old_python_gets_a_runtime_of_its_own_and_runs(
    tmp_path: Path, start_kernel: Callable[..., Any], python: Callable[[str], str]
) -> None:
    """Python 3.9 with traitlets 5.0.5: the plain runtime dies there, one resolved beside it runs."""
    project = create(tmp_path / "demo", "traitlets==5.0.5", "--python", python("3.9"))
    kernel = start_kernel(project.kernel, cwd=project.root)
    told = kernel.run("import traitlets, ipykernel; print(traitlets.__version__, traitlets.__file__)")
    version, place = told.stdout.split()
    assert version == "5.0.5"
    assert str(project.root) in place
    assert kernel.run(CHECK).stdout == "in-step []\n"
    assert kernel.run("%mlenv add six").status == "ok"
    assert "no mlenv" not in kernel.log
    assert "ipykernel" not in project.packages


def test_modules_that_only_the_runtime_has_are_a_note(tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """`import ipykernel` works here and would not elsewhere: check says so; it does not worsen the verdict."""
    project = create(tmp_path / "demo", "six")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run(CHECK).stdout == "in-step []\n"
    assert kernel.run("import psutil, ipywidgets").status == "ok"
    noted = kernel.run("r = %mlenv check\nprint(r.ok, sorted((f.kind, f.package) for f in r.findings))").stdout
    assert noted == "True [('runtime-only', 'ipywidgets'), ('runtime-only', 'psutil')]\n"
    assert "psutil" in kernel.run("%mlenv check").text
    # When the environment then gets it at another version, what is in memory is another one.
    added = kernel.run("%mlenv add psutil==5.9.8")
    assert added.status == "ok", added.text
    assert "restart needed: psutil" in added.text
    kernel.restart()
    kernel.run("import psutil")
    assert kernel.run(CHECK).stdout == "in-step []\n"
