"""Find the one kernel of mlenv's that Jupyter sees here, start it, and print what it says of itself, as JSON."""

from __future__ import annotations

import json

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel

CODE = "import mlenv, sys, json; print(json.dumps([mlenv.check().verdict, sys.prefix]))"

if __name__ == "__main__":
    specs = KernelSpecManager().get_all_specs()
    own = [name for name, row in specs.items() if "project" in row["spec"].get("metadata", {}).get("mlenv", {})]
    manager, client = start_new_kernel(kernel_name=own[0], startup_timeout=60)
    said: list[str] = []
    client.execute_interactive(CODE, output_hook=lambda row: said.append(row["content"].get("text", "")), timeout=60)
    manager.shutdown_kernel(now=True)
    verdict, prefix = json.loads(next(line for line in "".join(said).splitlines() if line.startswith("[")))
    print(json.dumps({"kernels": len(own), "verdict": verdict, "prefix": prefix}))
