"""Run in a process of its own (``-I -S``, standard library only): ask NVIDIA's libraries what they know, print it.

A driver that hangs or crashes takes this process with it, not mlenv. Nothing of mlenv is here.
"""

import ctypes
import json
import os
import sys
from typing import Any

_WSL = "/usr/lib/wsl/lib/"
_MOST_GPUS = 64


def _library(names: list[str]) -> Any:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _libraries() -> list[Any]:
    if sys.platform == "win32":
        return [_library(["nvml.dll"]), _library(["nvcuda.dll"])]
    return [
        _library(["libnvidia-ml.so.1", _WSL + "libnvidia-ml.so.1"]),
        _library(["libcuda.so.1", _WSL + "libcuda.so.1"]),
    ]


def _cuda(version: int) -> str:
    """Spell 12080 as ``12.8``."""
    return f"{version // 1000}.{version % 1000 // 10}" if version > 0 else ""


def _of_nvml(nvml: Any) -> dict[str, Any]:
    code = nvml.nvmlInit_v2()
    if code:
        nvml.nvmlErrorString.restype = ctypes.c_char_p
        return {"problem": (nvml.nvmlErrorString(code) or b"").decode("utf-8", "replace"), "code": code}
    text, number, count = ctypes.create_string_buffer(96), ctypes.c_int(), ctypes.c_uint()
    told: dict[str, Any] = {}
    if nvml.nvmlSystemGetDriverVersion(text, 96) == 0:
        told["driver"] = text.value.decode("utf-8", "replace")
    if nvml.nvmlSystemGetCudaDriverVersion_v2(ctypes.byref(number)) == 0:
        told["cuda"] = _cuda(number.value)
    if nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) == 0:
        told["count"] = count.value
        told["gpus"] = [_gpu(nvml, index) for index in range(min(count.value, _MOST_GPUS))]
    return told


def _gpu(nvml: Any, index: int) -> list[str]:
    handle, text = ctypes.c_void_p(), ctypes.create_string_buffer(96)
    major, minor = ctypes.c_int(), ctypes.c_int()
    if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)):
        return ["GPU", ""]
    named = nvml.nvmlDeviceGetName(handle, text, 96) == 0
    name = text.value.decode("utf-8", "replace") if named else ""
    code = nvml.nvmlDeviceGetCudaComputeCapability(handle, ctypes.byref(major), ctypes.byref(minor))
    return [name or "GPU", f"{major.value}.{minor.value}" if code == 0 else ""]


def _main() -> None:
    nvml, driver = _libraries()
    told: dict[str, Any] = {"libraries": [nvml is not None, driver is not None]}
    try:
        if nvml is not None:
            told.update(_of_nvml(nvml))
        number = ctypes.c_int()
        if driver is not None and not told.get("cuda") and driver.cuDriverGetVersion(ctypes.byref(number)) == 0:
            told["cuda"] = _cuda(number.value)
    except (AttributeError, OSError) as error:  # an old library without one of these functions
        told["problem"] = str(error)
    sys.stdout.write(sys.argv[1] + json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what the libraries do at the end is not waited for


if __name__ == "__main__":
    _main()
