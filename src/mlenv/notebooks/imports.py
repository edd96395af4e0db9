"""The imports of a notebook or script, read from its syntax tree."""

from __future__ import annotations

import ast
import contextlib
import warnings
from collections.abc import Iterator

from mlenv.model import value
from mlenv.notebooks.cells import extension_modules, is_foreign, python_of
from mlenv.notebooks.file import parse_notebook

__all__ = ["CellProblem", "Import", "Imports", "parse_imports"]

_CATCHES_IMPORT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
# Invalid text, null bytes, and nesting deeper than the parser or this reader can follow.
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


@value
class Import:
    """One imported module."""

    module: str
    """Dotted, as far as it can be told: ``from google.cloud import storage`` is ``google.cloud.storage``."""
    optional: bool = False
    """Whether every import of it is guarded by ``except ImportError`` or the like."""
    cells: tuple[int, ...] = ()
    """Numbers of the code cells that import it, from 1; ``(0,)`` in a script."""


@value
class CellProblem:
    """One cell that could not be read as Python."""

    cell: int
    """Number of the code cell, from 1; 0 in a script."""
    line: int
    reason: str


@value
class Imports:
    """What one file imports."""

    imports: tuple[Import, ...] = ()
    """Sorted by module."""
    problems: tuple[CellProblem, ...] = ()


def parse_imports(text: str, where: str) -> Imports:
    """Return what a notebook (``where`` ends in ``.ipynb``) or script imports.

    Args:
        text: the whole file.
        where: its name, for the format and for messages.

    Returns:
        Imports of all code cells; a cell with a syntax error is a problem and the rest is used. Relative imports,
        imports under ``if TYPE_CHECKING`` and text in strings are no imports.

    Raises:
        MlenvError: ``notebook-unreadable`` if a notebook is not JSON or has no cells.

    Cost: one ``ast`` parse per cell. Executes nothing.
    """
    found: dict[str, dict[int, bool]] = {}
    problems: list[CellProblem] = []
    for number, cell in _cells(text, where):
        for module in extension_modules(cell):
            found.setdefault(module, {})[number] = False
        for module, optional in _found(cell, number, problems):
            cells = found.setdefault(module, {})
            cells[number] = optional and cells.get(number, True)
    imports = [
        Import(module=module, optional=all(cells.values()), cells=tuple(sorted(cells)))
        for module, cells in sorted(found.items())
    ]
    return Imports(imports=tuple(imports), problems=tuple(problems))


def _cells(text: str, where: str) -> Iterator[tuple[int, str]]:
    """Yield the code cells with their numbers; a script is one cell with number 0."""
    if not where.endswith(".ipynb"):
        yield 0, text
        return
    yield from enumerate(parse_notebook(text, where).cells, start=1)


def _found(cell: str, number: int, problems: list[CellProblem]) -> list[tuple[str, bool]]:
    """Return the imports of one cell: of its text as it stands, else with IPython's syntax neutralised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\d" in somebody's string is not ours to report
        with contextlib.suppress(*_UNREADABLE):
            return list(_imports(_tree(cell)))
        python = python_of(cell) if number else cell
        if python is None:
            return []
        try:
            return list(_imports(_tree(python)))
        except _UNREADABLE as error:
            if not is_foreign(cell):
                reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
                problems.append(CellProblem(cell=number, line=getattr(error, "lineno", None) or 1, reason=reason))
            return []


def _tree(python: str) -> ast.Module:
    """Parse as notebooks run cells: ``await`` is allowed at the top."""
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(python, "<cell>", "exec", flags, dont_inherit=True)
    assert isinstance(tree, ast.Module)  # noqa: S101 - what these flags give
    return tree


def _imports(tree: ast.AST, optional: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield (dotted module, optional) of every import statement below a node."""
    if isinstance(tree, ast.Import):
        yield from ((alias.name, optional) for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom):
        if not tree.level and tree.module:
            yield from (
                (tree.module if alias.name == "*" else f"{tree.module}.{alias.name}", optional) for alias in tree.names
            )
    elif isinstance(tree, ast.Call) and (module := _called(tree)):
        yield module, optional
    elif isinstance(tree, ast.If) and _is_typing_only(tree.test):
        for node in tree.orelse:
            yield from _imports(node, optional)
        return
    guarded = optional or _is_guard(tree)
    for name, field in ast.iter_fields(tree):
        inner = guarded if name in {"body", "handlers"} else optional
        for node in field if isinstance(field, list) else [field]:
            if isinstance(node, ast.AST):
                yield from _imports(node, inner)


def _is_guard(node: ast.AST) -> bool:
    """Say whether a failed import inside this node's body is expected: ``try``/``except``, ``with suppress``."""
    if isinstance(node, (ast.Try, ast.TryStar)):
        return any(handler.type is None or _names(handler.type) & _CATCHES_IMPORT for handler in node.handlers)
    if isinstance(node, ast.With):
        calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
        return any(
            _names(call.func) & {"suppress"} and any(_names(argument) & _CATCHES_IMPORT for argument in call.args)
            for call in calls
        )
    return False


def _names(node: ast.AST) -> set[str]:
    """Return the last names of an expression: ``contextlib.suppress`` -> suppress; of a tuple, of each part."""
    if isinstance(node, ast.Tuple):
        return {name for part in node.elts for name in _names(part)}
    return {node.id} if isinstance(node, ast.Name) else {node.attr} if isinstance(node, ast.Attribute) else set()


def _called(call: ast.Call) -> str | None:
    """Return the module of ``importlib.import_module("x")`` and ``__import__("x")``."""
    first = call.args[0] if call.args else None
    if _names(call.func) & {"import_module", "__import__"} and isinstance(first, ast.Constant):
        return first.value if isinstance(first.value, str) and first.value.isidentifier() else None
    return None


def _is_typing_only(test: ast.expr) -> bool:
    return bool(_names(test) & {"TYPE_CHECKING"})
