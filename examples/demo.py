"""The main job, headless: a fresh folder, the quickstart notebook, a real kernel, and what happened.

`make demo` runs it. Everything lies in a temporary folder that is removed at the end, kernels included; only the caches
of uv and mlenv stay, so the second run is faster. `python examples/demo.py FOLDER` works in that folder and keeps it,
with the executed notebook in it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def main(folders: list[str]) -> int:
    """Run the demo in a temporary folder, or in the one that is named; return the exit status."""
    if folders:
        return tell(Path(folders[0]))
    with tempfile.TemporaryDirectory(prefix="mlenv-demo-") as folder:
        return tell(Path(folder))


def tell(folder: Path) -> int:
    """Go through the main job in a folder; return the exit status of the last check."""
    project = folder / "quickstart"
    project.mkdir(parents=True)
    os.environ["JUPYTER_DATA_DIR"] = str(folder / "jupyter")
    shutil.copy(HERE / "quickstart.ipynb", project)
    say("1. a fresh folder with one notebook; in it:  mlenv create scikit-learn pandas")
    kernel = create(project)
    say(f"2. the notebook, from top to bottom, in the kernel that was made ({kernel})")
    run(project, kernel)
    say("3. from outside:  mlenv check")
    done = mlenv(project, "check")
    say("all as promised" if done == 0 else "the check did not end in step")
    return done


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


def mlenv(project: Path, *words: str) -> int:
    """Run mlenv's command line in the project, visibly."""
    return subprocess.run([sys.executable, "-m", "mlenv", *words], cwd=project, check=False).returncode


def create(project: Path) -> str:
    """Make the environment; return the id of its kernel."""
    start = time.perf_counter()
    if mlenv(project, "create", "scikit-learn", "pandas"):
        sys.exit("mlenv create failed")
    print(f"   ({time.perf_counter() - start:.1f} s)")
    answer = subprocess.run(
        [sys.executable, "-m", "mlenv", "switch", "--json"], cwd=project, check=True, capture_output=True, text=True
    )
    return str(json.loads(answer.stdout)["kernel"])


def run(project: Path, kernel: str) -> None:
    """Execute the notebook and show each code cell with what it printed."""
    notebook = nbformat.read(project / "quickstart.ipynb", as_version=4)
    client = NotebookClient(notebook, kernel_name=kernel, timeout=600, resources={"metadata": {"path": str(project)}})
    client.execute()
    nbformat.write(notebook, project / "quickstart.ipynb")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            print("\n   In  " + cell.source.replace("\n", "\n       "))
            for text in map(shown, cell.outputs):
                if text:
                    print("   Out " + text.replace("\n", "\n       "))


def shown(output: nbformat.NotebookNode) -> str:
    """Return an output as plain text."""
    if output.output_type == "stream":
        return str(output.text).strip()
    if output.output_type in {"display_data", "execute_result"}:
        return str(output.data.get("text/plain", "")).strip()
    return str(output.get("evalue", ""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
