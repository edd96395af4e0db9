"""What a notebook or script imports, which distributions that asks for, and what it declares. Nothing is executed.

Pure: the text of the file in, values out. Sources: nbformat 3 and 4 (JSON), IPython's syntax (its
``inputtransformer2``), the Python grammar (:mod:`ast`).
"""

from __future__ import annotations

from mlenv.notebooks.imports import CellProblem, Import, Imports, parse_imports
from mlenv.notebooks.inline import Block, Inline, parse_inline
from mlenv.notebooks.install_lines import InstallLine, parse_install_lines
from mlenv.notebooks.installs import Install, parse_installs
from mlenv.notebooks.wanted import Wanted, WantedSet, resolve_imports

__all__ = [
    "Block", "CellProblem", "Import", "Imports", "Inline", "Install", "InstallLine", "Wanted", "WantedSet",
    "parse_imports", "parse_inline", "parse_install_lines", "parse_installs", "resolve_imports",
]  # fmt: skip
