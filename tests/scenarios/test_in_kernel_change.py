"""Changing the environment from its own kernel: what is told, what is live at once, what needs a restart."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import create

pytestmark = pytest.mark.real

CHECK = (
    "r = %mlenv check\n"
    "print(r.verdict, sorted((f.kind, f.package, f.locked, f.installed, f.loaded) for f in r.findings))"
)


def test_a_loaded_package_that_changes_needs_a_restart_and_a_new_one_does_not(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """S6: idna 3.6 in memory, 3.7 on disk; a package that nobody has imported is importable at once."""
    project = create(tmp_path / "demo", "idna==3.6")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("import idna; print(idna.__version__)").stdout == "3.6\n"

    added = kernel.run("%mlenv add six")
    assert added.status == "ok", added.text
    assert "no restart needed" in added.text
    imported = kernel.run("import six; print(six.__file__)")
    assert imported.status == "ok", imported.text
    assert kernel.run(CHECK).stdout == "in-step []\n"

    changed = kernel.run('%mlenv add "idna==3.7"')
    assert changed.status == "ok", changed.text
    assert "restart needed: idna 3.6 in memory, 3.7 on disk" in changed.text
    assert "six" not in changed.text.split("restart needed")[1]
    assert kernel.run(CHECK).stdout == "restart [('restart', 'idna', '3.7', '3.7', '3.6')]\n"
    # A process never mixes two environments: what it had not imported yet still comes from the one it is in.
    late = kernel.run(
        "import idna.codec, os; print(os.path.dirname(idna.codec.__file__) == os.path.dirname(idna.__file__))"
    )
    assert late.stdout == "True\n", late.text

    kernel.restart()
    assert kernel.run("import idna, six; print(idna.__version__)").stdout == "3.7\n"
    assert kernel.run(CHECK).stdout == "in-step []\n"
    assert "restart" not in kernel.run("%mlenv check").text


def test_undo_in_the_notebook_goes_back(tmp_path: Path, start_kernel: Callable[..., Any]) -> None:
    """Undo brings environment, lock and manifest back, and says what that means for what is in memory."""
    project = create(tmp_path / "demo", "idna==3.6")
    before = project.files
    kernel = start_kernel(project.kernel, cwd=project.root)
    added = kernel.run('%mlenv add "idna==3.7" six')
    assert added.status == "ok", added.text
    imported = kernel.run("import idna, six; print(idna.__version__)")
    assert imported.stdout == "3.7\n", imported.text
    undone = kernel.run("%mlenv undo")
    assert undone.status == "ok", undone.text
    assert project.files == before
    assert project.packages == {"idna": "3.6"}
    assert "restart needed: idna 3.7 in memory, 3.6 on disk" in undone.text
    kernel.restart()
    assert kernel.run(CHECK).stdout == "in-step []\n"
    assert kernel.run("import idna; print(idna.__version__)").stdout == "3.6\n"
    assert kernel.run("import six").ename == "ModuleNotFoundError"


def test_a_compiled_package_in_memory_is_not_exchanged_without_force(
    tmp_path: Path, start_kernel: Callable[..., Any], python: Callable[[str], str]
) -> None:
    """S7: NumPy 1.26 and pandas are loaded; NumPy 2 stops before anything is written, goes with force."""
    project = create(tmp_path / "demo", "numpy==1.26.4", "pandas<2.3", "--python", python("3.11"))
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("import numpy, pandas; print(numpy.__version__)").stdout == "1.26.4\n"
    before, packages, generation = project.files, project.packages, project.link.readlink()

    stopped = kernel.run('%mlenv add "numpy>=2"')
    assert stopped.status == "error"
    assert stopped.ename == "MlenvError"
    assert "numpy 1.26.4 ->" in stopped.text
    assert "memory" in stopped.text
    assert "--force" in stopped.text
    assert len(stopped.traceback.strip().splitlines()) <= 5
    assert (project.files, project.packages, project.link.readlink()) == (before, packages, generation)
    assert kernel.run(CHECK).stdout == "in-step []\n"

    forced = kernel.run('%mlenv add "numpy>=2" --force')
    assert forced.status == "ok", forced.text
    new = project.packages["numpy"]
    assert new.startswith("2.")
    assert f"restart needed: numpy 1.26.4 in memory, {new} on disk" in forced.text
    kernel.restart()
    worked = kernel.run("import numpy, pandas; print(numpy.__version__, pandas.Series([1, 2]).sum())")
    assert worked.stdout == f"{new} 3\n", worked.text
    assert kernel.run(CHECK).stdout == "in-step []\n"


def source_that_does_not_build(folder: Path) -> Path:
    """A folder with one source archive whose metadata is fine and whose build fails."""
    metadata = "Metadata-Version: 2.2\nName: broken-of-mlenv\nVersion: 1.0\n"
    files = {
        "PKG-INFO": metadata,
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "broken-of-mlenv"\nversion = "1.0"\n',
        "backend.py": "def build_wheel(*args, **options): raise RuntimeError('the compiler ate the homework')\n",
    }
    folder.mkdir()
    with tarfile.open(folder / "broken_of_mlenv-1.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            row = tarfile.TarInfo(f"broken_of_mlenv-1.0/{name}")
            row.size = len(text)
            archive.addfile(row, io.BytesIO(text.encode()))
    return folder


def test_a_failed_add_raises_in_a_run_by_nbclient_and_changes_nothing(
    tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S18: a package that does not exist, and one whose build fails: the run fails, five lines, same packages."""
    import nbclient
    import nbformat

    project = create(tmp_path / "demo", "six")
    monkeypatch.setenv("UV_FIND_LINKS", str(source_that_does_not_build(tmp_path / "links")))
    before, packages = project.files, project.packages
    for line, says in [
        ("%mlenv add no-such-package-of-mlenv", ("No package index has no-such-package-of-mlenv",)),
        ("%mlenv add broken-of-mlenv --allow-build", ("broken-of-mlenv", "the compiler ate the homework")),
    ]:
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(line), nbformat.v4.new_code_cell("print('never')")]
        )
        client = nbclient.NotebookClient(
            notebook, kernel_name=project.kernel, resources={"metadata": {"path": str(project.root)}}
        )
        with pytest.raises(nbclient.exceptions.CellExecutionError):
            client.execute()
        (error,) = [each for each in notebook.cells[0].outputs if each.output_type == "error"]
        text = "\n".join(error.traceback)
        for part in says:
            assert part in text, text
        assert len(text.strip().splitlines()) <= 5, text
        assert (project.files, project.packages) == (before, packages)
    assert project.check()["verdict"] == "in-step"
