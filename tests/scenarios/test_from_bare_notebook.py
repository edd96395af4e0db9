"""S3, S41, S53: from notebooks that came without any other file; typed as people type it, on real packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from live_kernel import CellResult
from scenarios.real_project import Project, mlenv
from torture.handmade import make_wheel
from torture.index import serving

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]
DATA = Path(__file__).parent.parent / "data" / "notebooks"


def notebook(path: Path, *cells: str, **metadata: Any) -> None:
    """Write a notebook of these code cells."""
    rows = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    path.write_text(json.dumps({"cells": rows, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_with_one_notebook_becomes_a_project_that_runs_it(
    root: Path, run_cells: Callable[..., list[CellResult]]
) -> None:
    """S3: exactly two packages are proposed; with approval environment, lock and kernel, and the notebook runs."""
    for name in ("work.ipynb", "helpers.py"):
        (root / name).write_bytes((DATA / "only-a-notebook" / name).read_bytes())
    (root / ".ipynb_checkpoints").mkdir()
    notebook(root / ".ipynb_checkpoints" / "work-checkpoint.ipynb", "import six")
    proposed = mlenv(root, "create", "--from-notebook", ".", "--json", code=1).json()
    assert proposed["data"]["packages"] == ["python-dateutil", "PyYAML"]
    assert entries(root) == [".ipynb_checkpoints", "helpers.py", "work.ipynb"]
    shown = mlenv(root, "create", "--from-notebook", ".", code=1).text
    assert "nothing was installed; to go on: mlenv create --from-notebook . --yes" in shown
    made = mlenv(root, "create", "--from-notebook", ".", "--yes", "--json").json()
    assert {"python-dateutil", "pyyaml"} < set(Project(root).packages)  # with what python-dateutil needs
    assert "requires-python" in (root / "pylock.toml").read_text()
    cells = json.loads((root / "work.ipynb").read_text())["cells"]
    results = run_cells(made["kernel"], ["".join(cell["source"]) for cell in cells], cwd=root)
    assert [result.status for result in results] == ["ok", "ok"]
    assert results[1].stdout == "4 2024 {'a': 1} {}\n"
    assert Project(root).check()["verdict"] == "in-step"


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages made by hand, and pip, with which environments are seeded."""
    folder = tmp_path_factory.mktemp("wheels")
    for name in ("reqeusts", "zq_there", "six", "sklearn"):
        make_wheel(folder, name, "1.0", {f"{name}.py": ""})
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]
    subprocess.run([*argv, str(folder), "pip"], check=True, timeout=300)
    return folder


def test_of_a_foreign_notebook_only_the_known_is_installed(root: Path, tmp_path: Path, wheels: Path) -> None:
    """S53: a look-alike and an unknown module, then the same as install lines; the index is asked after approval."""
    (root / "work.ipynb").write_bytes((DATA / "foreign" / "work.ipynb").read_bytes())
    asked = mlenv(root, "create", "--from-notebook", "work.ipynb", "--json", code=1).json()
    told = [(row["module"], row["looks_like"]) for row in asked["data"]["unknown"]]
    assert told == [("reqeusts", "requests"), ("zq_no_such_thing", None)]
    assert entries(root) == ["work.ipynb"]
    mlenv(root, "create", "--from-notebook", "work.ipynb", "--yes")
    assert set(Project(root).packages) == {"six"}

    lines = tmp_path / "lines"
    lines.mkdir()
    notebook(lines / "work.ipynb", "!pip install reqeusts zq-no-such-thing zq-there sklearn six")
    with serving(wheels) as index:
        here = {"UV_DEFAULT_INDEX": index.url, "UV_CACHE_DIR": str(tmp_path / "cache")}
        asked = mlenv(lines, "create", "--from-notebook", "work.ipynb", "--json", code=1, env=here).json()
        assert asked["data"]["packages"] == ["zq-no-such-thing", "zq-there", "six"]
        assert index.requests == []  # nobody was asked before approval
        made = mlenv(lines, "create", "--from-notebook", "work.ipynb", "--yes", env=here).text
    assert "not taken: reqeusts looks like requests" in made
    assert "not taken: sklearn looks like scikit-learn" in made
    assert "not taken: zq-no-such-thing (no package index has this name)" in made
    assert set(Project(lines).packages) == {"six", "zq-there"}
    assert not any("reqeusts" in path or "sklearn" in path for _, path, _ in index.requests)


def test_naming_packages_agrees_to_these_alone(root: Path) -> None:
    notebook(root / "work.ipynb", "import six, yaml\nimport zq_no_such_thing")
    mlenv(root, "create", "--from-notebook", "work.ipynb", "six")
    assert set(Project(root).packages) == {"six"}
    assert '"six"' in (root / "pyproject.toml").read_text()


def test_what_juv_locked_is_kept(root: Path) -> None:
    """The versions in the notebook's own lock are taken where they fit, not resolved anew."""
    (root / "work.ipynb").write_bytes((DATA / "juv" / "work.ipynb").read_bytes())
    mlenv(root, "create", "--from-notebook", "work.ipynb", "--yes")
    locked = json.loads((root / "work.ipynb").read_text())["metadata"]["uv.lock"]
    for name, version in Project(root).packages.items():
        assert f'name = "{name}"\nversion = "{version}"' in locked


def proposed(folder: Path, *words: str) -> dict[str, Any]:
    answer = mlenv(folder, "create", *words, "--json", code=1).json()
    assert not (folder / ".venv").exists()
    return dict(answer["data"])


def test_several_notebooks_and_folders_are_read_together(root: Path) -> None:
    (root / "more").mkdir()
    notebook(root / "a.ipynb", "import yaml")
    notebook(root / "b.ipynb", "!pip install 'six<2'")
    notebook(root / "more" / "c.ipynb", "import dateutil, yaml\nfrom google.colab import drive")
    data = proposed(root, "--from-notebook", "a.ipynb", "b.ipynb")
    assert data["packages"] == ["six<2", "PyYAML"]
    data = proposed(root, "--from-notebook", "more", "--from-notebook", "b.ipynb")
    assert data["packages"] == ["six<2", "python-dateutil", "PyYAML"]
    assert data["notes"] == ["modules that only Google Colab has are left out"]
    assert data["unknown"] == []


def test_a_module_of_the_project_brings_what_it_imports(root: Path) -> None:
    (root / "src" / "tools").mkdir(parents=True)
    (root / "src" / "tools" / "__init__.py").write_text("from .inner import x\n")
    (root / "src" / "tools" / "inner.py").write_text("import six, helpers\nx = 1\n")
    (root / "helpers.py").write_text("import tools, yaml\n")
    (root / "unused.py").write_text("import pandas\n")
    (root / "broken.py").write_text("def f(:\n")
    notebook(root / "work.ipynb", "import tools, broken")
    data = proposed(root, "--from-notebook", "work.ipynb")
    assert data["packages"] == ["PyYAML", "six"]
    assert [note for note in data["notes"] if note.startswith("broken.py")] != []


def test_the_owner_of_a_module_in_an_environment_at_hand_comes_before_the_table(
    root: Path, make_venv: Callable[..., Path], tmp_path: Path
) -> None:
    prefix = make_venv(tmp_path / "other")
    site = next(prefix.glob("lib/python3*/site-packages"))
    for name, files in {"opencv-python-headless": "cv2/__init__.py", "acme-tools": "acme/__init__.py"}.items():
        folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "RECORD").write_text(f"{files},,\n")
    notebook(root / "work.ipynb", "import cv2, acme")
    assert proposed(root, "--from-notebook", "work.ipynb")["unknown"][0]["module"] == "acme"
    data = proposed(root, "--from-notebook", "work.ipynb", f"--kernel-prefix={prefix}")
    assert data["packages"] == ["acme-tools", "opencv-python-headless"]


def test_a_notebook_that_imports_very_much_is_read_in_seconds_and_shown_short(root: Path) -> None:
    notebook(root / "work.ipynb", *("\n".join(f"import mod{n}x{i}" for i in range(500)) for n in range(40)))
    answer = mlenv(root, "create", "--from-notebook", "work.ipynb", code=1, timeout_s=60)
    assert len(answer.stdout) < 2_000
    assert "and 19988 more" in answer.stdout
    assert os.listdir(root) == ["work.ipynb"]


def test_install_lines_are_not_all_that_a_notebook_needs(root: Path) -> None:
    """A notebook from a place where pandas is there already: its imports are told, and a person names them."""
    notebook(
        root / "work.ipynb",
        "!pip install humanize",
        "import humanize, idna\ntry:\n    import cv2\nexcept ImportError:\n    pass",
    )
    shown = mlenv(root, "create", "--from-notebook", "work.ipynb", code=1).text
    assert "work.ipynb declares humanize" in shown
    assert "imported, and in no install line: idna (" in shown
    notebook(root / "work.ipynb", "!pip install humanize", "import humanize, os")
    assert "in no install line" not in mlenv(root, "create", "--from-notebook", "work.ipynb", code=1).text
