"""What a notebook or script imports, and which distributions that asks for. Nothing is executed.

Pure: the text of the file in, values out. Sources: nbformat 3 and 4 (JSON), IPython's syntax (its
``inputtransformer2``), the Python grammar (:mod:`ast`).
"""

from __future__ import annotations

from mlenv.notebooks.imports import CellProblem, Import, Imports, parse_imports
from mlenv.notebooks.wanted import Wanted, WantedSet, resolve_imports

__all__ = ["CellProblem", "Import", "Imports", "Wanted", "WantedSet", "parse_imports", "resolve_imports"]
