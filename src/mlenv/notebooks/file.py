"""A notebook's file: its code cells and its metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["Notebook", "parse_notebook"]

_HINT = "take it back from version control, or from its folder's .ipynb_checkpoints"


@value
class Notebook:
    """What of a notebook counts here."""

    cells: tuple[str, ...] = ()
    """Sources of the code cells, in order."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The notebook's own; empty where it is none."""


def parse_notebook(text: str, where: str) -> Notebook:
    """Read a notebook of format 3 or 4.

    Raises:
        MlenvError: ``notebook-unreadable`` if it is not JSON or has no cells.
    """
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets")  # nbformat 3
        cells = [cell for sheet in sheets for cell in sheet["cells"]] if sheets else notebook["cells"]
        sources = tuple(_source(cell) for cell in cells if cell["cell_type"] == "code")
        metadata = notebook.get("metadata")
    except json.JSONDecodeError as error:
        conflict = re.search(r"^<{7} ", text, re.MULTILINE)
        line = text.count("\n", 0, conflict.start()) + 1 if conflict else error.lineno
        what = "it holds merge-conflict markers" if conflict else f"it is no JSON ({error.msg.lower()})"
        place = f"{where}: line {line}" + ("" if conflict else f", column {error.colno}")
        raise MlenvError("notebook-unreadable", f"{where} is not a notebook: {what}", where=place, hint=_HINT) from None
    except RecursionError:
        message = f"{where} is not a notebook: it nests too deep"
        raise MlenvError("notebook-unreadable", message, where=where, hint=_HINT) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"{where} is not a notebook: it has no cells"
        raise MlenvError("notebook-unreadable", message, where=where, hint=_HINT) from None
    return Notebook(cells=sources, metadata=metadata if isinstance(metadata, dict) else {})


def _source(cell: Mapping[str, object]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source)
