"""What the lock asks of this worker's interpreter, out of what the plugin carries for many.

Standard library only, Python 3.9+: this file is sent to workers.
"""

from __future__ import annotations

import json
import platform
import sys
import sysconfig
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from mlenv import drift
from mlenv.model import EnvironmentFacts, Finding, Installed, Loaded, Selection
from mlenv.selection_text import parse_selection

__all__ = ["Wanted", "differences", "here", "wanted_here"]

_SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
_MENDED = frozenset({"broken", "damaged", "python", "missing", "different", "source", "duplicate"})
_MACHINES = {"amd64": "x86_64"}


class Wanted:
    """Pins and the lines that install them, for one interpreter."""

    def __init__(self, given: Mapping[str, Any], row: Mapping[str, Any], selection: Selection) -> None:
        self.selection = selection
        self.lines: Sequence[str] = row["lines"]
        """Of a requirements file."""
        self.hashed: bool = row["hashed"]
        """Whether every line carries hashes."""
        self.mend: bool = given["mend"]
        self.system: bool = given["system"]
        self.uv: str = given["uv"]
        self.allow_build: bool = given["allow_build"]


def here() -> str:
    """Return this interpreter as the plugin names it: ``3.12/linux-x86_64``."""
    system = _SYSTEMS.get(sys.platform, sys.platform)
    libc = platform.libc_ver()[0] if system == "linux" else ""
    if system == "linux" and libc != "glibc" and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or libc):
        system = "musllinux"
    machine = platform.machine().lower()
    machine = _MACHINES.get(machine, machine)
    threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    return f"{sys.version_info[0]}.{sys.version_info[1]}{threaded}/{system}-{machine}"


def wanted_here(given_text: str) -> Wanted:
    """Read what the plugin carries.

    Raises:
        RuntimeError: it has nothing for this interpreter.
    """
    given = json.loads(given_text)
    number = given["targets"].get(here())
    if number is None:
        pythons, platforms = (sorted({name.split("/")[part] for name in given["targets"]}) for part in (0, 1))
        raise RuntimeError(
            f"{given['lock']} was read for Python {', '.join(pythons)} on {', '.join(platforms)}, and this worker is "
            f"{here()} (other platforms: LockedEnvironment(platforms=[...]))"
        )
    row: Dict[str, Any] = given["rows"][number]
    selection = parse_selection(row["selection"], given["mlenv"])
    if selection is None:
        raise RuntimeError("what the plugin carries cannot be read")
    return Wanted(given, row, selection)


def differences(
    wanted: Wanted, installed: Installed, loaded: Optional[Sequence[Loaded]] = None
) -> Tuple[Tuple[Finding, ...], Tuple[Finding, ...]]:
    """Return what an installation mends, and what only a restart does.

    What is here beyond the lock is nobody's to remove: a worker is made of more than a project's packages.
    """
    facts = EnvironmentFacts(prefix=sys.prefix, python=platform.python_version())
    report = drift.report(wanted.selection, facts, installed, loaded)
    mend = tuple(row for row in report.findings if row.kind in _MENDED)
    again = tuple(row for row in report.findings if row.kind == "restart")
    return mend, again
