"""Kernels of projects with the same name, with awkward names, and where Jupyter's folder cannot be written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, create, mlenv, specs
from scenarios.traces import as_weak_user, snapshot

pytestmark = pytest.mark.real

LEGAL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")


def test_two_projects_of_one_name_get_two_kernels(
    root: Path, mlenv_home: Path, make_venv: Callable[..., Path], run_cells: Callable[..., Any]
) -> None:
    """S25: a/demo and b/demo, both with .venv: different ids, display names tell them apart, each its own Python."""
    ids = {}
    for parent in ("a", "b"):
        make_venv(root / parent / "demo" / ".venv", None)
        ids[parent] = str(mlenv(root / parent / "demo", "use", "--json").json()["kernel"])
    assert len(set(ids.values())) == 2
    names = [spec["display_name"] for spec in specs(mlenv_home).values()]
    assert len(set(names)) == 2
    for parent, kernel in ids.items():
        (done,) = run_cells(kernel, ["import sys; print(sys.prefix)"], cwd=root)
        assert done.stdout.strip() == str(root / parent / "demo" / ".venv")


@pytest.mark.parametrize("name", ["Müller & Söhne", "日本語プロジェクト", "x" * 200])
def test_awkward_folder_names_give_legal_ids_and_readable_names(root: Path, mlenv_home: Path, name: str) -> None:
    """S26: spaces, diacritics, Japanese letters, 200 characters."""
    project = create(root / name, "six")
    ((kernel, spec),) = specs(mlenv_home).items()
    assert kernel == project.kernel
    assert LEGAL.fullmatch(kernel), kernel
    shown = spec["display_name"]
    assert shown == f"Python ({name})" if len(name) < 60 else len(shown) < 80 and "…" in shown


def test_a_foreign_spec_of_the_wanted_id_stays_as_it_is(root: Path, mlenv_home: Path) -> None:
    """S26: clear message, nothing made; a legal id of one's own works; illegal and reserved ones are refused."""
    foreign = mlenv_home / "jupyter" / "kernels" / "wanted"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "Theirs", "language": "python"}')
    before = snapshot(mlenv_home / "jupyter")
    refused = mlenv(root, "create", "six", "--name", "wanted", code=2).stderr
    assert "wanted is already there and was not made by mlenv" in refused
    for bad in ("../../x", "..", "a b", "python3", "mlenv", ""):
        if bad:
            mlenv(root, "create", "six", "--name", bad, code=2)
    assert snapshot(mlenv_home / "jupyter") == before
    assert list(root.iterdir()) == []
    assert create(root, "six", "--name", "mine").kernel == "mine"


def test_a_read_only_jupyter_folder_is_told_with_the_variable_to_set(
    root: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S51: without rights, and with a file in the way: clear message, the variable named; what it says works."""
    create(root / "first", "six")  # the runtime is there
    locked = root / "locked" / "kernels"
    locked.mkdir(parents=True)
    locked.chmod(0o555)
    locked.parent.chmod(0o555)
    in_the_way = root / "file"
    in_the_way.write_text("")
    demo = root / "demo"
    demo.mkdir()
    elsewhere: Path | None = None
    for folder in (locked.parent, in_the_way):
        environ = {**os.environ, "JUPYTER_DATA_DIR": str(folder)}
        argv = [*as_weak_user(), sys.executable, "-m", "mlenv", "create", "six"]
        done = subprocess.run(argv, cwd=demo, env=environ, capture_output=True, text=True, timeout=300)
        # Another legal place on Jupyter's path may be used instead; then the message says where.
        if done.returncode == 0:
            assert "cannot be written; the kernel lies in" in done.stdout
            elsewhere = Path(done.stdout.split("the kernel lies in ")[1].splitlines()[0])
            assert (elsewhere / "kernel.json").is_file()
            continue
        assert done.returncode == 2
        assert "set JUPYTER_DATA_DIR" in done.stderr
        assert len(done.stderr.strip().splitlines()) <= 5
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(root / "writable"))
    mlenv(demo, "create")
    # There, or in the other legal place that was used before: either way the project has a working kernel now.
    written = list((root / "writable" / "kernels").glob("*/kernel.json"))
    assert written or (elsewhere is not None and (elsewhere / "kernel.json").is_file())
    assert mlenv(demo, "switch").code == 0
    locked.parent.chmod(0o755)
    if elsewhere is not None:  # the tests' own environment: what stays there is every later test's
        shutil.rmtree(elsewhere)


def test_an_unreadable_folder_on_the_path_does_not_hide_the_kernels(root: Path) -> None:
    """S51: `kernels list` survives it."""
    project = create(root, "six")
    closed = root.parent / "closed"
    (closed / "kernels").mkdir(parents=True)
    closed.chmod(0)
    environ = {**os.environ, "JUPYTER_PATH": str(closed)}
    argv = [*as_weak_user(), sys.executable, "-m", "mlenv", "kernels", "list"]
    done = subprocess.run(argv, cwd=root, env=environ, capture_output=True, text=True, timeout=60)
    closed.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert project.kernel in done.stdout


def test_the_project_is_found_from_a_notebook_deep_below(root: Path, run_cells: Callable[..., Any]) -> None:
    """S47: proj/nb/deep: root is proj each time, no second environment; the local package imports; nested wins."""
    deep = root / "nb" / "deep"
    deep.mkdir(parents=True)
    (root / "src" / "localpkg").mkdir(parents=True)
    (root / "src" / "localpkg" / "__init__.py").write_text("VALUE = 42\n")
    (root / "pyproject.toml").write_text(
        '[project]\nname = "proj"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["six"]\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/localpkg"]\n'
    )
    made = mlenv(deep, "create", "--json").json()
    assert mlenv(deep, "check", "--json").json()["project"]["root"] == str(root)
    assert mlenv(deep, "create", "--json").json()["kernel"] == made["kernel"]
    assert list(root.rglob(".venv")) == [root / ".venv"]
    cells = [
        "import localpkg, sys, os; print(localpkg.VALUE, sys.prefix, os.getcwd())",
        "r = %mlenv check\nprint(r.project.root, r.verdict)",
    ]
    first, second = run_cells(str(made["kernel"]), cells, cwd=deep)
    assert first.stdout.split() == ["42", str(root / ".venv"), str(deep)]
    assert second.stdout.split() == [str(root), "in-step"]
    assert mlenv(root.parent, "check", "--project", str(deep), "--json").json()["project"]["root"] == str(root)
    (root / "nb" / "requirements.txt").write_text("idna==3.7\n")
    nested = mlenv(deep, "check", "--json", code=1).json()
    assert (nested["project"]["root"], nested["verdict"]) == (str(root / "nb"), "no-env")
    mlenv(deep, "create")
    assert Project(root / "nb").packages == {"idna": "3.7"}
    assert set(Project(root).packages) == {"six", "proj"}
