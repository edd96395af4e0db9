"""Kernels as verbs: list them, register one and prove it, remove those whose environment is gone, mend the others."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from mlenv import kernel_names, kernels, runtime, store
from mlenv.errors import MlenvError
from mlenv.kernels import Kernel
from mlenv.model import Event, Outcome
from mlenv.probe import site
from mlenv.services.context import silent
from mlenv.services.proof import Proof, explain, prove, start

__all__ = ["Proof", "kernels_of", "list_kernels", "prove", "prune", "register", "repair"]

Report = Callable[[Event], None]


def kernels_of(root: str) -> tuple[Kernel, ...]:
    """Return mlenv's kernels of one project (compared by real path), in Jupyter's order."""
    real = os.path.realpath(root)
    return tuple(one for one in kernels.listed() if one.ours and one.project and os.path.realpath(one.project) == real)


def list_kernels() -> Outcome:
    """List every kernel on Jupyter's path with its state. Starts nothing. Cost: linear, 1,000 in under a second."""
    raise NotImplementedError


def prune(*, dry_run: bool = False) -> Outcome:
    """Remove mlenv's own kernels whose environment or project is gone, and runtimes that nobody needs.

    Broken kernels of others are named and stay as they are.
    """
    raise NotImplementedError


def repair(kernel_id: str | None = None, *, dry_run: bool = False, offline: bool = False, report: Report = silent) -> Outcome:
    """Write the spec of one kernel (or of all of mlenv's) anew where its environment works; say what to type else."""
    raise NotImplementedError


def register(
    *,
    root: str,
    prefix: str,
    name: str,
    ipykernel: str = "runtime",
    kernel_name: str = "",
    offline: bool = False,
    report: Report = silent,
    timeout_s: float = 60.0,
) -> Outcome:
    """Make a kernel of an environment: proved by starting it first, written only then.

    Args:
        root: the project's folder, absolute.
        prefix: the environment, absolute, not resolved through links.
        name: the project's name, for the id and the display name.
        ipykernel: ``runtime`` (nothing enters the environment) or ``installed`` (the environment has ipykernel itself).
        kernel_name: the id that the project's settings ask for.
        offline: make a missing runtime from the cache only.
        report: told each step.
        timeout_s: the most that the start may take.

    Returns:
        Outcome with ``kernel`` = the id, and ``data``: ``id``, ``display_name``, ``folder``, ``seconds``, ``python``.

    Raises:
        MlenvError: ``kernel-does-not-start`` with the diagnosis, ``kernel-exists``, ``kernel-name``,
            ``jupyter-not-writable``, and what :func:`mlenv.runtime.ensure` raises. No spec was written or changed.
    """
    raise NotImplementedError
