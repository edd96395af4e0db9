"""The shape of the code is measured, not believed: short functions, modules of one idea, explicit public names."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from mlenv import __version__

SOURCE = Path(__file__).parent.parent / "src" / "mlenv"
MODULES = sorted(SOURCE.rglob("*.py"))
LONGEST_FUNCTION = 50
LONGEST_MODULE = 320


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def _code_lines(node: ast.AST, source: list[str]) -> int:
    """Count lines of code: no blanks, no comments, no docstrings."""
    documentation: set[int] = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant) and isinstance(child.value.value, str):
            documentation |= set(range(child.lineno, (child.end_lineno or child.lineno) + 1))
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", len(source))
    lines = ((number, source[number - 1].strip()) for number in range(first, last + 1))
    return sum(1 for number, text in lines if text and not text.startswith("#") and number not in documentation)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_functions_and_modules_stay_short(path: Path) -> None:
    """No function needs scrolling; a module that grows is split by ideas."""
    text = path.read_text(encoding="utf-8")
    tree, source = ast.parse(text), text.splitlines()
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: _code_lines(f, source) for f in functions if _code_lines(f, source) > LONGEST_FUNCTION}
    assert long == {}
    assert _code_lines(tree, source) <= LONGEST_MODULE


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_public_names_are_explicit(path: Path) -> None:
    """A module says what it offers; a package without content needs not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    defines = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.ClassDef) and not n.name.startswith("_")]
    assert "__all__" in names or not defines or path.name in {"__main__.py", "launcher.py"}


def test_the_front_end_has_the_version_of_the_package() -> None:
    """``_version.py`` is the one to change; ``jupyter labextension list`` shows the other."""
    manifest = SOURCE.parents[1] / "labextension" / "package.json"
    assert json.loads(manifest.read_text(encoding="utf-8"))["version"] == __version__
