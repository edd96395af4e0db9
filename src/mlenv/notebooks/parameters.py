"""Parameters of a notebook, by papermill's rules: which texts are which values, and the cell that sets them.

Source: papermill 2 (``papermill.cli._resolve_type``, ``papermill.parameterize.parameterize_notebook``): the cell tagged
``injected-parameters`` is replaced, else a new one follows the cell tagged ``parameters``, else it comes first.
"""

from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlenv.errors import MlenvError

__all__ = ["parameter_values", "unknown_parameters", "with_parameters"]

_DEFAULTS, _INJECTED = "parameters", "injected-parameters"
_WORDS: Mapping[str, Any] = {"True": True, "False": False, "None": None}


def parameter_values(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of ``-p NAME VALUE``: whole and other numbers, ``True``, ``False``, ``None``, else the text.

    Raises:
        MlenvError: ``parameter-name`` for what is no name of Python.
    """
    for name, _ in pairs:
        if not name.isidentifier() or keyword.iskeyword(name):
            message = f"'{name[:60]}' is no name that a parameter can have"
            raise MlenvError("parameter-name", message, hint="mlenv run NOTEBOOK -p NAME VALUE")
    return {name: _value(text) for name, text in pairs}


def _value(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _source(values: Mapping[str, Any]) -> str:
    return "\n".join(["# Parameters", *(f"{name} = {_literal(value)}" for name, value in values.items())])


def _literal(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def with_parameters(cells: Sequence[Any], values: Mapping[str, Any], *, with_id: bool) -> list[Any]:
    """Return the cells with the one that sets the values; the given ones stay as they are.

    Args:
        cells: of notebook format 4.
        values: name -> value; without any the cells come back.
        with_id: whether cells of this notebook have ids (format 4.5).
    """
    if not values:
        return list(cells)
    injected, defaults = _tagged(cells, _INJECTED), _tagged(cells, _DEFAULTS)
    before, after = (injected, injected + 1) if injected >= 0 else (defaults + 1, defaults + 1)
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [_INJECTED]},
        "outputs": [],
        "source": _source(values),
        **({"id": _INJECTED} if with_id else {}),  # always the same: a second run makes no difference
    }
    return [*cells[:before], cell, *cells[after:]]


def unknown_parameters(cells: Sequence[Any], names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that the cell tagged ``parameters`` does not set; all of them where there is no such cell."""
    at = _tagged(cells, _DEFAULTS)
    try:
        tree = ast.parse(cells[at]["source"]) if at >= 0 else ast.parse("")
    except (SyntaxError, ValueError):
        return ()
    known = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return tuple(name for name in names if name not in known)


def _tagged(cells: Sequence[Any], tag: str) -> int:
    """Return where the first cell with a tag stands; -1 where none has it."""
    for at, cell in enumerate(cells):
        tags = cell.get("metadata", {}).get("tags", ())
        if isinstance(tags, list) and tag in tags:
            return at
    return -1
