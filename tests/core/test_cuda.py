"""What frameworks were built for, and whether driver and GPU go with it: the tables, without a GPU."""

from __future__ import annotations

import pytest

from mlenv.cuda.builds import Build, builds_of
from mlenv.cuda.choice import backend_in, choose_backend
from mlenv.cuda.hardware import Gpu, Hardware, parse_nvidia_smi, parse_proc_version
from mlenv.cuda.spelling import is_backend
from mlenv.cuda.states import STATES, judge

TORCH = "from typing import Optional\n__version__ = '2.8.0+cu128'\ndebug = False\ncuda: Optional[str] = '12.8'\nhip = None\n"
TENSORFLOW = (
    "import collections\nbuild_info = collections.OrderedDict([('cpu_compiler', '/usr/bin/clang'),"
    " ('cuda_compute_capabilities', ['sm_60', 'sm_70', 'sm_89', 'compute_90']), ('cuda_version', '12.5.1'),"
    " ('is_cuda_build', True), ('is_rocm_build', False)])\n"
)


def _told(build: Build) -> tuple[str, str, str]:
    return build.package, build.kind, build.cuda


@pytest.mark.parametrize(
    ("versions", "texts", "addresses", "told"),
    [
        ({"torch": "2.8.0"}, {"torch": TORCH}, {}, ("torch", "cuda", "12.8")),
        ({"torch": "2.8.0+cpu"}, {"torch": "cuda = '13.2'\nhip = None"}, {}, ("torch", "cuda", "13.2")),
        ({"torch": "2.8.0"}, {"torch": "cuda: str | None = None\nhip = None\nxpu = None"}, {}, ("torch", "cpu", "")),
        ({"torch": "2.8.0"}, {"torch": "cuda = None\nhip = '6.4.43484'"}, {}, ("torch", "rocm", "")),
        ({"torch": "2.8.0+cu128"}, {}, {}, ("torch", "cuda", "12.8")),
        ({"torch": "2.8.0+cu128"}, {"torch": "cuda = (\n"}, {}, ("torch", "cuda", "12.8")),
        ({"torch": "2.8.0+cpu"}, {}, {}, ("torch", "cpu", "")),
        ({"torch": "2.8.0+rocm6.4"}, {}, {}, ("torch", "rocm", "")),
        ({"torch": "2.8.0"}, {}, {"torch": "https://files.example.org/whl/cu126"}, ("torch", "cuda", "12.6")),
        ({"torch": "2.8.0"}, {}, {"torch": "https://files.example.org/whl/cpu/"}, ("torch", "cpu", "")),
        (
            {"torch": "2.8.0"},
            {},
            {"torch": "https://files.example.org/torch-2.8.0%2Bcu129-cp311-cp311-linux_x86_64.whl"},
            ("torch", "cuda", "12.9"),
        ),
        ({"torch": "2.8.0", "nvidia-cuda-runtime-cu12": "12.8.90"}, {}, {}, ("torch", "cuda", "12.8")),
        ({"torch": "2.15.0", "nvidia-cuda-runtime": "13.2.51"}, {}, {}, ("torch", "cuda", "13.2")),
        ({"torch": "2.15.0"}, {}, {}, ("torch", "unknown", "")),
        ({"tensorflow": "2.19.0"}, {"tensorflow": TENSORFLOW}, {}, ("tensorflow", "cuda", "12.5")),
        ({"tensorflow-cpu": "2.19.0"}, {}, {}, ("tensorflow-cpu", "cpu", "")),
        (
            {"tensorflow": "2.19.0"},
            {"tensorflow": "build_info = {'is_cuda_build': False}"},
            {},
            ("tensorflow", "cpu", ""),
        ),
        ({"jaxlib": "0.7.0", "jax-cuda13-plugin": "0.7.0"}, {}, {}, ("jax-cuda13-plugin", "cuda", "13")),
        ({"jaxlib": "0.7.0"}, {}, {}, ("jaxlib", "cpu", "")),
        ({"cupy-cuda12x": "13.4.0"}, {}, {}, ("cupy-cuda12x", "cuda", "12")),
        ({"cupy-cuda113": "10.0.0"}, {}, {}, ("cupy-cuda113", "cuda", "11.3")),
        (
            {"onnxruntime-gpu": "1.23.0"},
            {"onnxruntime": "package_name = 'onnxruntime-gpu'\ncuda_version = '13.0'"},
            {},
            ("onnxruntime-gpu", "cuda", "13.0"),
        ),
        ({"onnxruntime": "1.23.0"}, {}, {}, ("onnxruntime", "cpu", "")),
    ],
)
def test_what_a_framework_was_built_for(
    versions: dict[str, str], texts: dict[str, str], addresses: dict[str, str], told: tuple[str, str, str]
) -> None:
    """Files first, then the local version, the address, the libraries; CUDA 13's libraries have no suffix."""
    (build,) = builds_of(versions, texts, addresses)
    assert _told(build) == told


def test_what_is_no_framework_is_no_row() -> None:
    assert builds_of({"six": "1.17.0", "nvidia-cublas": "13.0", "torchvision": "0.2+cu128"}) == ()


def test_the_lowest_capability_that_tensorflow_names_counts() -> None:
    (build,) = builds_of({"tensorflow": "2.19.0"}, {"tensorflow": TENSORFLOW})
    assert build.least_capability == "6.0"
    old = Hardware(driver="570.86", gpus=(Gpu(name="Tesla M40", capability="5.2"),))
    assert judge(build, old).state == "gpu-too-old"


def _torch(version: str) -> Build:
    return builds_of({"torch": version})[0]


NONE, SOME = Hardware(count=0), Hardware(driver="570.86.10", source="NVML")


@pytest.mark.parametrize(
    ("version", "hardware", "state"),
    [
        # S32: four combinations, four states.
        ("2.8.0+cu128", SOME, "fits"),
        ("2.8.0+cpu", NONE, "fits-cpu"),
        ("2.8.0+cpu", SOME, "cpu-build"),
        ("2.8.0+cu128", NONE, "gpu-build"),
        # The build is newer than the driver (S31), or the driver is of its major's family.
        ("2.8.0+cu128", Hardware(driver="470.57.02"), "driver-too-old"),
        ("2.9.0+cu130", Hardware(driver="570.86.10"), "driver-too-old"),
        ("2.8.0+cu128", Hardware(driver="525.60.13"), "limited"),
        ("2.8.0+cu128", Hardware(driver="525.60.12"), "driver-too-old"),
        ("1.8.0+cu102", Hardware(driver="440.32"), "driver-too-old"),
        ("1.8.0+cu102", Hardware(driver="440.33"), "fits"),
        # What the driver says of itself counts more than its number: forward compatibility, WSL.
        ("2.9.0+cu130", Hardware(driver="535.104", cuda="13.0"), "fits"),
        ("2.8.0+cu128", Hardware(cuda="12.4"), "limited"),
        ("2.9.0+cu130", Hardware(cuda="12.4"), "driver-too-old"),
        # Compute capability.
        ("2.9.0+cu130", Hardware(driver="580.65.06", gpus=(Gpu(name="V100", capability="7.0"),)), "gpu-too-old"),
        ("2.8.0+cu126", Hardware(driver="580.65.06", gpus=(Gpu(name="B200", capability="10.0"),)), "gpu-too-new"),
        ("2.8.0+cu128", Hardware(driver="580.65.06", gpus=(Gpu(name="H100", capability="9.0"),)), "fits"),
        # Nothing is claimed that was not measured.
        ("2.8.0+cu128", Hardware(problem="nvidia-smi gave no answer within 3.4 s"), "unknown"),
        ("2.8.0+rocm6.4", SOME, "unknown"),
        ("2.8.0", SOME, "unknown"),
        ("2.8.0+cu990", SOME, "unknown"),
    ],
)
def test_the_states(version: str, hardware: Hardware, state: str) -> None:
    fit = judge(_torch(version), hardware)
    assert fit.state == state, fit.text
    assert fit.state in STATES


def test_a_build_for_the_cpu_is_not_said_to_be_for_cuda_where_the_driver_gives_no_answer() -> None:
    fit = judge(_torch("2.8.0+cpu"), Hardware(problem="nvidia-smi gave no answer within 3.4 s"))
    assert (fit.state, "for the CPU" in fit.text, "CUDA" in fit.text) == ("unknown", True, False), fit.text


def test_a_build_newer_than_the_driver_names_both_numbers_and_what_would_fit() -> None:
    fit = judge(_torch("2.8.0+cu128"), Hardware(driver="470.57.02"))
    assert "CUDA 12.8, which needs driver 525.60.13 or newer" in fit.text
    assert "this machine has driver 470.57.02" in fit.text
    assert fit.mend == "mlenv add torch --cuda cu118"
    assert not fit.ok


def test_the_larger_of_build_and_runtime_is_held_against_the_driver() -> None:
    """TensorFlow was built for 12.5 and brings the runtime of 12.9; the frameworks of two majors may lie together."""
    versions = {"tensorflow": "2.19.0", "nvidia-cuda-runtime-cu12": "12.9.79", "nvidia-cuda-runtime": "13.2.51"}
    (build,) = builds_of(versions, {"tensorflow": TENSORFLOW})
    assert build.runtime == "12.9.79"
    assert judge(build, Hardware(driver="570.86")).state == "limited"
    assert judge(build, Hardware(driver="575.51.03")).state == "fits"


@pytest.mark.parametrize(
    ("driver", "mend"),
    [("580.65.06", "mlenv add 'jax[cuda13]'"), ("535.104", "mlenv add 'jax[cuda12]'"), ("450.80.02", "")],
)
def test_the_build_for_a_gpu_that_is_offered_is_one_that_the_driver_runs(driver: str, mend: str) -> None:
    fit = judge(builds_of({"jaxlib": "0.7.0"})[0], Hardware(driver=driver))
    assert (fit.state, fit.mend) == ("cpu-build", mend)


def test_cupy_without_a_gpu_is_not_said_to_run() -> None:
    fit = judge(builds_of({"cupy-cuda12x": "13.4.0"})[0], NONE)
    assert fit.state == "gpu-build"
    assert fit.text.endswith("no GPU is seen here: cupy needs one")


def test_only_a_runtime_of_another_major_is_a_note() -> None:
    (build,) = builds_of({"torch": "2.8.0+cu128", "nvidia-cuda-runtime": "13.2.51"})
    fit = judge(build, Hardware(driver="595.45"))
    assert fit.state == "fits"
    assert "of another major" in fit.text


@pytest.mark.parametrize(
    ("asked", "hardware", "backend", "why"),
    [
        ("cu128", None, "cu128", "as asked"),
        ("cpu", SOME, "cpu", "as asked"),
        ("auto", NONE, "cpu", "no GPU is seen"),
        ("auto", Hardware(problem="nvidia-smi gave no answer"), "cpu", "nvidia-smi gave no answer"),
        ("auto", Hardware(driver="525.60.13", source="NVML"), "auto", "runs up to cu129"),
        ("auto", Hardware(driver="580.65.06", source="NVML"), "auto", "cu132"),
        ("auto", Hardware(driver="450.80.02", source="NVML"), "auto", "cu118"),
        ("auto", Hardware(driver="390.0", source="NVML"), "cpu", "too old"),
        ("auto", Hardware(driver="595.1", gpus=(Gpu(name="P100", capability="6.0"),)), "cu126", "P100"),
        ("auto", Hardware(cuda="12.4"), "cu129", "CUDA 12.4"),
    ],
)
def test_what_auto_comes_to(asked: str, hardware: Hardware | None, backend: str, why: str) -> None:
    choice = choose_backend(asked, hardware)
    assert choice.backend == backend
    assert why in choice.why
    assert choice.driver == (hardware.driver if hardware and backend == "auto" else "")


def test_how_a_build_is_spelled() -> None:
    assert all(map(is_backend, ("auto", "cpu", "cu118", "cu132", "rocm6.2.4", "xpu", "cu92")))
    assert not any(map(is_backend, ("", "CPU", "cuda", "cu12.8", "cu1", "--index", "cu128\n", "rocm", "cpu ")))


def test_the_build_that_a_lock_names() -> None:
    assert backend_in('index = "https://files.example.org/whl/cu128/torch"') == "cu128"
    assert backend_in("https://files.example.org/torch-2.8.0%2Bcu126-cp311-cp311-linux_x86_64.whl") == "cu126"
    assert backend_in('name = "six"') == ""
    assert backend_in("six==1.17.0\ntorch==2.8.0+cu126 \\\n    --hash=sha256:00\n") == "cu126"
    assert backend_in("torch==2.8.0\ntorchvision==0.23.0+cu126\n") == ""


def test_the_answers_of_nvidia_smi() -> None:
    rows = "535.104.05, 8.0, NVIDIA A100-SXM4-40GB\n535.104.05, 9.0, NVIDIA H100\n"
    found = parse_nvidia_smi(rows)
    assert (found.driver, [gpu.capability for gpu in found.gpus], found.count) == ("535.104.05", ["8.0", "9.0"], 2)
    assert parse_nvidia_smi("470.57.02, Tesla K80\n").gpus == (Gpu(name="Tesla K80"),)
    assert parse_nvidia_smi("470.57.02\n").driver == "470.57.02"
    banner = "| NVIDIA-SMI 470.57.02    Driver Version: 470.57.02    CUDA Version: 11.4     |"
    assert (parse_nvidia_smi(banner).driver, parse_nvidia_smi(banner).cuda) == ("470.57.02", "11.4")
    assert parse_nvidia_smi("NVIDIA-SMI has failed because it couldn't communicate").seen is False


def test_the_file_of_the_drivers_module() -> None:
    open_one = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.144.03  Release Build  (dvs-builder)\nGCC"
    assert parse_proc_version(open_one) == "550.144.03"
    assert parse_proc_version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  375.74  Wed Jun 14\n") == "375.74"
    assert parse_proc_version("something else") == ""
