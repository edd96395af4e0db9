"""Kernelspec folders: what Jupyter sees, and the only place that writes there."""

from mlenv.kernels.listing import Kernel, find, listed, search_path
from mlenv.kernels.spec import Spec, interpreter, spec_for
from mlenv.kernels.writing import remove, user_folder, write

__all__ = [
    "Kernel",
    "Spec",
    "find",
    "interpreter",
    "listed",
    "remove",
    "search_path",
    "spec_for",
    "user_folder",
    "write",
]
