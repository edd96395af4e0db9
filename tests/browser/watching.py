"""Be ``python -m MODULE ...`` and write down every program that it starts: ``python watching.py LOG -m MODULE words...``.

Python's audit hooks tell of each before it happens; standard library only.
"""

from __future__ import annotations

import json
import os
import runpy
import sys

_STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.startfile", "pty.spawn")


def main() -> None:
    """Watch from now on, then be the module."""
    out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in _STARTS:
            words = args[1] if event != "os.system" else args[0]
            said = [str(word) for word in words] if isinstance(words, (list, tuple)) else [str(words)]
            os.write(out, (json.dumps([event, *said]) + "\n").encode())

    module = sys.argv[3]
    sys.argv = [module, *sys.argv[4:]]
    sys.path[0] = ""
    sys.addaudithook(hook)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
