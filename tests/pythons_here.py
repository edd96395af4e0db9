"""The interpreters of this machine that tests may use."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

__all__ = ["MINORS", "discover"]

MINORS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def discover() -> dict[str, str]:
    """Return ``{"3.9": path, ...}``: each was started once."""
    found: dict[str, str] = {}
    roots = [Path(os.environ["PYENV_ROOT"])] if os.environ.get("PYENV_ROOT") else [Path.home() / ".pyenv"]
    for minor in MINORS:
        candidates = [str(path) for root in roots for path in sorted(root.glob(f"versions/{minor}.*/bin/python"))]
        candidates += [path for path in [shutil.which(f"python{minor}")] if path and "shims" not in path]
        for candidate in candidates:
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                code = "import sys; print('%d.%d' % sys.version_info[:2])"
                answer = subprocess.run([candidate, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=20)
                if answer.stdout.strip() == minor:
                    found[minor] = candidate
                    break
    return found
