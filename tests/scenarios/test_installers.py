"""Machines that lack something: no uv, no pip, no ensurepip, a Python that must not be touched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import Project, create, mlenv
from scenarios.traces import snapshot, uv

pytestmark = pytest.mark.real

NO_UV = {"MLENV_UV": ""}


@pytest.fixture
def wrong(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another environment, which VIRTUAL_ENV names."""
    prefix = root.parent / "wrong"
    uv("venv", "-q", "--python", sys.executable, str(prefix))
    monkeypatch.setenv("VIRTUAL_ENV", str(prefix))
    return prefix


def test_an_environment_without_pip_gets_packages_with_uv_and_then_without(root: Path, wrong: Path) -> None:
    """S24: made by `uv venv`, a wrong VIRTUAL_ENV exported; uv there, then hidden: both go to the right place."""
    uv("venv", "-q", "--python", sys.executable, str(root / ".venv"))
    project = Project(root)
    assert not list(project.site.glob("pip*"))
    before = snapshot(wrong)
    with_uv = project.mlenv("add", "six")
    assert "six" in project.packages
    without = project.mlenv("add", "idna", env=NO_UV)
    assert set(project.packages) == {"six", "idna"}
    assert with_uv.code == without.code == 0
    assert snapshot(wrong) == before
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
    assert snapshot(wrong) == before


def test_the_same_from_a_cell(root: Path, wrong: Path, start_kernel: Callable[..., Any]) -> None:
    """S24: `%mlenv add` in the project's kernel, both ways."""
    project = create(root, "attrs")
    before = snapshot(wrong)
    kernel = start_kernel(project.kernel, cwd=root)
    kernel.run(f"import os; os.environ['VIRTUAL_ENV'] = {str(wrong)!r}")
    assert kernel.run("%mlenv add six").status == "ok"
    kernel.run("os.environ['MLENV_UV'] = ''")
    done = kernel.run("%mlenv add idna")
    assert done.status == "ok", done.text
    assert kernel.run("import six, idna").status == "ok"
    assert {"six", "idna"} <= set(project.packages)
    assert snapshot(wrong) == before


def test_a_host_without_pip_uses_the_environments_own(root: Path, make_venv: Callable[..., Path]) -> None:
    """S24: mlenv's own Python has no pip and uv is hidden: the pip that the environment is seeded with does it."""
    host = make_venv(root.parent / "host", None)
    repository = Path(__file__).resolve().parents[2]
    uv("pip", "install", "-q", "--python", str(host / "bin" / "python"), str(repository))
    assert not (host / "bin" / "pip").exists()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [str(host / "bin" / "python"), "-m", "mlenv", *words]
        environ = {**os.environ, **NO_UV}
        return subprocess.run(argv, cwd=root, capture_output=True, text=True, env=environ, timeout=300)

    made = run("create", "six")
    assert made.returncode == 0, made.stderr
    assert "venv" in made.stdout
    added = run("add", "idna")
    assert added.returncode == 0, added.stderr
    assert set(Project(root).packages) == {"six", "idna"}
    assert run("check").returncode == 0


@pytest.fixture
def copied_python(root: Path, python: Callable[[str], str]) -> Path:
    """A Python installation of its own, free to be damaged."""
    source = Path(python("3.12")).resolve().parents[1]
    target = root.parent / "base"
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "test", "*.a"))
    return target


def test_a_python_without_ensurepip_is_no_obstacle(
    root: Path, copied_python: Path, run_cells: Callable[..., Any]
) -> None:
    """S37: ensurepip is hidden: `create` succeeds by another route, with and without uv."""
    shutil.rmtree(copied_python / "lib" / "python3.12" / "ensurepip")
    interpreter = str(copied_python / "bin" / "python3.12")
    assert subprocess.run([interpreter, "-c", "import ensurepip"], capture_output=True).returncode == 1
    by_uv = create(root / "uv", "six", "--python", interpreter)
    by_pip = create(root / "pip", "six", "--python", interpreter, env=NO_UV)
    for project in (by_uv, by_pip):
        assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
        assert (project.link / "bin" / "pip").exists()
        (done,) = run_cells(project.kernel, ["import six, sys; print(sys.prefix)"], cwd=project.root)
        assert done.stdout.strip() == str(project.link)


def test_neither_uv_nor_pip_nor_ensurepip_is_one_error_and_nothing_is_left(root: Path, copied_python: Path) -> None:
    """S37: where no route is left, mlenv's own Python having none either: one error, no folder."""
    shutil.rmtree(copied_python / "lib" / "python3.12" / "ensurepip")
    shutil.rmtree(copied_python / "lib" / "python3.12" / "site-packages" / "pip")
    host = root.parent / "host" / "bin" / "python"
    uv("venv", "-q", "--python", str(copied_python / "bin" / "python3.12"), str(host.parents[1]))
    uv("pip", "install", "-q", "--python", str(host), str(Path(__file__).resolve().parents[2]))
    argv = [str(host), "-m", "mlenv", "create", "six"]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, env={**os.environ, **NO_UV}, timeout=300)
    assert done.returncode == 2
    assert "Neither uv nor pip" in done.stderr
    assert 1 <= len(done.stderr.strip().splitlines()) <= 5, done.stderr
    assert list(root.iterdir()) == []


def test_a_python_of_the_system_is_refused_and_create_is_offered(root: Path, copied_python: Path) -> None:
    """S36: EXTERNALLY-MANAGED: `add` is refused, `create` offered, which works; no word of forcing it."""
    marker = copied_python / "lib" / "python3.12" / "EXTERNALLY-MANAGED"
    marker.write_text("[externally-managed]\nError=Use pip --break-system-packages to force it.\n")
    heard = []
    by_setting, by_use, own = root / "setting", root / "use", root / "own"
    for folder in (by_setting, by_use, own):
        folder.mkdir()
    (by_setting / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = []\n'
        f'[tool.mlenv]\nenv = "{copied_python}"\n'
    )
    mlenv(by_use, "use", str(copied_python))
    before = snapshot(copied_python)
    kept = snapshot(by_setting)
    for folder in (by_setting, by_use):
        refused = mlenv(folder, "add", "six", code=2)
        heard.append(refused.text)
        assert "the system's own Python" in refused.stderr
        assert "mlenv create" in refused.stderr
        assert len(refused.stderr.strip().splitlines()) <= 5
    heard.append(mlenv(by_setting, "create", "six", code=2).text)
    assert snapshot(by_setting) == kept
    # What the message says: without the setting, create works; after `use` it needs nothing but create.
    (by_setting / "pyproject.toml").write_text((by_setting / "pyproject.toml").read_text().partition("[tool.mlenv]")[0])
    for folder, words in (
        (by_setting, ()),
        (by_use, ()),
        (own, ("--python", str(copied_python / "bin" / "python3.12"))),
    ):
        made = mlenv(folder, "create", "six", *words)
        heard.append(made.text)
        assert Project(folder).packages == {"six": Project(folder).packages["six"]}
        assert mlenv(folder, "check", "--json").json()["verdict"] == "in-step"
    assert Path(Project(own).python).resolve().is_relative_to(copied_python)
    assert snapshot(copied_python) == before
    assert not any("break-system-packages" in text for text in heard)


def test_the_magic_refuses_the_systems_python_in_the_same_words(
    root: Path, copied_python: Path, start_kernel: Callable[..., Any]
) -> None:
    """S36: `%mlenv add six` in a kernel of that Python."""
    (copied_python / "lib" / "python3.12" / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=no\n")
    kernel_id = str(mlenv(root, "use", str(copied_python), "--json").json()["kernel"])
    kernel = start_kernel(kernel_id, cwd=root)
    before = snapshot(copied_python)
    done = kernel.run("%mlenv add six")
    assert done.status == "error"
    assert "the system's own Python" in done.text
    assert "mlenv create" in done.text
    assert "break-system-packages" not in done.text
    assert snapshot(copied_python) == before
    created = kernel.run("%mlenv create six")
    assert created.status == "ok", created.text
    assert "six" in Project(root).packages
