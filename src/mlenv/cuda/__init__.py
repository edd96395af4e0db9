"""CUDA from the outside: what a framework was built for, held against driver and GPU. Pure; nothing is imported."""

from __future__ import annotations

from mlenv.cuda.builds import LITERAL_FILES, Build, builds_of
from mlenv.cuda.choice import BACKENDS, Choice, backend_in, choose_backend, is_backend
from mlenv.cuda.hardware import Gpu, Hardware, parse_nvidia_smi, parse_proc_version
from mlenv.cuda.states import STATES, Fit, judge

__all__ = [
    "BACKENDS",
    "LITERAL_FILES",
    "STATES",
    "Build",
    "Choice",
    "Fit",
    "Gpu",
    "Hardware",
    "backend_in",
    "builds_of",
    "choose_backend",
    "is_backend",
    "judge",
    "parse_nvidia_smi",
    "parse_proc_version",
]
