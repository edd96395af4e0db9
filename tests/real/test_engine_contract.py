"""What every engine must do, as one story with the real tool, the real command line and a real kernel.

An engine is one row of ``ENGINES``: a new one is added there, and nowhere else.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conda_channel import channel_in

from differential.stage import NotRun, Stage, open_stage, place
from pythons_here import discover
from scenarios.real_project import Project, mlenv, specs

pytestmark = [pytest.mark.real, pytest.mark.network]

pytestmark.append(pytest.mark.skipif(os.name == "nt", reason="not run: the story damages files by their Unix places"))


@dataclass(frozen=True)
class Engine:
    """One engine: what it is called, where it comes from, and how its projects look."""

    name: str
    minors: tuple[str, ...]
    """Pythons that the story is told on."""
    lock: str
    """The lock that ``create`` writes."""
    made_by: str
    """What the wire calls the environment's engine."""
    files: Callable[[Stage], Mapping[str, str]] = lambda stage: {}
    """What lies in the folder before: the settings of an index, where the tool does not read those of pip."""
    env: Callable[[Stage], Mapping[str, str]] = lambda stage: {}
    """What is set while mlenv runs: a ``PATH`` with the tool on it."""
    pin: str = "{name}=={version}"
    """How a version is asked for."""
    frozen: Sequence[str] = ("--output", "frozen.txt")
    """Words after ``freeze``; the last one is the file."""


def _poetry_source(stage: Stage) -> Mapping[str, str]:
    address = f'url = "{stage.index.url}/"\npriority = "primary"\n'
    return {"pyproject.toml": f'[[tool.poetry.source]]\nname = "index"\n{address}'}


def _with_poetry(stage: Stage) -> Mapping[str, str]:
    return {"PATH": f"{stage.tool('poetry')}{os.pathsep}{os.environ['PATH']}"}


def _with_channel(stage: Stage) -> Mapping[str, str]:
    """A channel on disk, with a CPython of each kind and the packages of the story, named by the user's ``.condarc``."""
    if sys.platform != "linux":
        raise NotRun("the small channel's packages are Linux's")
    found = discover()
    address = channel_in(stage.folder / "conda" / "channel", [found[one] for one in _MINORS if one in found])
    condarc = stage.folder / "conda" / "condarc"
    condarc.write_text(f"channels:\n  - {address}\n")
    return {"CONDARC": str(condarc), "RATTLER_CACHE_DIR": str(stage.folder / "conda" / "cache")}


_MINORS = ("3.9", "3.11", "3.13")

ENGINES = (
    Engine(name="uv", minors=_MINORS, lock="pylock.toml", made_by="uv"),
    Engine(name="venv", minors=_MINORS, lock="pylock.toml", made_by="venv", env=lambda stage: {"MLENV_UV": ""}),
    Engine(
        name="virtualenv",
        minors=_MINORS,
        lock="pylock.toml",
        made_by="virtualenv",
        # A setting of the user's that would let the environment see the system's packages.
        env=lambda stage: {"VIRTUALENV_SYSTEM_SITE_PACKAGES": "1"},
    ),
    Engine(
        name="conda",
        minors=_MINORS,
        lock="conda-lock.yml",
        made_by="conda",
        env=_with_channel,
        pin="{name}={version}",
        frozen=("--output", "frozen.yml"),
    ),
    Engine(
        name="poetry",
        minors=_MINORS,
        lock="poetry.lock",
        made_by="uv",
        files=_poetry_source,
        env=_with_poetry,
    ),
)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Tools in environments of their own and an index on the loopback; both stay between runs."""
    try:
        with open_stage(place()) as opened:
            yield opened
    except NotRun as why:
        pytest.skip(f"not run: {why}")


@dataclass(frozen=True)
class Story:
    """One engine at work in one folder."""

    engine: Engine
    project: Project
    env: Mapping[str, str]

    def mlenv(self, *words: str, code: int | None = 0) -> Any:
        return mlenv(self.project.root, *words, code=code, env=self.env)

    def pin(self, name: str, version: str) -> str:
        return self.engine.pin.format(name=name, version=version)

    def check(self) -> tuple[str, set[tuple[str, str]]]:
        """The verdict, and each finding as (package, kind)."""
        wire = self.mlenv("check", "--json", code=None).json()
        return wire["verdict"], {(row["package"], row["kind"]) for row in wire["findings"] if row["kind"] != "note"}


def _begin(engine: Engine, minor: str, root: Path, stage: Stage) -> Story:
    try:
        files, env = engine.files(stage), engine.env(stage)
    except NotRun as why:
        pytest.skip(f"not run: {why}")
    root.mkdir()
    for name, text in files.items():
        (root / name).write_text(text)
    story = Story(engine, Project(root), env)
    words = ("create", "--engine", engine.name, "--python", minor, story.pin("six", "1.16.0"), "--json")
    made = story.mlenv(*words).json()
    return Story(engine, Project(root, str(made["kernel"])), env)


@pytest.mark.parametrize(
    ("engine", "minor"), [pytest.param(one, minor, id=f"{one.name}-{minor}") for one in ENGINES for minor in one.minors]
)
def test_an_engine_keeps_its_contract(
    engine: Engine,
    minor: str,
    stage: Stage,
    tmp_path: Path,
    mlenv_home: Path,
    python: Callable[[str], str],
    start_kernel: Callable[..., Any],
) -> None:
    """Create, a kernel, add, check, break, check, sync, freeze, delete; what was named once is remembered."""
    python(minor)
    story = _begin(engine, minor, tmp_path / "demo", stage)
    project = story.project
    wire = story.mlenv("check", "--json", code=None).json()
    assert (wire["verdict"], wire["lock"]["path"]) == ("in-step", engine.lock)
    assert wire["environment"]["engine"] == engine.made_by
    assert wire["environment"]["python"].startswith(f"{minor}.")

    kernel = start_kernel(project.kernel, cwd=project.root)
    seen = kernel.run("import six, sys; print(six.__version__, '%d.%d' % sys.version_info[:2], sys.prefix)")
    assert seen.stdout.split() == ["1.16.0", minor, str(project.link)], seen.text
    assert kernel.run("import yaml").ename == "ModuleNotFoundError"

    story.mlenv("add", story.pin("idna", "3.6"))
    assert project.packages == {"six": "1.16.0", "idna": "3.6"}
    assert story.check() == ("in-step", set())
    assert kernel.run("import idna; print(idna.__version__)").stdout == "3.6\n"
    listed = story.mlenv("list", "--json").json()["data"]["packages"]
    assert {"six", "idna"} <= {row["package"] for row in listed}
    assert [row for row in listed if row["locked"] and row["installed"] != row["locked"]] == []

    _remove(project, "six")
    shutil.rmtree(project.site / "idna")
    verdict, findings = story.check()
    assert verdict == "broken"
    assert findings == {("six", "missing"), ("idna", "damaged")}

    story.mlenv("sync")
    assert project.packages == {"six": "1.16.0", "idna": "3.6"}
    assert story.check() == ("in-step", set())
    assert story.mlenv("check", "--json", code=None).json()["environment"]["engine"] == engine.made_by

    frozen = project.root / engine.frozen[-1]
    story.mlenv("freeze", *engine.frozen)
    assert {"six", "idna"} <= set(frozen.read_text().lower().replace("=", " ").replace('"', " ").split())

    kernel.stop()
    story.mlenv("remove", "idna")
    assert project.packages == {"six": "1.16.0"}
    held = project.files
    story.mlenv("delete", "--yes")
    assert not project.link.exists()
    assert project.kernel not in specs(mlenv_home)
    assert project.files == held


def _remove(project: Project, name: str) -> None:
    """Take a package off the disk, its record included, as ``rm`` would."""
    for path in [*project.site.glob(f"{name}-*.dist-info"), *project.site.glob(f"{name}*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def test_virtualenv_is_fetched_once_and_named_where_it_cannot_be(
    tmp_path: Path, mlenv_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tool folder is made whole or not at all; without a network the error says what to install."""
    data = tmp_path / "data"
    monkeypatch.setenv("MLENV_DATA_DIR", str(data))
    root = tmp_path / "demo"
    root.mkdir()
    env = {"PATH": os.path.dirname(sys.executable) + os.pathsep + "/usr/bin:/bin"}
    refused = mlenv(root, "create", "--engine", "virtualenv", "--offline", code=2, env=env)
    assert "virtualenv is not on this machine" in refused.stderr
    assert "pip install virtualenv" in refused.stderr
    assert not (root / ".venv").exists()
    nowhere = {
        **env,
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_HTTP_RETRIES": "0",
        "UV_CACHE_DIR": str(tmp_path / "c"),
    }
    refused = mlenv(root, "create", "--engine", "virtualenv", code=2, env=nowhere)
    assert "could not be fetched" in refused.stderr
    assert "pip install virtualenv" in refused.stderr
    assert not [path for path in (data / "tools").glob("*") if path.is_dir()]
