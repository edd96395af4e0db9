"""The exercise of three projects, headless: an environment and a kernel for each, and none sees the others' packages.

`python examples/three_projects.py` works in a temporary folder, `... FOLDER` in that folder and keeps it. Small
packages stand in for large ones: NumPy for scikit-learn, autograd for PyTorch, snowballstemmer for spaCy and transformers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
PROJECTS = {
    "phase6_ml": {"numpy"},
    "phase7_dl": {"numpy", "autograd"},
    "phase8_nlp": {"snowballstemmer"},
}
"""Project -> what can be imported in it; everything else must not."""
ASKED = ("numpy", "autograd", "snowballstemmer")


def main(folders: list[str]) -> int:
    """Run the exercise in a temporary folder, or in the one that is named; return the exit status."""
    if folders:
        return tell(Path(folders[0]))
    with tempfile.TemporaryDirectory(prefix="mlenv-three-") as folder:
        return tell(Path(folder))


def tell(folder: Path) -> int:
    """Make the three, run their notebooks, print who sees what; return 0 where that is as it must be."""
    os.environ["JUPYTER_DATA_DIR"] = str(folder / "jupyter")
    shutil.copytree(HERE / "three-projects", folder / "three-projects")
    wrong = 0
    print(f"{'':<12}" + "".join(f"{name:<17}" for name in ASKED))
    for name, own in PROJECTS.items():
        project = folder / "three-projects" / name
        run(project, create(project))
        seen = {package: version(project, package) for package in ASKED}
        print(f"{name:<12}" + "".join(f"{seen[package] or '-':<17}" for package in ASKED), flush=True)
        wrong += {package for package, found in seen.items() if found} != own
    print("each sees its own packages and no others" if not wrong else "the projects are not isolated")
    return min(wrong, 1)


def create(project: Path) -> str:
    """Make the environment; return the id of its kernel."""
    argv = [sys.executable, "-m", "mlenv", "create", "--json"]
    done = subprocess.run(argv, cwd=project, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return str(json.loads(done.stdout)["kernel"])


def run(project: Path, kernel: str) -> None:
    """Execute the project's notebook in its kernel; an import that succeeds and must not is an error in it."""
    notebook = nbformat.read(project / "work.ipynb", as_version=4)
    client = NotebookClient(notebook, kernel_name=kernel, timeout=300, resources={"metadata": {"path": str(project)}})
    client.execute()
    nbformat.write(notebook, project / "work.ipynb")


def version(project: Path, package: str) -> str:
    """Return the version that the environment's own Python imports; nothing where it cannot."""
    code = f"import {package}; from importlib.metadata import version; print(version({package!r}))"
    python = project / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run([python, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0 or "ModuleNotFoundError" in done.stderr, done.stderr
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
