"""Whether what is installed was built for this machine: ``WHEEL`` files, and compiled files where these say it was not.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import os
import platform
import struct
import sysconfig
from typing import Dict, Iterator, Optional, Tuple

from mlenv.built_for import Here, binary_machines, here_of, other_machine, parse_wheel_tags
from mlenv.installed import parse_record
from mlenv.model import Distribution, Installed
from mlenv.probe.scanning import text_of

__all__ = ["Seen", "built_elsewhere", "this_machine"]

Seen = Dict[str, Tuple[int, int, str]]
"""Path of a ``WHEEL`` file -> its mtime in ns, its size, for which other machine it is (empty: for this one)."""

_HEAD_BYTES = 4096
_COMPILED = (".so", ".pyd", ".dylib", ".dll", ".exe")
_FOREIGN = frozenset({"conda", "debian", "rpm"})
"""Installers that build for themselves: what their ``WHEEL`` files say is the tag of the machine that they built on."""


def this_machine() -> Here:
    """Describe the machine that this very interpreter runs on."""
    return here_of(sysconfig.get_platform(), platform.machine(), struct.calcsize("P") * 8)


def built_elsewhere(installed: Installed, here: Here, seen: Optional[Seen] = None) -> Tuple[Tuple[str, str], ...]:
    """Return (name, reason) of packages whose wheel was built for another machine.

    Args:
        installed: what an environment holds.
        here: the machine that its interpreter runs on.
        seen: what earlier calls found, kept by the caller.

    A ``WHEEL`` file may be wrong about its own package (some builders name the machine that they ran on): a package
    with compiled files for this machine is none of them.
    Cost: 300 packages about 4 ms, below 1 ms where they have been seen before.
    """
    told: Dict[str, str] = {}
    wheels = (row for row in installed.distributions if row.folder.endswith(".dist-info"))
    rows = ((row.name, _other(row, here, seen, told)) for row in wheels)
    return tuple((name, f"Built for {other}, kernel is {here.title}") for name, other in rows if other)


def _other(distribution: Distribution, here: Here, seen: Optional[Seen], told: Dict[str, str]) -> str:
    path = f"{distribution.site}/{distribution.folder}/WHEEL"
    if seen is None:
        return _read(path, distribution, here, told)
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    before = seen.get(path)
    if before is None or before[:2] != (status.st_mtime_ns, status.st_size):
        seen[path] = (status.st_mtime_ns, status.st_size, _read(path, distribution, here, told))
    return seen[path][2]


def _read(path: str, distribution: Distribution, here: Here, told: Dict[str, str]) -> str:
    text = text_of(path)
    if text not in told:  # of a thousand packages most say the same
        told[text] = other_machine(parse_wheel_tags(text), here)
    return told[text] and _confirmed(distribution, told[text], here)


def _confirmed(distribution: Distribution, other: str, here: Here) -> str:
    """Return the other machine unless compiled files of the package are for this one."""
    folder = os.path.join(distribution.site, distribution.folder)
    if text_of(f"{folder}/INSTALLER").strip() in _FOREIGN:
        return ""
    for head in _compiled(distribution, text_of(f"{folder}/RECORD")):
        if (here.system, here.machine) in binary_machines(head):
            return ""
    return other


def _compiled(distribution: Distribution, record: str) -> Iterator[bytes]:
    """Yield the first bytes of files that may be compiled: modules, libraries, programs beside ``site-packages``."""
    for path, _, _ in parse_record(record):
        if path.endswith(_COMPILED) or ".so." in path or path.startswith("../"):
            try:
                with open(os.path.join(distribution.site, path), "rb") as file:
                    yield file.read(_HEAD_BYTES)
            except (OSError, ValueError):
                continue
