"""What a new project begins with, as text: paths and contents of each template."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mlenv.manifest_edit import new_pyproject

__all__ = ["TEMPLATES", "files_of"]

TEMPLATES = ("ml", "minimal")

_IGNORED = ".venv\n.mlenv\n.env\n__pycache__/\n*.pyc\n.ipynb_checkpoints/\n"
# Data are not for git; the folders are there for whoever clones the project.
_IGNORED_DATA = "data/**\n!data/**/\n!data/**/.gitkeep\n"
_ENV_EXAMPLE = (
    "# Copy this file to .env and fill it in there; .env is not for git.\n# In a notebook: %mlenv dotenv\nAPI_KEY=\n"
)
_PYTEST = '\n[tool.pytest.ini_options]\npythonpath = ["src"]\ntestpaths = ["tests"]\n'
_MODULE = '''"""From raw to processed data; notebooks and tests import this module."""

from __future__ import annotations

import csv
from pathlib import Path


def mean_by(path: Path, key: str, number: str) -> dict[str, float]:
    """Return the mean of one column of a CSV file for each value of another."""
    groups: dict[str, list[float]] = {}
    with path.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            groups.setdefault(row[key], []).append(float(row[number]))
    return {name: sum(numbers) / len(numbers) for name, numbers in groups.items()}
'''
_TEST = '''"""Run with: mlenv add --group dev pytest, then: !python -m pytest"""

from pathlib import Path

from prepare import mean_by


def test_each_group_has_its_mean(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("kind,size\\nx,1\\nx,3\\ny,5\\n")
    assert mean_by(tmp_path / "a.csv", "kind", "size") == {"x": 2.0, "y": 5.0}
'''
_README = """# {name}

```
mlenv create                  # the environment, its lock and its kernel
mlenv add scikit-learn        # a package: declared, locked, installed
mlenv check                   # loaded, installed, locked, declared: one verdict
```

| folder | what lies in it |
|---|---|
| `data/raw` | data as they came; never changed, not in git |
| `data/processed` | what notebooks make of them; not in git |
| `notebooks` | begin with `01-start.ipynb` |
| `src` | modules that notebooks and tests import |
| `tests` | tests of `src` |
"""
_START = """# {name}

The environment comes first: `%mlenv create` makes it and its kernel, `%mlenv add NAME` adds a package to it."""
_LOOK = "%load_ext mlenv\n%mlenv check"
_FOLDERS = """import sys
from pathlib import Path

ROOT = next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / "data").is_dir())
RAW, PROCESSED = ROOT / "data" / "raw", ROOT / "data" / "processed"
sys.path.insert(0, str(ROOT / "src"))"""
_WORK = """from prepare import mean_by

sample = RAW / "sample.csv"
if not sample.exists():  # replace it with your own data
    sample.write_text("kind,size\\nsetosa,5.0\\nsetosa,5.2\\nvirginica,6.6\\n", encoding="utf-8")
means = mean_by(sample, "kind", "size")
(PROCESSED / "means.csv").write_text("\\n".join(f"{kind},{size:.2f}" for kind, size in means.items()), encoding="utf-8")
means"""
_MINIMAL_WORK = """import sys

print(f"Python {sys.version.split()[0]}")"""


def files_of(template: str, name: str, python_minor: str, requirements: Sequence[str]) -> dict[str, str]:
    """Return path (relative, with ``/``) -> text of what a template consists of.

    Args:
        template: one of :data:`TEMPLATES`.
        name: a legal project name.
        python_minor: ``3.11``, the least Python.
        requirements: declared in the manifest.
    """
    pyproject = new_pyproject(name, f">={python_minor}", requirements)
    if template == "minimal":
        cells = [("markdown", _START.format(name=name)), ("code", _LOOK), ("code", _MINIMAL_WORK)]
        return {"pyproject.toml": pyproject, ".gitignore": _IGNORED, "01-start.ipynb": _notebook(cells)}
    look_for = "## Where things lie\n\nNotebooks find the project's folders wherever they lie in it."
    cells = [
        ("markdown", _START.format(name=name)),
        ("code", _LOOK),
        ("markdown", look_for),
        ("code", _FOLDERS),
        ("markdown", "## From raw to processed"),
        ("code", _WORK),
    ]
    return {
        "pyproject.toml": pyproject + _PYTEST,
        ".gitignore": _IGNORED + _IGNORED_DATA,
        ".env.example": _ENV_EXAMPLE,
        "README.md": _README.format(name=name),
        "data/raw/.gitkeep": "",
        "data/processed/.gitkeep": "",
        "notebooks/01-start.ipynb": _notebook(cells),
        "src/prepare.py": _MODULE,
        "tests/test_prepare.py": _TEST,
    }


def _notebook(cells: Sequence[tuple[str, str]]) -> str:
    """Return a notebook of format 4.5 without outputs; its kernel is the one that finds the project by itself."""
    rows = []
    for number, (kind, source) in enumerate(cells, start=1):
        row = {"cell_type": kind, "id": f"start-{number}", "metadata": {}, "source": source.splitlines(keepends=True)}
        rows.append({**row, "execution_count": None, "outputs": []} if kind == "code" else row)
    kernel = {"display_name": "Project environment", "language": "python", "name": "mlenv"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    content = {"cells": rows, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
