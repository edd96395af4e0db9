"""``python cell.py KERNEL GO CODE``: start a kernel, wait until the file GO is there, run one cell, print what it showed.

A program of its own, so that a notebook can be one of many processes that a campaign starts at once. Exit status 0
where the cell ended well, 1 where it raised.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from live_kernel import LiveKernel


def main(name: str, go: str, code: str) -> int:
    """Run the cell; see the module."""
    with tempfile.TemporaryDirectory() as scratch:
        kernel = LiveKernel(name, Path.cwd(), {}, Path(scratch, "log"))
        try:
            kernel.wait()
            Path(f"{go}.{os.getpid()}").touch()
            while not os.path.exists(go):
                time.sleep(0.005)
            done = kernel.run(code)
            print(done.text)
            return 0 if done.status == "ok" else 1
        finally:
            kernel.stop()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
