"""Projects of Poetry, Pipenv and Hatch, driven with the real tool where it is there, and without it where not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from differential.stage import NotRun, Stage, open_stage, place
from hostile.faulty import make_wheel
from scenarios.real_project import Answer, Project, mlenv
from torture.index import serving

pytestmark = [pytest.mark.real, pytest.mark.network, pytest.mark.usefixtures("mlenv_home")]

WITHOUT = {"PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}/usr/bin{os.pathsep}/bin"}
"""No tool of a project is found there."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Tools in environments of their own and an index on the loopback; both stay between runs."""
    try:
        with open_stage(place()) as opened:
            yield opened
    except NotRun as why:
        pytest.skip(f"not run: {why}")


@pytest.fixture
def tool_path(stage: Stage) -> Callable[[str], Mapping[str, str]]:
    """Give a PATH on which a tool is."""

    def give(name: str) -> Mapping[str, str]:
        try:
            return {"PATH": f"{stage.tool(name)}{os.pathsep}{WITHOUT['PATH']}"}
        except NotRun as why:
            pytest.skip(f"not run: {why}")

    return give


def run(folder: Path, env: Mapping[str, str], *words: str) -> str:
    """Run a tool itself."""
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def source(url: str) -> str:
    return f'\n[[tool.poetry.source]]\nname = "index"\nurl = "{url}/"\npriority = "primary"\n'


def test_a_poetry_project_begins_in_an_empty_folder(root: Path, tool_path: Callable[[str], Mapping[str, str]]) -> None:
    """Issue 5.4: a manifest and a lock that Poetry itself accepts, an environment, a kernel; the engine is remembered."""
    env = tool_path("poetry")
    made = mlenv(root, "create", "--engine", "poetry", "--json", env=env).json()
    assert made["kernel"]
    manifest = tomllib.loads((root / "pyproject.toml").read_text())
    assert manifest["tool"]["poetry"] == {"package-mode": False}
    assert run(root, env, "poetry", "check", "--lock").strip().endswith("All set!")
    assert json.loads((root / ".venv" / "mlenv-ready.json").read_text())["engine"] == "poetry"
    assert Project(root).check()["lock"] == {"path": "poetry.lock", "kind": "poetry"}
    assert Project(root).check()["verdict"] == "in-step"
    refused = mlenv(root, "create", "--engine", "poetry", code=2, env=WITHOUT)
    assert "poetry is not on this machine" in refused.stderr
    assert "uv tool install poetry" in refused.stderr


def test_poetrys_own_tables_are_edited_by_poetry_and_restored_without_it(
    root: Path, stage: Stage, tool_path: Callable[[str], Mapping[str, str]]
) -> None:
    """Issue 5.4: groups, caret versions, a project without [project]; the lock is installed where Poetry is not."""
    env = tool_path("poetry")
    text = (
        '[tool.poetry]\nname = "demo"\nversion = "0.1.0"\ndescription = ""\nauthors = []\npackage-mode = false\n\n'
        '[tool.poetry.dependencies]\npython = "^3.11"  # ours\nsix = "1.16.0"\n\n'
        '[tool.poetry.group.dev.dependencies]\niniconfig = "^2.0"\n'
    )
    (root / "pyproject.toml").write_text(text + source(stage.index.url))
    refused = mlenv(root, "create", code=2, env=WITHOUT)
    assert "only poetry can make poetry.lock" in refused.stderr
    assert sorted(path.name for path in root.iterdir() if path.is_file()) == ["pyproject.toml"]

    project = Project(root)
    assert "does not limit to a day" in project.mlenv("create", "--as-of", "2025-06-01", code=2, env=env).stderr
    project.mlenv("create", env=env)
    assert project.packages["six"] == "1.16.0"
    assert "does not reach" in project.mlenv("add", "idna", "--cuda", "cpu", code=2, env=env).stderr
    project.mlenv("add", "idna>=3.6,<3.8", env=env)
    project.mlenv("add", "--group", "dev", "toolz", env=env)
    assert project.check()["verdict"] == "in-step"
    written = (root / "pyproject.toml").read_text()
    asked = tomllib.loads(written)
    assert asked["tool"]["poetry"]["dependencies"]["idna"] == ">=3.6,<3.8"
    assert 'python = "^3.11"  # ours' in written
    run(root, env, "poetry", "check", "--lock")
    assert project.packages["idna"] == "3.7"

    held = project.packages
    project.mlenv("delete", "--yes")
    project.mlenv("create", "--group", "dev", env=WITHOUT)
    assert project.packages == held
    assert project.check()["verdict"] == "in-step"
    refused = project.mlenv("add", "attrs", code=2, env=WITHOUT)
    assert "poetry add" in refused.stderr
    project.mlenv("remove", "idna", env=env)
    assert "idna" not in project.packages
    assert "not declared" in project.mlenv("remove", "idna", code=2, env=env).stderr
    assert project.check()["verdict"] == "in-step"


def test_a_pipfile_is_edited_and_locked_by_pipenv(
    root: Path, stage: Stage, tool_path: Callable[[str], Mapping[str, str]]
) -> None:
    """Issue 5.5: from a Pipfile alone to an environment; add and remove keep the file as its author wrote it."""
    env = tool_path("pipenv")
    head = f'# ours\n[[source]]\nname = "index"\nurl = "{stage.index.url}"\nverify_ssl = false\n\n[packages]\n'
    (root / "Pipfile").write_text(f'{head}six = "==1.16.0"\n')
    project = Project(root)
    project.mlenv("create", env=env)
    assert project.packages == {"six": "1.16.0"}
    project.mlenv("add", "idna==3.6", env=env)
    assert (root / "Pipfile").read_text() == f'{head}six = "==1.16.0"\nidna = "==3.6"\n'
    assert project.packages == {"six": "1.16.0", "idna": "3.6"}
    project.mlenv("remove", "six", env=env)
    assert project.check()["verdict"] == "in-step"
    assert project.packages == {"idna": "3.6"}


CONFLICTS = {
    "poetry": (
        "pyproject.toml",
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["needy", "other"]\n'
        '[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "index"\nurl = "{url}/"\npriority = "primary"\n',
    ),
    "pdm": (
        "pyproject.toml",
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["needy", "other"]\n'
        '[tool.pdm]\ndistribution = false\n[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}/"\nverify_ssl = false\n',
    ),
    "pipenv": (
        "Pipfile",
        '[[source]]\nname = "index"\nurl = "{url}"\nverify_ssl = false\n[packages]\nneedy = "*"\nother = "*"\n',
    ),
    "uv": ("pyproject.toml", '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["needy", "other"]\n'),
    "venv": ("requirements.in", "needy\nother\n"),
    "virtualenv": ("requirements.in", "needy\nother\n"),
}  # fmt: skip


@pytest.fixture(scope="module")
def contradictory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An index of packages that cannot be installed together."""
    wheels = tmp_path_factory.mktemp("contradictory")
    needs: dict[str, tuple[str, ...]] = {
        "base-1.0": (),
        "base-2.0": (),
        "needy-1.0": ("base<2",),
        "other-1.0": ("base>=2",),
    }
    for wheel, requires in needs.items():
        name, version = wheel.split("-")
        make_wheel(wheels, name, version, metadata="".join(f"Requires-Dist: {row}\n" for row in requires))
    with serving(wheels) as index:
        yield index.url


@pytest.mark.parametrize("engine", sorted(CONFLICTS))
def test_what_cannot_be_met_is_told_in_the_tools_own_few_words(
    engine: str, root: Path, contradictory: str, tool_path: Callable[[str], Mapping[str, str]]
) -> None:
    """Issue 5, bad input: who needs what of which package, five lines at most; nothing is written."""
    file, text = CONFLICTS[engine]
    env = dict(WITHOUT if engine in {"uv", "venv", "virtualenv"} else tool_path(engine))
    env |= {"UV_DEFAULT_INDEX": contradictory, "PIP_INDEX_URL": contradictory}
    (root / file).write_text(text.replace("{url}", contradictory))
    words = ("create",) if engine == "pipenv" else ("create", "--engine", engine)
    if engine == "venv":
        env["MLENV_UV"] = ""
    refused: Answer = mlenv(root, *words, "--json", code=2, env=env)
    error: dict[str, Any] = refused.json()["error"]
    assert error["code"] == "conflict"
    assert all(name in f"{error['message']} {error['hint']}" for name in ("base", "needy", "other")), error
    told = mlenv(root, *words, code=2, env=env).stderr.partition("error: ")[2]
    assert len(told.splitlines()) <= 5, told
    assert [path.name for path in root.iterdir() if path.is_file()] == [file]
    assert not (root / ".venv").exists()


HATCH = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["six==1.16.0"]
"""


def test_a_hatch_project_is_used_as_it_is_or_made_as_any_other(
    root: Path, tool_path: Callable[[str], Mapping[str, str]], start_kernel: Callable[..., Any]
) -> None:
    """Issue 5.5: Hatch's environment and its lock are checked and run notebooks; create makes one of the project's own."""
    env = {
        **tool_path("hatch"),
        "HATCH_DATA_DIR": str(root.parent / "hatch"),
        "HATCH_CACHE_DIR": str(root.parent / "c"),
    }
    (root / "src" / "demo").mkdir(parents=True)
    (root / "src" / "demo" / "__init__.py").write_text("HERE = True\n")
    own = '\n[tool.hatch.envs.default]\ndependencies = ["idna==3.6"]\n'
    (root / "pyproject.toml").write_text(HATCH + own)
    run(root, env, "hatch", "env", "create")
    # Only after that: Hatch locks with pip, and makes no environment from such a lock yet.
    (root / "pyproject.toml").write_text(f"{HATCH}{own}locked = true\n")
    run(root, env, "hatch", "lock")
    prefix = run(root, env, "hatch", "env", "find").strip()
    used = mlenv(root, "use", prefix, "--json").json()
    project = Project(root, used["kernel"])
    report = project.check()
    assert (report["verdict"], report["environment"]["prefix"]) == ("in-step", prefix)
    assert report["lock"] == {"path": "pylock.toml", "kind": "pylock"}
    assert report["counts"]["locked"] == 2
    kernel = start_kernel(project.kernel, cwd=root)
    assert kernel.run("import demo, idna, six; print(demo.HERE, idna.__version__)").stdout == "True 3.6\n"
    kernel.stop()
    python = f"{prefix}/{'Scripts' if os.name == 'nt' else 'bin'}/python"
    run(root, env, python, "-m", "pip", "uninstall", "-q", "-y", "six")
    broken = project.check()
    assert broken["verdict"] == "sync"
    assert [(row["package"], row["kind"]) for row in broken["findings"] if row["kind"] == "missing"] == [
        ("six", "missing")
    ]
    refused = project.mlenv("sync", code=2)
    assert "lies outside the project" in refused.stderr

    (root / "pylock.toml").unlink()
    (root / "pyproject.toml").write_text(HATCH)
    project.mlenv("create")
    report = project.check()
    assert (report["verdict"], report["environment"]["prefix"]) == ("in-step", str(project.link))
    assert project.packages.keys() == {"six", "demo"}
    assert run(root, {}, str(project.python), "-c", "import demo; print(demo.__file__)").strip() == str(
        root / "src" / "demo" / "__init__.py"
    )
