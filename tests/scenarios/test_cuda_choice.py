"""``create/add --cuda``: the build of torch that was asked for is locked, installed, recorded and kept.

The wheels are stubs, the index of PyTorch is a stand-in on this machine, uv is the real one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from uv import find_uv_bin

from scenarios.pytorch_index import StandIn, standing_in
from scenarios.real_project import Project, create, mlenv
from torture.handmade import make_wheel
from torture.index import serving

pytestmark = [
    pytest.mark.real,
    pytest.mark.network,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="not run: no openssl here to make a certificate"),
]
NO_GPU = {"CONDA_OVERRIDE_CUDA": ""}


def _torch(folder: Path, version: str, cuda: str) -> None:
    text = f"cuda: 'str | None' = {cuda!r}\nhip = None\n" if cuda else "cuda = None\nhip = None\n"
    make_wheel(folder, "torch", version, {"torch/__init__.py": "", "torch/version.py": text}, requires=["steady"])


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An index as everybody has it, with torch for CUDA 12.8 as PyPI has it, and three of PyTorch's own."""
    folder = tmp_path_factory.mktemp("pytorch")
    found = {name: folder / name for name in ("plain", "cpu", "cu118", "cu126", "cu128")}
    for name, place in found.items():
        place.mkdir()
        if name.startswith("c"):
            cuda = "" if name == "cpu" else f"{name[2:-1]}.{name[-1]}"
            _torch(place, f"2.{'7' if name == 'cu118' else '8'}.0+{name}", cuda)
    _torch(found["plain"], "2.8.0", "12.8")
    make_wheel(found["plain"], "steady", "1.0", {"steady.py": ""})
    make_wheel(found["plain"], "second", "1.0", {"second.py": ""})
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest"]
    subprocess.run([*argv, str(found["plain"]), "pip"], check=True, timeout=300)
    return found


@pytest.fixture
def world(
    wheels: Mapping[str, Path], tmp_path: Path, mlenv_home: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandIn]:
    """All of it set for uv; the runtime of the kernels was made before, from the real index."""
    if not any(shared_data.glob("runtimes/*")):
        create(tmp_path / "before", "six")
    folder = tmp_path / "stand-in"
    folder.mkdir()
    builds = {name: place for name, place in wheels.items() if name != "plain"}
    with standing_in(folder, builds) as stand_in, serving(wheels["plain"]) as index:
        told = {**stand_in.environ, "UV_DEFAULT_INDEX": index.url, "UV_CACHE_DIR": str(tmp_path / "uv-cache"), **NO_GPU}
        for name, text in told.items():
            monkeypatch.setenv(name, text)
        yield stand_in


def _locked(project: Project) -> str:
    rows = tomllib.loads((project.root / "pylock.toml").read_text())["packages"]
    return str({row["name"]: row["version"] for row in rows}["torch"])


def _setting(project: Project, name: str = "pyproject.toml") -> object:
    table = tomllib.loads((project.root / name).read_text())
    return (table["tool"]["mlenv"] if name == "pyproject.toml" else table)["cuda"]


def test_the_build_that_is_asked_for_is_locked_recorded_and_kept(root: Path, world: StandIn) -> None:
    """create, then add of something else, lock --upgrade and sync: all take the build that was recorded."""
    made = mlenv(root, "create", "torch", "--cuda", "cu126")
    project = Project(root)
    assert "cuda         cu126: as asked (recorded in pyproject.toml)" in made.stdout.splitlines()
    assert (_locked(project), _setting(project), project.packages["torch"]) == ("2.8.0+cu126", "cu126", "2.8.0+cu126")
    assert project.check()["verdict"] == "in-step"
    project.mlenv("add", "second")
    assert _locked(project) == "2.8.0+cu126"
    project.mlenv("lock", "--upgrade")
    assert (_locked(project), project.check()["verdict"]) == ("2.8.0+cu126", "in-step")
    # Another build, of a package that is declared already: lock, environment and setting move together, and back.
    moved = project.mlenv("create", "--cuda", "cpu")
    assert "cuda         cpu: as asked (recorded in pyproject.toml)" in moved.stdout.splitlines()
    assert (_locked(project), _setting(project), project.packages["torch"]) == ("2.8.0+cpu", "cpu", "2.8.0+cpu")
    rows = json.loads(mlenv(root, "doctor", "--json", code=None).stdout)["data"]["hardware"]["frameworks"]
    assert [(row["where"], row["state"]) for row in rows] == [("installed", "fits-cpu")]
    project.mlenv("undo")
    assert (_locked(project), _setting(project), project.packages["torch"]) == ("2.8.0+cu126", "cu126", "2.8.0+cu126")


@pytest.mark.parametrize(
    ("variables", "version", "taken", "why"),
    [
        (NO_GPU, "2.8.0+cpu", "cpu", "no GPU is seen here"),
        (
            {"UV_CUDA_DRIVER_VERSION": "525.60.13"},
            "2.8.0+cu128",
            "cu128",
            "driver 525.60.13 (UV_CUDA_DRIVER_VERSION) runs up to cu129",
        ),
        ({"UV_CUDA_DRIVER_VERSION": "450.80.02"}, "2.7.0+cu118", "cu118", "runs up to cu118"),
    ],
)
def test_auto_takes_what_the_driver_runs_and_records_what_that_was(
    variables: dict[str, str], version: str, taken: str, why: str, root: Path, world: StandIn
) -> None:
    """One line says what and why; another machine's driver changes no lock later."""
    made = mlenv(root, "add", "torch", "--cuda", "auto", env=variables)
    project = Project(root)
    (line,) = [line for line in made.stdout.splitlines() if line.startswith("cuda ")]
    assert line.startswith(f"cuda         {taken}: ")
    assert why in line
    assert (_locked(project), _setting(project), project.packages["torch"]) == (version, taken, version)
    project.mlenv("lock", "--upgrade", env={"UV_CUDA_DRIVER_VERSION": "580.65.06"})
    assert _locked(project) == version


def test_a_list_of_requirements_gets_its_build_from_the_same_place(root: Path, world: StandIn) -> None:
    """requirements.in and its pinned list: the choice is recorded in mlenv.toml, and installing finds the build again."""
    (root / "requirements.in").write_text("torch\n")
    (root / "requirements.txt").write_text("steady==1.0\n")
    mlenv(root, "create", "--cuda", "cu128")
    project = Project(root)
    assert "torch==2.8.0+cu128" in (root / "requirements.txt").read_text()
    assert (_setting(project, "mlenv.toml"), project.packages["torch"]) == ("cu128", "2.8.0+cu128")
    assert project.check()["verdict"] == "in-step"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("sleep 60", "cuda         cpu: nvidia-smi gave no answer within"),
        # It answers mlenv and hangs for whoever asks again, as uv would by itself.
        (
            'case "$1" in *compute_cap*) echo "525.60.13, 8.0, A100";; *) sleep 60;; esac',
            "cuda         cu128: driver 525.60.13 (nvidia-smi) runs up to cu129",
        ),
    ],
    ids=["for all", "for uv"],
)
def test_a_hanging_driver_does_not_hang_auto(
    script: str, told: str, root: Path, world: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv waits for nvidia-smi for ever; it is told the driver, or the CPU where none answers."""
    smi = tmp_path / "smi" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text(f"#!/bin/sh\n{script}\n")
    smi.chmod(0o755)
    env = {"PATH": f"{smi.parent}{os.pathsep}{os.environ['PATH']}"}
    if os.path.exists("/proc/driver/nvidia/version"):
        pytest.skip("not run: a real driver is here")
    monkeypatch.delenv("CONDA_OVERRIDE_CUDA")
    made = mlenv(root, "add", "torch", "--cuda", "auto", env=env, timeout_s=45)
    assert told in made.stdout


@pytest.mark.parametrize(
    ("words", "files", "code", "says"),
    [
        (("create", "steady", "--cuda", "cu12.8"), {}, "cuda-unknown", "cu126"),
        (("create", "steady", "--cuda", "cpu", "--engine", "venv"), {}, "cuda-not-driven", "--engine uv"),
        (("create", "steady", "--cuda", "cpu", "--frozen"), {}, "usage", "leave one of them out"),
        (("create", "torch", "--cuda", "cu999"), {}, "cuda-unknown", "cu128"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    words: tuple[str, ...], files: dict[str, str], code: str, says: str, root: Path, world: StandIn
) -> None:
    answer = mlenv(root, *words, "--json", code=2).json()["error"]
    assert (answer["code"], says in answer["hint"]) == (code, True), answer
    assert [path.name for path in root.iterdir() if path.name != ".mlenv"] == []


def test_a_project_that_uv_locks_is_told_what_to_write(root: Path, world: StandIn) -> None:
    """uv.lock is made from uv's own tables: --cuda says which, and changes nothing."""
    (root / "pyproject.toml").write_text(
        '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["steady"]\n'
    )
    subprocess.run([find_uv_bin(), "lock", "-q"], cwd=root, check=True, timeout=100)
    before = {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
    answer = mlenv(root, "add", "torch", "--cuda", "cu128", "--json", code=2).json()["error"]
    assert answer["code"] == "cuda-not-driven"
    assert "[[tool.uv.index]]" in answer["hint"]
    assert {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()} == before
