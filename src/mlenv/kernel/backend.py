"""``MPLBACKEND`` exists only while matplotlib is being imported in the kernel.

ipykernel exports ``MPLBACKEND=module://matplotlib_inline...`` to every child process, and ``!python train.py`` then
dies in an environment without matplotlib_inline. matplotlib reads the variable once, when it is imported.
Standard library only, Python 3.9+.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Optional, Sequence

__all__ = ["confine"]

_NAME = "MPLBACKEND"


def confine(backend: str) -> None:
    """Take ``MPLBACKEND`` out of the process environment and set it again around matplotlib's import only."""
    os.environ.pop(_NAME, None)
    if "matplotlib" not in sys.modules:
        sys.meta_path.insert(0, _Finder(backend))


class _Finder:
    """Sees the import of matplotlib, steps aside for ever after."""

    def __init__(self, backend: str) -> None:
        self._backend = backend

    def find_spec(self, name: str, path: Optional[Sequence[str]] = None, target: Any = None) -> Optional[ModuleSpec]:
        if name != "matplotlib":
            return None
        spec = self._found_by_others(name, path, target)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            self._wrap(spec.loader)
        return spec

    def _found_by_others(self, name: str, path: Optional[Sequence[str]], target: Any) -> Optional[ModuleSpec]:
        for finder in [finder for finder in sys.meta_path if finder is not self]:
            spec = finder.find_spec(name, path, target) if hasattr(finder, "find_spec") else None
            if spec is not None:
                return spec
        return None

    def _wrap(self, loader: Any) -> None:
        """Let this loader, which loads only this module, run it with the variable set."""
        original = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            chosen_by_user = bool(os.environ.get(_NAME))
            if not chosen_by_user:
                os.environ[_NAME] = self._backend
            try:
                original(module)
            finally:
                if not chosen_by_user:
                    os.environ.pop(_NAME, None)
            if self in sys.meta_path:
                sys.meta_path.remove(self)

        loader.exec_module = exec_module
