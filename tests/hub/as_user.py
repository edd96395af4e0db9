"""Run by another user: start a kernel by its name, run cells in it, print what they did as one JSON object.

``python as_user.py KERNEL CELL...``; only jupyter_client and what comes with it is needed.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(kernel: str, cells: list[str]) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name=kernel, cwd=os.environ["HOME"])
    try:
        print(json.dumps([run(client, cell) for cell in cells]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run(client: Any, cell: str) -> dict[str, str]:
    """Run one cell; return its status and all that a reader sees."""
    text: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            text.append(content["text"])
        elif message["msg_type"] in {"display_data", "update_display_data", "execute_result"}:
            text.append(content["data"].get("text/plain", "") + "\n")
        elif message["msg_type"] == "error":
            text.append("\n".join(content["traceback"]) + "\n")

    reply = client.execute_interactive(cell, output_hook=hear, timeout=120, stop_on_error=False)
    return {"status": reply["content"]["status"], "text": "".join(text)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
