"""Whose a kernel is, and the id that an environment's kernel gets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mlenv import kernel_names, kernels
from mlenv.kernels import Kernel

__all__ = ["belongs", "id_for", "orphaned"]


def belongs(kernel: Kernel, root: str, prefix: str | None = None) -> bool:
    """Whether mlenv made this kernel for a project (compared by real path) and, where one is named, an environment."""
    if not (kernel.ours and kernel.project) or os.path.realpath(kernel.project) != os.path.realpath(root):
        return False
    return prefix is None or os.path.relpath(kernel.prefix, kernel.project) == os.path.relpath(prefix, root)


def orphaned(kernel: Kernel) -> bool:
    """Whether mlenv made it for a project that is gone."""
    return kernel.ours and kernel.state == "project-missing"


def id_for(known: Sequence[Kernel], root: str, prefix: str, name: str, kernel_name: str) -> str:
    """Choose the id: what the settings say, else the one this environment has already, else a free one.

    Args:
        known: the kernels beside which it will stand.
        root: the project's folder.
        prefix: the environment.
        name: the project's name.
        kernel_name: what ``--name`` or the settings ask for.

    Raises:
        MlenvError: ``kernel-name``, ``kernel-exists``.
    """
    mine = [one for one in known if belongs(one, root, prefix)]
    taken = [one for one in known if one not in mine and not orphaned(one)]
    if kernel_name:
        kernel_names.check_id(kernel_name, where="kernel-name")
        foreign = next((one for one in taken if one.id == kernel_name), None)
        if foreign is not None:
            raise kernels.exists(Path(foreign.folder), _owner(foreign))
        return kernel_name
    if mine:
        return mine[0].id
    return kernel_names.another_id(kernel_names.kernel_id(name, _location(root, prefix)), [one.id for one in taken])


def _owner(kernel: Kernel) -> str:
    return f"belongs to the project {kernel.project}" if kernel.ours else "was not made by mlenv"


def _location(root: str, prefix: str) -> str:
    """Return what makes an id unique: the project's real path, and which environment where it is not ``.venv``."""
    relative = os.path.relpath(prefix, root)
    return os.path.realpath(root) if relative == ".venv" else os.path.join(os.path.realpath(root), relative)
