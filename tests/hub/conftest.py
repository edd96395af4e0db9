"""One machine for all tests of this folder: made once, removed at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hub.machine import CHECKOUT, Machine, new_python, opened, reachable, uv
from own_home import own_environment


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine can enter: those of pytest are for one user only."""
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("not run: only root can be several users")
    folder = opened(Path(tempfile.mkdtemp(prefix="mlenv-hub-")))
    if not reachable(folder / "."):
        pytest.skip(f"not run: other users cannot enter {folder.parent}")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def machine(open_folder: Path, pythons: Mapping[str, str]) -> Machine:
    """The hub's environment with JupyterHub, Jupyter Server and mlenv, all from the index; an administrator's home."""
    env = {**own_environment(open_folder / "admin", open_folder / "admin-data"), "SKIP_JUPYTER_BUILDER": "1"}
    hub = open_folder / "opt" / "hub"
    opened(hub.parent)
    python = new_python(pythons, open_folder)
    uv("venv", "--quiet", "--python", str(python), str(hub), env=env)
    uv("build", "--quiet", "--wheel", "--out-dir", str(open_folder / "dist"), str(CHECKOUT), env=env)
    wheel = next((open_folder / "dist").glob("*.whl"))
    needs = ["jupyterhub>=5,<7", "configurable-http-proxy>=0.4,<1", "jupyter_server>=2.13,<3", str(wheel)]
    uv("pip", "install", "--quiet", "--python", str(hub / "bin" / "python"), *needs, env=env)
    subprocess.run([str(hub / "bin" / "jupyter"), "kernelspec", "remove", "-f", "python3"], env=env, check=True)
    return Machine(folder=open_folder, hub=hub, env={**env, "MLENV_CREATE_PYTHON": str(python)})


@pytest.fixture(scope="session")
def demo(machine: Machine) -> Path:
    """A project of the administrator's with one package, in a folder that all can read."""
    root = opened(machine.folder / "srv" / "demo")
    opened(root.parent)
    machine.admin(root, "create", "six", "--python", machine.env["MLENV_CREATE_PYTHON"])
    return root


@pytest.fixture(scope="session")
def kernel(machine: Machine, demo: Path) -> str:
    """The project's kernel, registered for every user of the hub."""
    machine.admin(demo, "kernels", "register", "--prefix", str(machine.hub), "--name", "team-demo")
    return "team-demo"
