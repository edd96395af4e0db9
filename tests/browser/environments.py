"""The Jupyter applications that the browser tests run: this environment's own (new), and the oldest supported ones."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from pythons_here import discover

__all__ = ["CHECKOUT", "OLDEST", "oldest_jupyter"]

CHECKOUT = Path(__file__).resolve().parent.parent.parent
OLDEST = ("jupyterlab==4.2.*", "notebook==7.2.*", "jupyter_server==2.13.*", "ipykernel==6.29.*", "jupyterlab_server<3")
"""What ``mlenv[lab]`` and ``mlenv[notebook]`` promise to run with."""


@functools.cache
def oldest_jupyter(folder: Path) -> Path:
    """Return the interpreter of an environment with the oldest supported JupyterLab and Notebook, and this mlenv.

    Made on the first call (about half a minute; a folder that is kept, as ``MLENV_TEST_DATA_DIR`` is, keeps it); mlenv is
    built from the checkout and installed anew in every run of the tests (seconds): a wheel, with the labextension of
    ``make labextension``, as a user has it. Use::

        def test_x(mlenv_home: Path, shared_data: Path) -> None:
            python = oldest_jupyter(shared_data)
            subprocess.Popen([python, "-m", "jupyterlab", ...])  # or -m notebook

    Raises:
        RuntimeError: with what uv said.
    """
    place = folder / "oldest-jupyter"
    python = place / "bin" / "python"
    ready = place / "ready"
    if not ready.is_file() or ready.read_text() != " ".join(OLDEST):
        shutil.rmtree(place, ignore_errors=True)
        _uv("venv", "--quiet", "--python", discover().get("3.11", sys.executable), str(place))
        # With mlenv in one resolution: what its extras promise can be had.
        wanted = ["--refresh-package", "mlenv", *OLDEST, str(CHECKOUT)]
        _uv("pip", "install", "--quiet", "--python", str(python), *wanted)
        ready.write_text(" ".join(OLDEST))
        return python
    fresh = ["--no-deps", "--reinstall-package", "mlenv", "--refresh-package", "mlenv"]
    _uv("pip", "install", "--quiet", "--python", str(python), *fresh, str(CHECKOUT))
    return python


def _uv(*arguments: str) -> None:
    done = subprocess.run([find_uv_bin(), *arguments], capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(arguments)}\n{done.stderr}")
