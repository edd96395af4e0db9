"""Environments that py-rattler makes of a real channel, against the locks that it writes: mlenv's verdict is its own.

The channel is made here, small; what reads, solves, installs and writes is rattler, the library of pixi.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from uv import find_uv_bin

from mlenv.probe import site

pytestmark = [
    pytest.mark.real, pytest.mark.network,
    pytest.mark.skipif(sys.platform != "linux", reason="the small channel's packages are Linux's"),
]  # fmt: skip

PYTHON = ".".join(map(str, sys.version_info[:3]))
MINOR = ".".join(map(str, sys.version_info[:2]))
PLATFORM = "linux-64"
SPECS = ("python", "numpy <2", "pytorch", "graphviz", "libzlib ==1.3.1 h1_2")
SCRIPT = Path(__file__).with_name("conda_world.py")
Rattler = Callable[..., str]


@pytest.fixture(scope="module")
def rattler(tmp_path_factory: pytest.TempPathFactory) -> Rattler:
    """Return what runs the script above with py-rattler."""
    uv, home = find_uv_bin(), tmp_path_factory.mktemp("rattler")
    python = str(home / "bin" / "python")
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(home)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", python, "py-rattler>=0.28,<0.29", "zstandard"], check=True)

    def run(*arguments: str | Path) -> str:
        done = subprocess.run([python, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def channel(rattler: Rattler, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("channel")
    rattler("channel", folder, PYTHON)
    return folder.as_uri()


@pytest.fixture
def project(
    rattler: Rattler, channel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlenv_home: object
) -> Path:
    """Return a project with a lock and an environment made of it, the row of pip put there by hand."""
    root = tmp_path / "project"
    root.mkdir()
    rattler("lock", channel, root, PLATFORM, *SPECS)
    rattler("install", channel, root / ".venv", PLATFORM, *SPECS)
    # The channel's python is none: links and pyvenv.cfg of a plain environment make one.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    python = str(root / ".venv" / "bin" / "python")
    subprocess.run([find_uv_bin(), "pip", "install", "-q", "--python", python, "idna==3.7"], check=True)
    return root


def packages(root: Path) -> Path:
    return root / ".venv" / "lib" / f"python{MINOR}" / "site-packages"


def check(root: Path, *options: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "mlenv", "check", "--json", *options], cwd=root, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def named(answer: dict[str, object]) -> list[str]:
    return sorted({row["package"] for row in answer["findings"]} - {None})  # type: ignore[attr-defined,index]


@pytest.mark.parametrize("lock", ["pixi.lock", f"conda-{PLATFORM}.lock"])
def test_a_fresh_environment_is_in_step(project: Path, lock: str) -> None:
    if lock != "pixi.lock":
        (project / "pixi.lock").unlink()
        python = str(project / ".venv" / "bin" / "python")
        subprocess.run([find_uv_bin(), "pip", "uninstall", "-q", "--python", python, "idna"], check=True)
    answer = check(project)
    assert (answer["verdict"], answer["findings"], answer["lock"]["path"]) == ("in-step", [], lock)  # type: ignore[index]
    assert answer["environment"]["engine"] == "conda"  # type: ignore[index]


@pytest.mark.parametrize(
    "specs",
    [
        ("python", "numpy >=2", "pytorch", "graphviz", "libzlib ==1.3.1 h1_2"),
        ("python", "numpy <2", "graphviz", "libzlib ==1.3.1 h1_2"),
        ("python", "numpy <2", "pytorch", "libzlib ==1.3.1 h1_2"),
        ("python", "numpy <2", "pytorch", "graphviz", "libzlib ==1.2.13"),
        ("python", "numpy <2", "pytorch", "graphviz", "libzlib ==1.3.1 h1_1"),
        (*SPECS, "openssl"),
        ("python", "numpy >=2", "openssl", "libzlib ==1.2.13"),
    ],
)
def test_what_differs_is_what_rattler_finds(
    rattler: Rattler, channel: str, project: Path, specs: tuple[str, ...]
) -> None:
    rattler("install", channel, project / ".venv", PLATFORM, *specs)
    wanted = json.loads(rattler("differing", project / "pixi.lock", project / ".venv", PLATFORM))
    answer = check(project)
    assert wanted
    assert (named(answer), answer["verdict"]) == (wanted, "sync")
    rattler("install", channel, project / ".venv", PLATFORM, *SPECS)
    assert check(project)["verdict"] == "in-step"


def test_conda_s_distributions_are_its_own(project: Path) -> None:
    found = site.scan((str(packages(project)),))
    assert (sorted(found.owned), found.overwritten) == (["numpy", "torch"], ())


def test_pip_s_copy_over_conda_s_is_found_where_conda_sees_nothing(rattler: Rattler, project: Path) -> None:
    info = packages(project) / "numpy-1.26.4.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 2.0.1\n")
    (info / "INSTALLER").write_text("pip\n")
    info.rename(info.with_name("numpy-2.0.1.dist-info"))
    assert json.loads(rattler("differing", project / "pixi.lock", project / ".venv", PLATFORM)) == []
    answer = check(project)
    assert [(row["kind"], row["package"], row["locked"], row["installed"]) for row in answer["findings"]] == [  # type: ignore[attr-defined]
        ("different", "numpy", "1.26.4", "2.0.1")
    ]


@pytest.mark.parametrize("verb", [("sync",), ("create",)])
def test_nothing_is_changed_from_a_lock_of_conda_s_where_py_rattler_is_not(
    rattler: Rattler, channel: str, project: Path, verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLENV_RATTLER", "")
    rattler("install", channel, project / ".venv", PLATFORM, "python", "numpy >=2")
    before = sorted(path.name for path in packages(project).iterdir())
    done = subprocess.run([sys.executable, "-m", "mlenv", *verb], cwd=project, capture_output=True, text=True)
    assert done.returncode == 2
    assert "conda" in done.stderr
    assert "pixi install" in done.stderr
    assert "mlenv[conda]" in done.stderr
    assert sorted(path.name for path in packages(project).iterdir()) == before


def test_adding_what_conda_owns_says_so_and_changes_nothing(project: Path) -> None:
    (project / "pixi.lock").unlink()
    (project / f"conda-{PLATFORM}.lock").unlink()
    (project / "pyproject.toml").write_text('[project]\nname = "demo"\nversion = "1"\n')
    before = (project / "pyproject.toml").read_text()
    for name in ("numpy", "torch"):
        done = subprocess.run(
            [sys.executable, "-m", "mlenv", "add", f"{name}==2.0.1"], cwd=project, capture_output=True, text=True
        )
        assert done.returncode == 2
        assert f"{name} " in done.stdout + done.stderr
        assert "is conda's" in done.stdout + done.stderr
    assert (project / "pyproject.toml").read_text() == before
    assert sorted(path.name for path in packages(project).glob("numpy-*")) == ["numpy-1.26.4.dist-info"]


def test_freeze_keeps_rows_of_conda_and_of_pip_apart_and_is_in_step_afterwards(project: Path) -> None:
    (project / "pixi.lock").unlink()
    (project / f"conda-{PLATFORM}.lock").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "mlenv", "freeze", "--output", "environment.yml"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (project / "environment.yml").read_text().partition("dependencies:\n")[2].split()
    assert rows == [
        "-", "graphviz=9.0.0", "-", "libzlib=1.3.1", "-", "numpy=1.26.4", "-", f"python={PYTHON}", "-", "pytorch=2.1.0",
        "-", "pip:", "-", "idna==3.7",
    ]  # fmt: skip
    answer = check(project)
    assert (answer["verdict"], answer["lock"]["kind"]) == ("in-step", "conda")  # type: ignore[index]
