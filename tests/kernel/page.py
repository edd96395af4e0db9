"""A page of JupyterLab as a kernel sees it: it opens comms, and hears what the kernel tells."""

from __future__ import annotations

import queue
import time
import uuid
from typing import Any

from live_kernel import LiveKernel

__all__ = ["Page"]


class Page:
    """One more client of a running kernel; what it has heard is kept until it is asked for."""

    def __init__(self, live: LiveKernel) -> None:
        self.client = live.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.heard: list[dict[str, Any]] = []

    def open(self, target: str = "mlenv.kernel", **data: Any) -> str:
        """Open a comm; returns its id."""
        comm = uuid.uuid4().hex
        self.send("comm_open", comm_id=comm, target_name=target, data=data)
        return comm

    def send(self, kind: str, *, subshell: str = "", **content: Any) -> str:
        message = self.client.session.msg(kind, content)
        if subshell:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def listen(self, seconds: float = 1.0) -> None:
        """Hear for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._hear(deadline)

    def loaded(self, comm: str, *, timeout_s: float = 20) -> dict[str, dict[str, Any]]:
        """Wait for the next message about what is in memory; returns its rows by name."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for message in self.heard:
                if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == comm:
                    self.heard.remove(message)
                    data = message["content"]["data"]
                    assert (data["schema"], data["kind"]) == (1, "loaded")
                    return {row["name"]: row for row in data["rows"]}
            self._hear(deadline)
        raise TimeoutError(f"nothing was told of the memory: {self.kinds()}")

    def told(self) -> list[dict[str, Any]]:
        """Return what the kernel has opened ``mlenv.frontend`` with, as far as it was heard."""
        return [
            message["content"]["data"]
            for message in self.heard
            if message["msg_type"] == "comm_open" and message["content"]["target_name"] == "mlenv.frontend"
        ]

    def kinds(self) -> list[str]:
        return [message["msg_type"] for message in self.heard]

    def close(self) -> None:
        self.client.stop_channels()

    def _hear(self, deadline: float) -> None:
        try:
            message = self.client.get_iopub_msg(timeout=max(deadline - time.monotonic(), 0.01))
        except queue.Empty:
            return
        self.heard.append(message)
