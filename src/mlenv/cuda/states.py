"""One word for each framework: does what it was built for go with this machine? A table and a pure function."""

from __future__ import annotations

from mlenv.cuda.builds import Build
from mlenv.cuda.choice import backend_fitting, outside
from mlenv.cuda.drivers import branch_of, least_driver, runs
from mlenv.cuda.hardware import Gpu, Hardware, numbers
from mlenv.model import value

__all__ = ["STATES", "Fit", "judge"]

STATES = {
    "fits": "a build for a GPU, and driver and GPU run it",
    "fits-cpu": "a build for the CPU, and no GPU is seen",
    "limited": "the driver runs it by minor version compatibility: parts that compile at run time (PTX) may fail",
    "cpu-build": "a build for the CPU on a machine with a GPU, which stays unused",
    "gpu-build": "a build for a GPU on a machine without one: it runs on the CPU, at its full size",
    "driver-too-old": "the build is newer than the driver",
    "gpu-too-old": "the build has no code for this GPU any more",
    "gpu-too-new": "the build has no code for this GPU yet",
    "unknown": "what it was built for, or what is here, could not be told",
}
"""Stable words of the machine-readable form -> what each says."""

_BAD = frozenset({"driver-too-old", "gpu-too-old", "gpu-too-new"})
_GPU_PACKAGE = {"tensorflow": "'tensorflow[and-cuda]'", "jax": "'jax[cuda{}]'", "onnxruntime": "onnxruntime-gpu"}
_MAJORS = {"jax": ("13", "12"), "tensorflow": ("12",), "onnxruntime": ("12",)}
"""Majors of CUDA that their builds for a GPU come for, newest first."""


@value
class Fit:
    build: Build
    state: str
    """A key of :data:`STATES`."""
    text: str
    mend: str = ""
    """One line to type; empty where nothing is to be done."""

    @property
    def ok(self) -> bool:
        """Whether it starts: what merely stays unused is not wrong."""
        return self.state not in _BAD


def judge(build: Build, hardware: Hardware, *, windows: bool = False) -> Fit:
    """Hold one build against a machine."""
    if build.kind in {"unknown", "rocm", "xpu"}:
        what = f"a build for {build.kind}" if build.kind != "unknown" else "its metadata does not tell its build"
        return Fit(build=build, state="unknown", text=f"{_name(build)}: {what}, which is not compared")
    if hardware.seen is None:
        what = f"{_name(build)} is a build for the CPU" if build.kind == "cpu" else _built(build)
        return Fit(build=build, state="unknown", text=f"{what}; the driver gave no answer to compare with")
    if build.kind == "cpu":
        return _cpu(build, hardware)
    if not hardware.seen:
        so = "cupy needs one" if build.framework == "cupy" else "it runs on the CPU"
        text = f"{_built(build)}, and no GPU is seen here: {so}"
        return Fit(build=build, state="gpu-build", text=text, mend=_to_cpu(build))
    gpu = next((gpu for gpu in hardware.gpus if _without_code(build, gpu)), None)
    return _driver(build, hardware, windows=windows) or (
        _gpu(build, gpu, hardware) if gpu else Fit(build=build, state="fits", text=_fits(build, hardware))
    )


def _cpu(build: Build, hardware: Hardware) -> Fit:
    if not hardware.seen:
        return Fit(
            build=build, state="fits-cpu", text=f"{_name(build)} is a build for the CPU, and no GPU is seen here"
        )
    text = f"{_name(build)} is a build for the CPU; the GPU of this machine ({_machine(hardware)}) stays unused"
    return Fit(build=build, state="cpu-build", text=text, mend=_to_gpu(build, hardware))


def _driver(build: Build, hardware: Hardware, *, windows: bool) -> Fit | None:
    """Return what the driver does not do for this build; ``None`` where it does all."""
    # A driver that says it runs this CUDA does so, whatever its number: forward compatibility, containers, WSL.
    if hardware.cuda and build.cuda and numbers(hardware.cuda) >= numbers(_needed(build)):
        return None
    same_major = numbers(hardware.cuda)[:1] == numbers(build.cuda)[:1] and bool(build.cuda)
    told = runs(hardware.driver, build.cuda, windows=windows)
    starts = told if told is not None else (same_major if hardware.cuda else None)
    if starts is None:
        text = f"{_built(build)}; nothing is known here of the driver that this needs"
        return Fit(build=build, state="unknown", text=text)
    if not starts:
        return _too_old(build, hardware, windows=windows)
    branch = branch_of(_needed(build))
    own = branch is None or (bool(hardware.driver) and numbers(hardware.driver)[0] >= branch)
    if own and not (same_major and numbers(hardware.cuda) < numbers(_needed(build))):
        return None
    fully = f"; a driver from {branch} on runs all of it" if branch else ""
    text = f"{_built(build)} and works with {_has(hardware)} by minor version compatibility: PTX code may not{fully}"
    return Fit(build=build, state="limited", text=text)


def _too_old(build: Build, hardware: Hardware, *, windows: bool) -> Fit:
    least = least_driver(build.cuda, windows=windows)
    needs = f"driver {least} or newer" if least else f"a driver for CUDA {build.cuda}"
    may = "may not" if hardware.wsl else "will not"
    text = (
        f"the build needs a newer driver: {_built(build)}, which needs {needs}; this machine has {_has(hardware)},"
        f" so it {may} start on the GPU"
    )
    fitting = backend_fitting(hardware, windows=windows)
    if build.framework == "torch":
        mend = f"mlenv add torch --cuda {fitting or 'cpu'}"
        return Fit(build=build, state="driver-too-old", text=f"{text}; {fitting or 'cpu'} fits", mend=mend)
    return Fit(build=build, state="driver-too-old", text=text, mend=_to_cpu(build) if not fitting else "")


def _without_code(build: Build, gpu: Gpu) -> str:
    """Return ``too old`` or ``too new`` where a build has no code for a GPU."""
    if build.least_capability and gpu.capability and numbers(gpu.capability) < numbers(build.least_capability):
        return "too old"
    return outside(gpu.capability, build.cuda) if build.framework == "torch" and "." in build.cuda else ""


def _gpu(build: Build, gpu: Gpu, hardware: Hardware) -> Fit:
    how = _without_code(build, gpu)
    text = f"{_built(build)}, which has no code for {gpu.name} (compute capability {gpu.capability}): the GPU is {how}"
    fitting = backend_fitting(hardware) if build.framework == "torch" else ""
    mend = f"mlenv add torch --cuda {fitting}" if fitting else ""
    return Fit(build=build, state=f"gpu-{how.replace(' ', '-')}", text=text, mend=mend)


def _needed(build: Build) -> str:
    """Return the CUDA that the driver has to run: the larger of what it was built for and what is beside it."""
    same = numbers(build.runtime)[:1] == numbers(build.cuda)[:1]
    parts = max(numbers(build.cuda), numbers(build.runtime)[:2]) if same else numbers(build.cuda)
    return ".".join(map(str, parts[:2]))


def _fits(build: Build, hardware: Hardware) -> str:
    other = ""
    if build.runtime and build.cuda and numbers(build.runtime)[:1] != numbers(build.cuda)[:1]:
        other = f"; the CUDA runtime beside it is {build.runtime}, of another major"
    return f"{_built(build)}, and {_has(hardware)} runs it{other}"


def _name(build: Build) -> str:
    return f"{build.package} {build.version}"


def _built(build: Build) -> str:
    return f"{_name(build)} is built for CUDA {build.cuda}" if build.cuda else f"{_name(build)} is built for CUDA"


def _has(hardware: Hardware) -> str:
    return f"driver {hardware.driver}" if hardware.driver else f"a driver for CUDA {hardware.cuda}"


def _machine(hardware: Hardware) -> str:
    return hardware.gpus[0].name if hardware.gpus else _has(hardware)


def _to_cpu(build: Build) -> str:
    if build.framework == "torch":
        return "mlenv add torch --cuda cpu"
    return f"mlenv remove {build.package}" if build.package.startswith("jax-cuda") else ""


def _to_gpu(build: Build, hardware: Hardware) -> str:
    if build.framework == "torch":
        return f"mlenv add torch --cuda {backend_fitting(hardware) or 'auto'}"
    highest = numbers(hardware.cuda)[:1]
    for major in _MAJORS.get(build.framework, ()):
        if runs(hardware.driver, major) or highest >= numbers(major):
            return f"mlenv add {_GPU_PACKAGE[build.framework].format(major)}"
    return ""
