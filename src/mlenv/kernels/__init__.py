"""Kernelspec folders: what Jupyter sees, and the only place that writes there."""

from mlenv.kernels.listing import Kernel, default_folders, find, listed, read, search_path
from mlenv.kernels.spec import Spec, spec_for
from mlenv.kernels.writing import exists, remove, render, user_folder, write

__all__ = [
    "Kernel",
    "Spec",
    "default_folders",
    "exists",
    "find",
    "listed",
    "read",
    "remove",
    "render",
    "search_path",
    "spec_for",
    "user_folder",
    "write",
]
