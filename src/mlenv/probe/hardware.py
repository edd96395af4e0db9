"""Ask this machine for NVIDIA GPUs: files, the driver's libraries, ``nvidia-smi``; within 5 s, whatever hangs.

In this order, as uv looks for a driver (crates/uv-torch, ``Accelerator::detect``), with the libraries before the
program: variables that override, files, NVML and libcuda in a process of their own, ``nvidia-smi``.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlenv import process
from mlenv.cuda.hardware import Gpu, Hardware, parse_nvidia_smi, parse_proc_version
from mlenv.errors import MlenvError
from mlenv.model import Command

__all__ = ["ask_hardware"]

_BUDGET_S = 3.4  # ending what hangs takes up to 1.5 s more
_WSL_SMI = "/usr/lib/wsl/lib/nvidia-smi"
_QUERIES = ("driver_version,compute_cap,name", "driver_version,name")
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_FILES = ("/sys/module/nvidia/version", "/proc/driver/nvidia/version")
_LENGTH = 160


def ask_hardware(environ: Mapping[str, str] | None = None, root: str = "/") -> Hardware:
    """Say what NVIDIA hardware and driver are here; nothing seen is an answer, not an error.

    Args:
        environ: the variables; this process's where none are given. ``UV_CUDA_DRIVER_VERSION`` and
            ``CONDA_OVERRIDE_CUDA`` count instead of what is here, as they do for uv and conda, and are named.
        root: the folder that ``/sys`` and ``/proc`` lie in.

    Cost: below 60 ms without a driver, 0.1 s to 1 s with one; never more than 5 s.
    """
    environ = os.environ if environ is None else environ
    told, problem = _overridden(environ)
    if told is not None:
        return told
    if sys.platform == "darwin":
        return Hardware(source="macOS has no CUDA", count=0)
    deadline = time.monotonic() + _BUDGET_S
    files = _of_files(root)
    asked, answered = _of_libraries(deadline)
    if answered and not (asked.driver or asked.cuda or asked.count is not None):
        asked = _of_program(environ, deadline, asked)
    found = _joined(files, asked, root)
    return replace(found, problem="; ".join(filter(None, (problem, found.problem))), wsl=_is_wsl(root))


def _overridden(environ: Mapping[str, str]) -> tuple[Hardware | None, str]:
    """Return what variables say instead of the machine, and what is wrong with them."""
    driver, cuda = environ.get("UV_CUDA_DRIVER_VERSION", ""), environ.get("CONDA_OVERRIDE_CUDA")
    told, problems = Hardware(), []
    for name, text in (("UV_CUDA_DRIVER_VERSION", driver), ("CONDA_OVERRIDE_CUDA", cuda or "")):
        if not text:
            continue
        if not _VERSION.fullmatch(text):
            problems.append(f"{name} is no version: {text[:40]!r}")
        else:
            named = (*told.overrides, f"{name}={text}")
            if name.startswith("UV"):
                told = replace(told, driver=text, source=name, overrides=named)
            else:
                told = replace(told, cuda=text, source=told.source or name, overrides=named)
    if told.overrides:
        return told, ""
    if cuda == "":  # conda: there is no CUDA
        return Hardware(count=0, source="CONDA_OVERRIDE_CUDA", overrides=("CONDA_OVERRIDE_CUDA=",)), ""
    return None, "; ".join(problems)


def _of_files(root: str) -> Hardware:
    for name in _FILES:
        try:
            text = Path(root, name[1:]).read_text(encoding="utf-8", errors="replace")[:4096]
        except OSError:
            continue
        version = text.strip() if name.startswith("/sys") else parse_proc_version(text)
        if _VERSION.fullmatch(version):
            return Hardware(driver=version, source=name)
    return Hardware()


def _of_libraries(deadline: float) -> tuple[Hardware, bool]:
    """Ask NVML and libcuda in a process of their own; whether that answered in time."""
    word = secrets.token_hex(8)
    program = Path(__file__).with_name("driver_asked.py")
    argv = (sys.executable, "-I", "-S", str(program), word)
    try:
        done = process.run(Command(argv=argv, timeout_s=max(deadline - time.monotonic(), 0.1)))
    except MlenvError as error:
        late = error.code == "command-timeout"
        why = f"the NVIDIA driver gave no answer within {_BUDGET_S:g} s" if late else error.message
        return Hardware(problem=why), False
    line = next((line for line in done.stdout.splitlines() if line.startswith(word)), "")
    if not line:  # a library crashed: the program may still know
        return Hardware(problem=f"the NVIDIA libraries ended with status {done.code}"), True
    return _told(json.loads(line[len(word) :])), True


def _told(answer: Mapping[str, Any]) -> Hardware:
    if answer.get("problem"):
        why = f"NVML says: {answer['problem']}"
        if answer.get("code") == 18:  # NVML_ERROR_LIB_RM_VERSION_MISMATCH
            why += "; the driver was updated: restart the machine"
        return Hardware(problem=why[:_LENGTH])
    nvml, driver = answer["libraries"]
    return Hardware(
        driver=str(answer.get("driver", "")),
        cuda=str(answer.get("cuda", "")),
        gpus=tuple(Gpu(name=name, capability=capability) for name, capability in answer.get("gpus", ())),
        count=answer.get("count"),
        source="NVML" if nvml else "libcuda" if driver else "",
    )


def _of_program(environ: Mapping[str, str], deadline: float, before: Hardware) -> Hardware:
    """Ask ``nvidia-smi``, where there is one."""
    program = shutil.which("nvidia-smi", path=environ.get("PATH"))
    program = program or (_WSL_SMI if os.access(_WSL_SMI, os.X_OK) else None)
    if program is None or not os.path.isabs(program):
        return before
    problem = ""
    for query in _QUERIES:
        argv = (program, f"--query-gpu={query}", "--format=csv,noheader")
        try:
            done = process.run(Command(argv=argv, timeout_s=max(deadline - time.monotonic(), 0.1)))
        except MlenvError as error:
            late = error.code == "command-timeout"
            return Hardware(problem=f"nvidia-smi gave no answer within {_BUDGET_S:g} s" if late else error.message)
        found = parse_nvidia_smi(process.without_control_codes(done.stdout))
        if done.code == 0 and found.driver:
            return replace(found, source="nvidia-smi")
        said = (done.stderr or done.stdout).strip().splitlines()
        problem = problem or f"nvidia-smi says: {said[0] if said else f'status {done.code}'}"[:_LENGTH]
        if "No devices" in problem:
            return Hardware(count=0, source="nvidia-smi")
    return Hardware(problem=problem)


def _joined(files: Hardware, asked: Hardware, root: str) -> Hardware:
    """Join what the files say with what libraries or program said, which know more."""
    if asked.driver or asked.count is not None:
        return asked
    if asked.cuda:
        return replace(asked, driver=files.driver)
    if not files.driver:
        return asked
    if asked.problem or _has_device(root):
        return replace(files, problem=asked.problem)
    # A container sees the driver of its host in these files, and the GPU only where it was given one.
    return replace(files, count=0, problem="the driver is loaded, but no GPU is given to this container or user")


def _has_device(root: str) -> bool:
    folder = Path(root, "dev")
    return any(folder.glob("nvidia[0-9]*")) or (folder / "dxg").exists()


def _is_wsl(root: str) -> bool:
    try:
        return "microsoft" in Path(root, "proc/version").read_text(encoding="utf-8", errors="replace")[:400].lower()
    except OSError:
        return False
