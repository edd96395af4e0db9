"""How a build of PyTorch is spelled, as ``--cuda`` and the setting ``cuda`` take it: uv's ``--torch-backend``."""

from __future__ import annotations

import re

__all__ = ["is_backend"]

_KNOWN = re.compile(r"auto|cpu|xpu|cu\d{2,3}|rocm\d+\.\d+(?:\.\d+)?")


def is_backend(text: str) -> bool:
    """Whether this is a way to spell a build: ``auto``, ``cpu``, ``cu128``, ``rocm6.4``, ``xpu``."""
    return _KNOWN.fullmatch(text) is not None
