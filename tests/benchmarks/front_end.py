"""A front end without a face: starts kernels and runs cells as a notebook does. Run by whatever Python has the kernels.

Reads one JSON object per line (``{"kernel": id, "cwd": folder, "cells": [...]}``) and answers with one. It is started,
and has imported everything, before any clock runs: a notebook server runs long before a kernel does.
"""

import json
import os
import queue
import resource
import sys
import time


def main():
    from jupyter_client.manager import KernelManager  # noqa: F401  # imported before the clock runs

    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(start(**json.loads(line))), flush=True)


def start(kernel, cwd, cells):
    from jupyter_client.manager import KernelManager

    cpu, began = spent(), time.perf_counter()
    manager = KernelManager(kernel_name=kernel)
    with open(os.path.join(cwd, "kernel.log"), "ab") as log:
        manager.start_kernel(cwd=cwd, stdout=log, stderr=log)
        client = manager.blocking_client()
        client.start_channels()
        try:
            texts, ends = [], []
            for cell in cells:
                texts.append(run(manager, client, cell))
                ends.append(time.perf_counter() - began)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
    return {"seconds": ends[0], "ends": ends, "cpu": spent() - cpu, "texts": texts}


def run(manager, client, cell):
    """Run a cell; return the value of ``answer`` as text."""
    request = client.execute(cell, user_expressions={"answer": "globals().get('answer', '')"})
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            message = client.get_shell_msg(timeout=0.2)
        except queue.Empty:
            if not manager.is_alive():
                raise RuntimeError("the kernel died") from None
            continue
        if message["parent_header"].get("msg_id") == request:
            content = message["content"]
            if content["status"] != "ok":
                raise RuntimeError(json.dumps(content)[:2000])
            return content["user_expressions"]["answer"]["data"]["text/plain"]
    raise TimeoutError(cell)


def spent():
    used = [resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    main()
