"""Kernelspec folders: what Jupyter sees, and the only place that writes there."""

from mlenv.kernels.listing import Kernel, default_folders, find, listed, read, search_path
from mlenv.kernels.machine import (
    Place,
    everywhere,
    folders,
    forget_place,
    place_in,
    place_of,
    places,
    remember_place,
    system_place,
)
from mlenv.kernels.spec import Spec, spec_for
from mlenv.kernels.writing import exists, remove, render, user_folder, write

__all__ = [
    "Kernel",
    "Place",
    "Spec",
    "default_folders",
    "everywhere",
    "exists",
    "find",
    "folders",
    "forget_place",
    "listed",
    "place_in",
    "place_of",
    "places",
    "read",
    "remember_place",
    "remove",
    "render",
    "search_path",
    "spec_for",
    "system_place",
    "user_folder",
    "write",
]
