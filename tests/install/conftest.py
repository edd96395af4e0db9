"""One machine and one fresh clone for all; the wheel and the sdist that are made there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from uv import find_uv_bin

from install.machine import CHECKOUT, Machine, sources


@pytest.fixture(scope="session")
def one_machine(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Machine:
    if not (CHECKOUT / ".git").exists():
        pytest.skip("not run: no checkout of git, whose files a clone would have")
    return Machine.new(tmp_path_factory.mktemp("machine"), shared_data)


@pytest.fixture
def machine(one_machine: Machine) -> Iterator[Machine]:
    """The machine, and afterwards no mlenv on it."""
    yield one_machine
    one_machine.uninstall()
    assert not one_machine.labextension.exists()


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone in which the front end can be built; tests leave its files as they were."""
    if shutil.which("node") is None:
        pytest.skip("not run: no Node")
    return sources(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="session")
def built(one_machine: Machine, clone: Path) -> Path:
    """The folder with the wheel and the sdist of a release: made with Node, the front end required."""
    folder = clone.parent / "dist"
    if not folder.exists():
        one_machine.run(
            find_uv_bin(), "build", "--quiet", "--out-dir", str(folder), str(clone), MLENV_REQUIRE_LABEXTENSION="1"
        )
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    return next(built.glob("*.tar.gz"))
