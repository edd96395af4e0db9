"""A stand-in for mlenv's own interpreter: an executable that speaks the child protocol and misbehaves on demand."""

from __future__ import annotations

import sys
from pathlib import Path

_SCRIPT = """#!{python}
import json, os, signal, subprocess, sys, time

def say(**message):
    print(json.dumps(message), flush=True)

words = sys.argv[1:]
verb = words[3]
if verb == "select":
    sys.exit(0)
{body}
"""

RESULT = 'say(event="result", outcome={"verb": verb, "lines": ["done"], "ok": True})'


def write_standin(folder: Path, body: str) -> str:
    """Write the executable; ``body`` is Python that may use ``words``, ``verb`` and ``say(event=..., ...)``."""
    path = folder / "standin"
    path.write_text(_SCRIPT.replace("{python}", sys.executable).replace("{body}", body))
    path.chmod(0o755)
    return str(path)
