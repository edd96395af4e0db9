"""mlenv as users install it: from a wheel, an sdist or a clone, with Node and without; nothing needs to be enabled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from install.machine import WARNING, Machine, sources
from mlenv import __version__

MISSING = "mlenv's JupyterLab extension is not installed"
pytestmark = [pytest.mark.real, pytest.mark.network]


def prove_all(machine: Machine) -> None:
    """Every face is there, the front end enabled without a step of its own."""
    machine.prove_the_rest(__version__)
    assert machine.listed("labextension") == f"mlenv v{__version__} enabled OK (python, mlenv)"
    assert MISSING not in machine.doctor()


def prove_all_but_the_front_end(machine: Machine) -> None:
    machine.prove_the_rest(__version__)
    assert machine.listed("labextension") == ""
    assert not machine.labextension.exists()
    assert MISSING in machine.doctor()


def test_a_clone_with_node(machine: Machine, clone: Path) -> None:
    """``pip install .`` builds the front end."""
    shutil.rmtree(clone / "src" / "mlenv" / "labextension", ignore_errors=True)
    said = machine.pip(str(clone), node=True)
    assert WARNING not in said
    prove_all(machine)


def test_a_wheel_without_node(machine: Machine, wheel: Path) -> None:
    said = machine.pip(str(wheel), node=False)
    assert WARNING not in said
    prove_all(machine)


def test_an_sdist_without_node(machine: Machine, sdist: Path) -> None:
    """The built front end is in it, and nothing but hatchling is needed to build."""
    said = machine.pip(str(sdist), node=False)
    assert WARNING not in said
    assert "jupyter-builder" not in said
    prove_all(machine)


def test_a_clone_without_node(machine: Machine, tmp_path: Path) -> None:
    """Everything else installs, and one warning says what is missing and what to do."""
    said = machine.pip(str(sources(tmp_path / "clone")), node=False)
    assert said.count(WARNING) == 1
    warning = next(line for line in said.splitlines() if WARNING in line)
    assert "Node.js was not found" in warning
    assert "install Node.js and build again" in warning
    prove_all_but_the_front_end(machine)


def test_a_clone_without_node_by_uv_and_where_the_front_end_is_required(machine: Machine, tmp_path: Path) -> None:
    """CI and releases never go on without it; everybody else does."""
    clone = str(sources(tmp_path / "clone"))
    said = machine.uv(clone, node=False, code=1, MLENV_REQUIRE_LABEXTENSION="1")
    assert "the JupyterLab extension is required (MLENV_REQUIRE_LABEXTENSION): Node.js was not found." in said
    assert "Traceback" not in said
    assert machine.uv(clone, node=False).count(WARNING) == 1
    prove_all_but_the_front_end(machine)


def test_an_editable_install_builds_nothing(machine: Machine, tmp_path: Path) -> None:
    """It is what `make setup` does, also where Node is there; `make labextension` links the front end."""
    clone = sources(tmp_path / "clone")
    said = machine.uv("--editable", str(clone), node=True, MLENV_REQUIRE_LABEXTENSION="1")
    assert WARNING not in said
    assert not (clone / "src" / "mlenv" / "labextension").exists()
    prove_all_but_the_front_end(machine)


def test_what_fails_to_build_stops_the_installation_and_says_the_way_round(machine: Machine, clone: Path) -> None:
    """Node is there: an installation that quietly lacks the front end would be a surprise."""
    broken = clone / "labextension" / "src" / "broken.ts"
    broken.write_text("export const number: number = 'a text';\n")
    try:
        said = machine.uv(str(clone), node=True, code=1)
        assert "src/broken.ts(1,14): error TS2322" in said
        assert "To install mlenv without it, set SKIP_JUPYTER_BUILDER=1." in said
        assert machine.uv(str(clone), node=True, SKIP_JUPYTER_BUILDER="1").count(WARNING) == 1
        prove_all_but_the_front_end(machine)
    finally:
        broken.unlink()
