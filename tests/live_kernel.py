"""Real kernels, spoken to through jupyter_client as a front end does."""

from __future__ import annotations

import contextlib
import os
import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["CellResult", "LiveKernel"]


@dataclass(frozen=True)
class CellResult:
    """What one cell did."""

    status: str
    """``ok`` or ``error``, as the kernel's reply says."""
    stdout: str = ""
    stderr: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    """Contents of ``display_data``, ``update_display_data`` and ``execute_result``."""
    ename: str = ""
    evalue: str = ""
    traceback: str = ""

    @property
    def text(self) -> str:
        """All that a reader sees as text: both streams, plain outputs, the error."""
        plain = [str(output.get("data", {}).get("text/plain", "")) for output in self.outputs]
        return "\n".join(part for part in (self.stdout, self.stderr, *plain, self.traceback) if part)


class LiveKernel:
    """A running kernel, spoken to through jupyter_client as a front end does."""

    def __init__(self, name: str, cwd: Path, env: Mapping[str, str], log: Path, *, alone: bool = False) -> None:
        """Start it.

        Args:
            name: its kernelspec.
            cwd: where.
            env: environment variables that come to this process's own.
            log: file for what the process itself writes.
            alone: ``env`` is the whole environment, and says where kernelspecs lie, too.
        """
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import KernelManager

        self.manager = KernelManager(kernel_name=name)
        if alone:
            self.manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[f"{env['JUPYTER_DATA_DIR']}/kernels"])
            self.manager.connection_file = str(log.with_suffix(".json"))
        self._log = log
        environment = dict(env) if alone else {**os.environ, **env}
        self._stream = log.open("ab")  # a restart writes to it, too
        self.manager.start_kernel(cwd=str(cwd), env=environment, stdout=self._stream, stderr=self._stream)
        self.client = self.manager.blocking_client()
        self.client.start_channels()

    def wait(self, timeout_s: float = 60) -> None:
        """Wait until it answers; a kernel that died is an error with what it said."""
        try:
            self.client.wait_for_ready(timeout=timeout_s)
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n{self.log}") from None

    @property
    def log(self) -> str:
        """What the process itself wrote to stdout and stderr."""
        return self._log.read_text(errors="replace")

    def run(self, code: str, timeout_s: float = 180) -> CellResult:
        """Run one cell to its end."""
        # An old ipykernel aborts what comes within 0.1 s of a cell that failed; nothing is queued here.
        request = self.client.execute(code, store_history=True, stop_on_error=False)
        parts: dict[str, Any] = {"stdout": "", "stderr": "", "outputs": []}
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=max(deadline - time.monotonic(), 0.1))
            except queue.Empty:
                raise TimeoutError(f"no end of cell after {timeout_s} s: {code!r}\n{parts}\n{self.log}") from None
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                parts[content["name"]] += content["text"]
            elif kind in {"display_data", "update_display_data", "execute_result"}:
                parts["outputs"].append(content)
            elif kind == "error":
                parts.update(
                    ename=content["ename"], evalue=content["evalue"], traceback="\n".join(content["traceback"])
                )
            elif kind == "status" and content["execution_state"] == "idle":
                break
        reply = self._reply(request, deadline)
        return CellResult(status=reply["status"], **parts)

    def _reply(self, request: str, deadline: float) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=max(deadline - time.monotonic(), 5))
            if message["parent_header"].get("msg_id") == request:
                return dict(message["content"])

    def execute(self, code: str) -> str:
        """Send a cell without waiting for it (to interrupt it); returns the message id."""
        return str(self.client.execute(code))

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def restart(self) -> None:
        self.manager.restart_kernel(now=True)
        self.wait()

    def stop(self) -> None:
        self.client.stop_channels()
        with contextlib.suppress(RuntimeError):
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
        self._stream.close()
