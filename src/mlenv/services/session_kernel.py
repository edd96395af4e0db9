"""Which environment a kernel of a Jupyter server runs in, told from its spec: the kernel itself is never asked."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from mlenv.kernel.boot import EXPLAIN
from mlenv.kernel.explanation import Explanation
from mlenv.kernels.listing import owned
from mlenv.model import value
from mlenv.probe.running import command_of, program_of
from mlenv.services import portable
from mlenv.services.project import find_root

__all__ = ["Place", "SessionKernel", "place_of", "prefix_of_program", "told_by_spec"]

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*t?(?:\.exe)?", re.IGNORECASE)
_SERVERS_OWN = frozenset({"python", "python3", f"python3.{sys.version_info.minor}"})
"""The server starts its own interpreter for these (``jupyter_client.manager.format_kernel_cmd``)."""


@value
class SessionKernel:
    """A kernel that a Jupyter server started."""

    spec: str
    """Id of its kernelspec."""
    argv: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    elsewhere: str = ""
    """Why the spec does not tell what runs: the kernel is on another machine, or made by a program of its own; empty
    where it is an ordinary process of this machine."""
    pid: int | None = None


@value
class Place:
    """Where a kernel runs."""

    prefix: str
    """Empty where it cannot be told."""
    why_not: str = ""
    """One clause that says why it cannot."""


def place_of(kernel: SessionKernel, folder: Path) -> Place:
    """Return where a kernel runs.

    Args:
        kernel: as the server has it.
        folder: the notebook's, from which the portable kernel looks for its project.

    Cost: that of loading the project, for the portable kernel where the system does not tell its program.
    """
    return told_by_spec(kernel, lambda: _portable(kernel, folder))


def told_by_spec(kernel: SessionKernel, of_portable: Callable[[], str]) -> Place:
    """Decide it: mlenv's own word in the spec, else the interpreter that the spec names, else nothing.

    Args:
        kernel: as the server has it.
        of_portable: the prefix of the portable kernel, asked only where it is one.
    """
    if kernel.elsewhere:
        return Place(prefix="", why_not=kernel.elsewhere)
    block = owned({"metadata": dict(kernel.metadata)})
    if block is not None:
        if kernel.pid and EXPLAIN in command_of(kernel.pid):
            return Place(prefix=sys.prefix)  # the fallback kernel: whatever its interpreter, nothing of the environment
        prefix = block.get("prefix")
        return Place(prefix=prefix if isinstance(prefix, str) and prefix else of_portable())
    program = kernel.argv[0] if kernel.argv else ""
    if program.removesuffix(".exe") in _SERVERS_OWN:
        return Place(prefix=sys.prefix)
    prefix = prefix_of_program(program)
    if prefix:
        return Place(prefix=prefix)
    said = f"{kernel.spec} starts {os.path.basename(program) or 'nothing'}"
    return Place(prefix="", why_not=f"{said}, which does not tell the Python that it runs")


def prefix_of_program(program: str) -> str:
    """Return the environment of an interpreter by its place, links not followed; empty for what is no interpreter."""
    folder, name = os.path.split(program)
    if not os.path.isabs(program) or not _PYTHON.fullmatch(name):
        return ""
    folder = os.path.normpath(folder)
    return os.path.dirname(folder) if os.path.basename(folder).lower() in {"bin", "scripts"} else folder


def _portable(kernel: SessionKernel, folder: Path) -> str:
    """Return what the portable kernel entered: by its process where that tells, else what it would enter now.

    An environment made since it started is not yet its own: it still explains, in mlenv's own Python.
    """
    running = prefix_of_program(program_of(kernel.pid)) if kernel.pid else ""
    if running:
        return running
    place = portable.entered(find_root(folder))
    return sys.prefix if isinstance(place, Explanation) else str(place)
