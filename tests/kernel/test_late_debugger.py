"""A kernel starts without debugpy, and debugs all the same when somebody asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from kernel.projects import ProjectKernel
from live_kernel import LiveKernel

pytestmark = [pytest.mark.real, pytest.mark.network]

LOADED = "import sys; print('debugpy' in sys.modules, '_pydevd_bundle' in sys.modules)"


class _Debugging:
    """The debugger's side of a front end."""

    def __init__(self, live: LiveKernel) -> None:
        self.client = live.client
        self.seq = 0

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.seq += 1
        content = {"type": "request", "seq": self.seq, "command": command, "arguments": arguments}
        message = self.client.session.msg("debug_request", content)
        self.client.control_channel.send(message)
        while True:
            reply = self.client.get_control_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return dict(reply["content"])

    def event(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = self.client.get_iopub_msg(timeout=60)
            if message["msg_type"] == "debug_event" and message["content"]["event"] == name:
                return dict(message["content"])
        raise TimeoutError(name)


@pytest.mark.parametrize("minor", ["3.9", "3.13"])
def test_a_breakpoint_stops_a_kernel_that_started_without_debugpy(
    minor: str, project: Callable[..., ProjectKernel], start_kernel: Callable[..., LiveKernel]
) -> None:
    """As JupyterLab does it: told of a debugger, ask what it is, attach, set a breakpoint, stop there, go on."""
    kernel = project(minor)
    live = start_kernel(kernel.argv, spec_env=kernel.spec_env, cwd=kernel.root)
    live.client.kernel_info()
    info = live.client.get_shell_msg(timeout=60)["content"]
    assert "debugger" in info.get("supported_features", ["debugger"])  # ipykernel 6 does not say
    assert live.run(LOADED).stdout == "False False\n"
    debugging = _Debugging(live)
    assert debugging.ask("debugInfo")["success"]
    assert live.run(LOADED).stdout == "True True\n"
    answer = debugging.ask(
        "initialize", clientID="test", clientName="test", adapterID="", pathFormat="path",
        linesStartAt1=True, columnsStartAt1=True, supportsVariableType=True,
    )  # fmt: skip
    assert answer["success"], answer
    assert debugging.ask("attach")["success"]
    code = "def double(number):\n    result = number * 2\n    return result\n\ndouble(21)\n"
    source = debugging.ask("dumpCell", code=code)["body"]["sourcePath"]
    points = debugging.ask("setBreakpoints", breakpoints=[{"line": 3}], source={"path": source}, sourceModified=False)
    assert points["success"], points
    debugging.ask("configurationDone")
    live.execute(code)
    thread = debugging.event("stopped")["body"]["threadId"]
    frames = debugging.ask("stackTrace", threadId=thread)["body"]["stackFrames"]
    assert (frames[0]["name"], frames[0]["line"]) == ("double", 3)
    assert debugging.ask("continue", threadId=thread)["success"]
    assert debugging.ask("disconnect", restart=False, terminateDebuggee=False)["success"]
    assert live.run("print(double(4))").stdout == "8\n"


def test_what_else_the_module_holds_is_there_for_who_asks(
    project: Callable[..., ProjectKernel], run_cells: Callable[..., Any]
) -> None:
    """``ipykernel.debugger`` itself, loaded with the first look at more than the kernel's start needs."""
    cell = "from ipykernel.debugger import DebugpyClient; print(DebugpyClient.__module__)"
    kernel = project("3.11")
    (result,) = run_cells(kernel.argv, [cell], spec_env=kernel.spec_env, cwd=kernel.root)
    assert result.stdout == "ipykernel.debugger\n"
