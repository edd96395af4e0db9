"""S31, S32: driver and GPU held against what the frameworks were built for; stub wheels, a faked ``nvidia-smi``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlenv.probe.hardware import ask_hardware
from scenarios.real_project import mlenv
from scenarios.traces import uv
from torture.handmade import make_wheel

pytestmark = [
    pytest.mark.real,
    pytest.mark.usefixtures("mlenv_home"),
    pytest.mark.skipif(sys.platform != "linux", reason="not run: a faked nvidia-smi is a shell script"),
    pytest.mark.skipif(os.path.exists("/proc/driver/nvidia/version"), reason="not run: a real driver is here"),
]
EXPLODES = "raise SystemExit('torch was imported')\n"


@pytest.fixture
def torch(root: Path, make_venv: Callable[..., Path]) -> Callable[[str], Path]:
    """Put a stub of torch into the project's environment; importing it would be seen."""
    make_venv(root / ".venv")

    def put(version: str) -> Path:
        cuda = f"'{version[-3:-1]}.{version[-1]}'" if "+cu" in version else "None"
        files = {"torch/__init__.py": EXPLODES, "torch/version.py": f"cuda: 'str | None' = {cuda}\nhip = None\n"}
        wheel = make_wheel(root.parent / "wheels", "torch", version, files)
        uv("pip", "install", "-q", "--no-deps", "--offline", "--python", str(root / ".venv"), str(wheel))
        return root

    return put


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a faked ``nvidia-smi`` first on PATH."""

    def put(script: str) -> None:
        path = tmp_path / "smi" / "nvidia-smi"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")

    return put


def _data(root: Path) -> dict[str, Any]:
    answer = mlenv(root, "doctor", "--json", code=None)
    assert "torch was imported" not in answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_a_build_newer_than_the_driver(torch: Callable[[str], Path], smi: Callable[[str], None]) -> None:
    """S31: both numbers, what would fit, nothing imported; without any nvidia-smi: no GPU seen, and no error."""
    root = torch("2.8.0+cu128")
    none = mlenv(root, "doctor", code=1)  # for there is no lock
    assert "no GPU seen" in none.stdout.splitlines()
    assert none.stderr == ""
    smi("echo '470.57.02, 7.0, Tesla V100-SXM2-16GB'")
    told = mlenv(root, "doctor", code=1).stdout
    (line,) = [line for line in told.splitlines() if line.startswith("torch ")]
    assert line.startswith(
        "torch (installed): the build needs a newer driver: torch 2.8.0+cu128 is built for CUDA 12.8"
    )
    assert "needs driver 525.60.13 or newer; this machine has driver 470.57.02" in line
    assert line.endswith("mlenv add torch --cuda cu118")
    assert "GPU Tesla V100-SXM2-16GB (7.0): driver 470.57.02 (nvidia-smi)" in told.splitlines()


@pytest.mark.parametrize(
    ("version", "gpu", "state", "mend"),
    [
        ("2.8.0+cu128", True, "fits", None),
        ("2.8.0+cpu", True, "cpu-build", "mlenv add torch --cuda cu129"),
        ("2.8.0+cu128", False, "gpu-build", "mlenv add torch --cuda cpu"),
        ("2.8.0+cpu", False, "fits-cpu", None),
    ],
)
def test_four_combinations_four_states(
    version: str, gpu: bool, state: str, mend: str | None, torch: Callable[[str], Path], smi: Callable[[str], None]
) -> None:
    """S32, machine-readable: each state has a stable word and the line that changes it."""
    root = torch(version)
    if gpu:
        smi("echo '575.51.03, 9.0, NVIDIA H100 80GB HBM3'")
    data = _data(root)
    found = data["hardware"]
    (row,) = found["frameworks"]
    assert (row["name"], row["state"], row["mend"], row["where"]) == ("torch", state, mend, "installed")
    assert row["text"].startswith(f"torch {version} is ")
    assert found["seen"] is gpu
    (ignored,) = [row for row in data["mistakes"] if row["name"] == "cuda-ignored"]
    assert ignored["state"] == ("found" if state == "cpu-build" else "fine")


@pytest.mark.parametrize("trap", ["", "trap '' INT TERM; "], ids=["sleeps", "sleeps through signals"])
def test_a_driver_that_hangs_is_left_after_five_seconds(trap: str, smi: Callable[[str], None], tmp_path: Path) -> None:
    """S32: a faked nvidia-smi that hangs 60 s: an answer within 5 s, the state is unknown, no process stays."""
    smi(f"echo $$ > {tmp_path}/pid; {trap}sleep 60")
    began = time.monotonic()
    found = ask_hardware()
    assert time.monotonic() - began < 5
    assert found.seen is None
    assert found.problem.startswith("nvidia-smi gave no answer within")
    assert not os.path.exists(f"/proc/{(tmp_path / 'pid').read_text().strip()}")


def test_doctor_says_of_a_hanging_driver_that_nothing_is_known(
    torch: Callable[[str], Path], smi: Callable[[str], None]
) -> None:
    """S32: neither "fits" nor "no GPU" is said without an answer."""
    root = torch("2.8.0+cu128")
    smi("sleep 60")
    found = _data(root)["hardware"]
    assert (found["seen"], [row["state"] for row in found["frameworks"]]) == (None, ["unknown"])


def test_variables_count_instead_of_the_machine_and_are_named(smi: Callable[[str], None], tmp_path: Path) -> None:
    """uv's and conda's own variables; then nothing is asked at all."""
    smi(f"touch {tmp_path}/asked; echo '470.57.02, 7.0, V100'")
    here = dict(os.environ)
    driver = ask_hardware({**here, "UV_CUDA_DRIVER_VERSION": "525.60.13"})
    assert (driver.driver, driver.seen, driver.overrides) == ("525.60.13", True, ("UV_CUDA_DRIVER_VERSION=525.60.13",))
    assert ask_hardware({**here, "CONDA_OVERRIDE_CUDA": "12.4"}).cuda == "12.4"
    assert ask_hardware({**here, "CONDA_OVERRIDE_CUDA": ""}).seen is False
    assert not (tmp_path / "asked").exists()
    wrong = ask_hardware({**here, "UV_CUDA_DRIVER_VERSION": "new"})
    assert (wrong.driver, wrong.problem) == ("470.57.02", "UV_CUDA_DRIVER_VERSION is no version: 'new'")


def test_files_of_the_driver_and_a_container_without_a_device(tmp_path: Path) -> None:
    """The host's driver shows in a container's files; a GPU is there only with a device. WSL is said."""
    files = {
        "sys/module/nvidia/version": "550.144.03\n",
        "proc/version": "Linux version 5.15-microsoft-standard-WSL2\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = ask_hardware({"PATH": ""}, str(tmp_path))
    assert (found.driver, found.seen, found.wsl) == ("550.144.03", False, True)
    assert "no GPU is given to this container" in found.problem
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidia0").touch()
    assert ask_hardware({"PATH": ""}, str(tmp_path)).seen is True


def test_an_nvidia_smi_that_fails_is_quoted(smi: Callable[[str], None]) -> None:
    smi('echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9')
    found = ask_hardware()
    assert found.seen is None
    assert found.problem.startswith("nvidia-smi says: NVIDIA-SMI has failed")
    smi("echo 'No devices were found'; exit 6")
    assert ask_hardware().seen is False
    smi(
        "case \"$1\" in *compute_cap*) echo 'Field \"compute_cap\" is not a valid field' >&2; exit 2;; esac; echo '418.87, K80'"
    )
    assert ask_hardware().driver == "418.87"
