"""mlenv makes and mends environments from the locks of other tools, without these tools; they say whether it is right."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from differential.conftest import not_run
from differential.setup import Chosen, Setup
from differential.spec import Spec
from differential.stage import Done, NotRun, Stage, World
from differential.tools import SETUPS

pytestmark = pytest.mark.network
BY_NAME = {setup.name: setup for setup in SETUPS}
MENDED = ("poetry", "pdm", "pipenv")
TOOLING = {("pip", "extra")}
"""What mlenv puts into every environment, and no tool minds."""


@pytest.fixture(scope="module", params=MENDED)
def locked(request: pytest.FixtureRequest, stage: Stage) -> tuple[Setup, World]:
    """A project whose lock and environment its own tool made, in a folder of its own."""
    setup = BY_NAME[request.param]
    try:
        world = replace(setup.world(stage), folder=stage.folder / "work" / f"{setup.name}-mended")
        shutil.rmtree(world.folder, ignore_errors=True)
        world.root.mkdir(parents=True)
        setup.write(world, setup.spec)
        setup.make(world)
    except NotRun as why:
        not_run(why)
    world.keep()
    return setup, world


@pytest.fixture
def made(locked: tuple[Setup, World]) -> Iterator[tuple[Setup, World]]:
    yield locked
    locked[1].restore()


def run_mlenv(world: World, *words: str) -> Done:
    """Run mlenv with this machine's index: it proves the kernel, whose packages the small index has not."""
    kept = ("HOME", "PATH", "MLENV_DATA_DIR", "MLENV_CACHE_DIR", "UV_CACHE_DIR")
    env = {**os.environ, **{name: world.env[name] for name in kept}, **world.extra}
    argv = (sys.executable, "-m", "mlenv", *words)
    done = subprocess.run(argv, cwd=world.root, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return Done(argv, done.returncode, done.stdout, done.stderr)


def mlenv(world: World, *words: str) -> Done:
    done = run_mlenv(world, *words)
    assert done.code == 0, done.text
    return done


def assert_right(setup: Setup, world: World, chosen: Chosen = Chosen()) -> None:  # noqa: B008
    """The tool has nothing to do, and mlenv says the same."""
    words = [word for extra in chosen.extras for word in ("--extra", extra)]
    assert "in-step" in mlenv(world, "check", *setup.mlenv, *words).out
    said = setup.ask(world, chosen)
    assert (said.lock, said.environment) == ("fresh", "there"), said.text
    assert (said.rows or set()) - TOOLING == set(), said.text


def with_tool(setup: Setup, world: World) -> World:
    """The same project on a machine that has the tool."""
    path = os.pathsep.join((str(world.stage.tool(setup.tool)), world.env["PATH"]))
    return replace(world, extra={**world.extra, "PATH": path})


def test_an_environment_is_made_broken_and_mended_without_the_tool(made: tuple[Setup, World]) -> None:
    """Hashes checked, the tool's own selection; what was removed, moved or added by hand is put right."""
    setup, world = made
    shutil.rmtree(world.root / ".venv")
    mlenv(world, "create", *setup.mlenv)
    assert_right(setup, world)
    world.pip("uninstall", "six")
    world.pip("install", "--no-deps", "idna==3.6", "toolz==0.12.1")
    before = run_mlenv(world, "check", *setup.mlenv)
    assert before.code == 1
    assert {"six", "idna", "toolz"} <= set(before.out.split())
    mlenv(world, "sync")
    assert_right(setup, world)


def test_a_file_that_is_not_the_locked_one_is_refused(made: tuple[Setup, World]) -> None:
    setup, world = made
    shutil.rmtree(world.root / ".venv")
    lock = world.root / setup.lock
    # Not the digest of the manifest, with which PDM's begins.
    lock.write_text(re.sub(r'(?<!content_hash = ")sha256:[0-9a-f]{64}', f"sha256:{'0' * 64}", lock.read_text()))
    done = run_mlenv(world, "create", "--frozen")
    assert done.code == 2, done.text
    assert "hash" in done.err.lower()
    assert not os.path.lexists(world.root / ".venv")


def test_what_was_declared_since_is_locked_by_the_tool_and_installed(made: tuple[Setup, World]) -> None:
    """Without the tool that is one error that names it, and nothing changes; with it ``sync`` does both."""
    setup, world = made
    mlenv(world, "create", *setup.mlenv)
    spec: Spec = replace(setup.spec, dependencies=(*setup.spec.dependencies, "colorama"))
    setup.write(world, spec)
    old = (world.root / setup.lock).read_bytes()
    assert "relock" in run_mlenv(world, "check", *setup.mlenv).out
    refused = run_mlenv(world, "sync")
    assert refused.code == 2
    assert f"only {setup.tool} can make {setup.lock}, and it is not on this machine" in refused.err
    assert (world.root / setup.lock).read_bytes() == old
    there = with_tool(setup, world)
    assert "colorama" in mlenv(there, "sync").out
    assert_right(setup, there)


def test_the_tool_itself_installs_where_the_project_says_so(made: tuple[Setup, World]) -> None:
    setup, world = made
    shutil.rmtree(world.root / ".venv")
    there = with_tool(setup, world)
    before = {path.name for path in world.root.iterdir()}
    assert f"({setup.tool}: --engine says so)" in mlenv(there, "create", "--engine", setup.tool, *setup.mlenv).out
    assert {path.name for path in world.root.iterdir()} - before <= {".venv", ".mlenv", ".gitignore"}
    assert_right(setup, there)
    refused = run_mlenv(world, "create", "--engine", setup.tool)
    assert refused.code == 2
    assert f"{setup.tool} is not on this machine" in refused.err
