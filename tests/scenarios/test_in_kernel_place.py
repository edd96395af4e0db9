"""Which environment a cell is in: hints, shells, user sites, other people's kernels."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scenarios.real_project import create, mlenv, specs

pytestmark = pytest.mark.real

REPOSITORY = Path(__file__).resolve().parents[2]
CHECK = (
    "r = %mlenv check\n"
    "print(r.verdict, sorted((f.kind, f.package, f.locked, f.installed, f.loaded) for f in r.findings))"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Server environment A: the whole of mlenv in a venv of its own."""
    from uv import find_uv_bin

    prefix = tmp_path_factory.mktemp("server") / "A"
    uv = str(find_uv_bin())
    python = str(prefix / "bin" / "python")
    for argv in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(prefix)],
        [uv, "pip", "install", "--quiet", "--python", python, str(REPOSITORY)],
    ):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
    yield prefix
    shutil.rmtree(prefix, ignore_errors=True)


def classic(prefix: Path) -> list[str]:
    return [str(prefix / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]


def test_a_kernel_of_the_server_is_told_that_it_is_not_the_projects_environment(
    tmp_path: Path, start_kernel: Callable[..., Any], server: Path
) -> None:
    """S1: A's and B's prefix are named, the status fails; B's own kernel is green. Both are venvs of one base Python."""
    project = create(tmp_path / "demo", "humanize", "--python", sys.executable)
    bases = [(prefix / "bin" / "python").resolve() for prefix in (server, project.link)]
    assert bases[0] == bases[1]

    in_a = start_kernel(classic(server), cwd=project.root)
    assert in_a.run("%load_ext mlenv").status == "ok"
    shown = in_a.run("%mlenv check").text
    assert "kernel is not the project's environment" in shown
    told = in_a.run(
        "r = %mlenv check\nprint(r.ok, r.verdict, r.kernel.prefix, r.environment.prefix, r.next.command)"
    ).stdout
    assert told == f"False switch {server} {project.link} mlenv switch\n"
    (finding,) = json.loads(in_a.run("%mlenv check --json").stdout)["findings"]
    assert str(server) in finding["reason"]
    assert str(project.link) in finding["reason"]
    assert in_a.run("%mlenv check --strict").status == "error"

    in_b = start_kernel(project.kernel, cwd=project.root)
    assert in_b.run("%mlenv check --strict\nprint(1)").status == "ok"
    assert in_b.run(CHECK).stdout == "in-step []\n"
    assert "kernel is not the project's environment" in in_a.run("%mlenv check").text
    assert mlenv(project.root, "check", "--kernel-prefix", str(server), "--json", code=1).json()["verdict"] == "switch"


def test_an_import_that_fails_in_the_servers_kernel_is_helped_with_once(
    tmp_path: Path, start_kernel: Callable[..., Any], server: Path
) -> None:
    """S2: installed in B, not in A; how to switch; once; the traceback stays as it was."""
    project = create(tmp_path / "demo", "humanize", "--python", sys.executable)
    kernel = start_kernel(classic(server), cwd=project.root)
    plain = kernel.run("import humanize")
    kernel.run("%load_ext mlenv")
    first = kernel.run("import humanize")
    assert first.ename == "ModuleNotFoundError"
    assert first.traceback.replace("[2]", "[1]").splitlines()[-1] == plain.traceback.splitlines()[-1]
    assert len(first.traceback.splitlines()) == len(plain.traceback.splitlines())
    hint = first.text.replace(first.traceback, "")
    assert "humanize is installed in the project's environment .venv" in hint
    assert str(server) in hint
    assert "%mlenv switch" in hint
    assert "humanize is installed" not in kernel.run("import humanize").text
    switch = kernel.run("%mlenv switch")
    assert project.kernel in switch.text or f"({project.root.name})" in switch.text


def test_a_pip_of_another_python_is_told_and_add_is_the_right_command(
    tmp_path: Path, start_kernel: Callable[..., Any], make_venv: Callable[..., Path]
) -> None:
    """S5: the shell's pip belongs elsewhere; `%mlenv add` makes six importable, declared and locked."""
    project = create(tmp_path / "demo", "idna")
    other = make_venv(tmp_path / "other", None, pip=True)
    kernel = start_kernel(project.kernel, cwd=project.root)
    kernel.run(f"import os; os.environ['PATH'] = {str(other / 'bin')!r} + os.pathsep + os.environ['PATH']")
    told = kernel.run("!pip install -q six")
    assert told.status == "ok"
    assert list(other.glob("lib/*/site-packages/six.py")), told.text
    assert "that pip belongs to another Python" in told.text
    assert str(other) in told.text
    assert "%mlenv add six" in told.text
    checked = kernel.run("%mlenv check").text
    assert "%mlenv add six" in checked
    assert "six" not in project.packages
    added = kernel.run("%mlenv add six")
    assert added.status == "ok", added.text
    assert kernel.run("import six; print(six.__file__)").status == "ok"
    assert '"six' in (project.root / "pyproject.toml").read_text()
    assert 'name = "six"' in (project.root / "pylock.toml").read_text()
    assert kernel.run(CHECK).stdout == "in-step []\n"


def test_shells_pip_and_python_of_a_cell_are_the_environments_own(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """S40: `!python`, `which pip`, VIRTUAL_ENV point to B; the kernelspec holds no copy of PATH."""
    project = create(tmp_path / "demo", "six")
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run('!python -c "import sys; print(sys.prefix)"').stdout.strip() == str(project.link)
    assert kernel.run("import shutil; print(shutil.which('pip'))").stdout.strip() == str(project.link / "bin" / "pip")
    assert kernel.run("import os; print(os.environ['VIRTUAL_ENV'])").stdout.strip() == str(project.link)
    text = (Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / project.kernel / "kernel.json").read_text()
    assert os.environ["PATH"] not in text
    assert "${PATH}" in text


def test_every_way_to_install_from_a_cell_goes_to_the_environment(
    tmp_path: Path, start_kernel: Callable[..., Any]
) -> None:
    """`!pip`, `%pip`, `%uv pip` and `!python -m pip` install into the project; the drift is told, once."""
    project = create(tmp_path / "demo", "six")
    kernel = start_kernel(project.kernel, cwd=project.root)
    kernel.run(CHECK)
    for line in ("!pip install -q {}", "%pip install -q {}", "%uv pip install {}", "!python -m pip install -q {}"):
        done = kernel.run(line.format("iniconfig==2.0.0"))
        assert done.status == "ok", done.text
        assert project.packages.get("iniconfig") == "2.0.0", done.text
        assert "another Python" not in done.text
        assert "iniconfig 2.0.0 on disk, not in pylock.toml" in done.text, f"{line}\n{done.text}"
        assert "iniconfig" not in kernel.run("1 + 1").text
        assert kernel.run(CHECK).stdout == "sync [('extra', 'iniconfig', None, '2.0.0', None)]\n"
        assert kernel.run("%mlenv sync").status == "ok"
        assert "iniconfig" not in project.packages
        assert kernel.run(CHECK).stdout == "in-step []\n"


def test_user_site_and_pythonpath_do_not_reach_a_project_kernel(
    tmp_path: Path, mlenv_home: Path, start_kernel: Callable[..., Any]
) -> None:
    """S34: the environment's copies are used; what is loaded from outside is listed."""
    project = create(tmp_path / "demo", "humanize", "idna")
    minor = ".".join(project.mlenv("check", "--json").json()["environment"]["python"].split(".")[:2])
    user_site = mlenv_home / ".local" / "lib" / f"python{minor}" / "site-packages"
    user_site.mkdir(parents=True)
    (user_site / "humanize.py").write_text("raise ImportError('the user site is here')\n")
    (user_site / "sitecustomize.py").write_text("print('user site ran')\n")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "idna.py").write_text("__version__ = 'fake'\n")
    (outside / "stranger.py").write_text("here = 1\n")
    for package in ("humanize", "idna"):
        assert (project.site / package).is_dir()
    kernel = start_kernel(project.kernel, cwd=project.root, env={"PYTHONPATH": str(outside)})
    done = kernel.run("import humanize, idna; print(humanize.__file__); print(idna.__file__)")
    assert done.status == "ok", done.text
    assert all(str(project.root) in path for path in done.stdout.split()), done.stdout
    assert str(outside) not in kernel.run("import sys; print(sys.path)").stdout
    assert kernel.run(CHECK).stdout == "in-step []\n"
    kernel.run(f"sys.path.insert(0, {str(outside)!r}); import stranger")
    rows = kernel.run("r = %mlenv check\nprint([(f.kind, f.reason) for f in r.findings])").stdout
    assert "outside" in rows
    assert "stranger" in rows


def test_a_python3_of_somebody_else_is_left_alone_and_told(
    tmp_path: Path, mlenv_home: Path, start_kernel: Callable[..., Any], make_venv: Callable[..., Path]
) -> None:
    """S33: no spec called python3 is written; doctor tells both paths; the project's kernel runs the right Python."""
    other = make_venv(tmp_path / "other", None)
    folder = mlenv_home / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True)
    text = json.dumps({"argv": classic(other), "display_name": "Python 3", "language": "python"})
    (folder / "kernel.json").write_text(text)
    project = create(tmp_path / "demo", "six")
    assert (folder / "kernel.json").read_text() == text
    assert set(specs(mlenv_home)) == {"python3", project.kernel}
    told = project.mlenv("doctor", code=None).text
    notes = [line for line in told.splitlines() if line.startswith("note: python3 starts")]
    assert any(str(other / "bin" / "python") in line and str(Path(sys.prefix)) in line for line in notes), told
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run("import sys; print(sys.prefix)").stdout.strip() == str(project.link)


def test_a_notebook_of_an_mlenv_kernel_runs_elsewhere_with_the_documented_flag(
    tmp_path: Path, mlenv_home: Path, make_venv: Callable[..., Path]
) -> None:
    """S14: a setup without mlenv and only python3: one documented way, no import of mlenv needed."""
    import nbformat

    plain = make_venv(tmp_path / "plain", None, "ipykernel", "nbconvert")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(1 + 1)")])
    notebook.metadata["kernelspec"] = {"name": "demo-1a2b3c4d", "display_name": "Python (demo)", "language": "python"}
    path = tmp_path / "saved.ipynb"
    nbformat.write(notebook, path)
    flag = "--ExecutePreprocessor.kernel_name=python3"
    assert flag in (REPOSITORY / "README.md").read_text()
    argv = [str(plain / "bin" / "python"), "-m", "nbconvert", "--to", "notebook", "--execute", str(path)]
    environ = {name: text for name, text in os.environ.items() if not name.startswith("MLENV")}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*argv, *more, "--output", "out"], capture_output=True, text=True, env=environ, cwd=tmp_path, timeout=200
        )

    without = run()
    assert without.returncode != 0
    assert "No such kernel named demo-1a2b3c4d" in without.stderr
    with_flag = run(flag)
    assert with_flag.returncode == 0, with_flag.stderr
    assert "2\n" in (tmp_path / "out.ipynb").read_text() or '"2\\n"' in (tmp_path / "out.ipynb").read_text()


@pytest.mark.parametrize("harm", ["a file", "a folder in it"])
def test_a_cache_that_cannot_be_written_costs_no_verdict(
    harm: str, tmp_path: Path, mlenv_home: Path, start_kernel: Callable[..., Any]
) -> None:
    """The selection is kept in the cache folder; without one the kernel is told it, and compares all the same."""
    project = create(tmp_path / "demo", "six")
    project.check()
    cache = mlenv_home / "mlenv-cache"
    if harm == "a file":
        shutil.rmtree(cache)
        cache.write_text("")
    else:
        (kept,) = (cache / "selections").glob("*.*")
        kept.unlink()
        kept.mkdir()
    kernel = start_kernel(project.kernel, cwd=project.root)
    assert kernel.run(CHECK).stdout == "in-step []\n"
