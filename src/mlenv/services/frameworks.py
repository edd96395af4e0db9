"""What a project's frameworks, installed and locked, were built for, held against this machine (``doctor``)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlenv.cuda.builds import LITERAL_FILES, Build, builds_of
from mlenv.cuda.hardware import Hardware
from mlenv.cuda.states import Fit, judge
from mlenv.model import Installed, Selection, value
from mlenv.probe.scanning import text_of

__all__ = ["Machine", "fits_of", "installed_builds", "locked_builds", "machine_of"]


@value
class Machine:
    """What ``doctor`` says of hardware: lines for a person, rows for a program."""

    lines: tuple[str, ...]
    data: Mapping[str, Any]
    ok: bool
    fits: tuple[Fit, ...] = ()


def installed_builds(installed: Installed) -> tuple[Build, ...]:
    """Return what the installed frameworks were built for, from their metadata and files; nothing is imported.

    Cost: nothing where there is no framework; else one file each, 1 ms (TensorFlow's 2 ms).
    """
    versions = {row.name: row.version for row in installed.distributions}
    sites = dict.fromkeys(row.site for row in installed.distributions)
    texts = {}
    for framework, path in LITERAL_FILES.items():
        if any(name == framework or name.startswith(f"{framework}-") for name in versions):
            texts[framework] = next((text for site in sites if (text := text_of(os.path.join(site, path)))), "")
    return builds_of(versions, texts)


def locked_builds(selection: Selection) -> tuple[Build, ...]:
    """Return what the locked frameworks are builds for: local versions, CUDA libraries, the index of PyTorch."""
    versions = {pin.name: pin.version or "" for pin in selection.pins}
    return builds_of(versions, addresses={pin.name: pin.source.url for pin in selection.pins})


def fits_of(builds: tuple[Build, ...], hardware: Hardware) -> tuple[Fit, ...]:
    """Hold builds against this machine."""
    return tuple(judge(build, hardware, windows=sys.platform == "win32") for build in builds)


def machine_of(hardware: Hardware, installed: Installed, selection: Selection | None) -> Machine:
    """Say what this machine has, and whether the frameworks that are installed, else locked, go with it.

    A framework that is locked with another build than the installed one gets a row of its own.
    """
    here = tuple(
        replace(fit, mend="") if fit.build.package in installed.owned else fit  # conda's builds are conda's to change
        for fit in fits_of(installed_builds(installed), hardware)
    )
    there = {fit.build.framework: fit.build for fit in here}
    locked = fits_of(locked_builds(selection), hardware) if selection is not None else ()
    more = tuple(fit for fit in locked if _says_more(fit.build, there.get(fit.build.framework)))
    rows = [*(("installed", fit) for fit in here), *(("locked", fit) for fit in more)]
    lines = [_seen(hardware)]
    lines += [f"note: {hardware.problem}"] if hardware.problem and hardware.seen else []
    for where, fit in rows:
        lines.append(f"{fit.build.framework} ({where}): {fit.text}" + (f"; {fit.mend}" if fit.mend else ""))
    data = {**_hardware(hardware), "frameworks": [_row(where, fit) for where, fit in rows]}
    return Machine(lines=tuple(lines), data=data, ok=all(fit.ok for _, fit in rows), fits=tuple(fit for _, fit in rows))


def _says_more(locked: Build, installed: Build | None) -> bool:
    if installed is None:
        return True
    differs = (locked.kind, locked.cuda) != (installed.kind, installed.cuda)
    return locked.kind != "unknown" and installed.version != locked.version and differs


def _seen(hardware: Hardware) -> str:
    if hardware.seen is None:
        return f"GPU: not known: {hardware.problem}"
    if not hardware.seen:
        why = hardware.problem or (hardware.source if hardware.source.startswith("CONDA_") else "")
        return f"no GPU seen{f': {why}' if why else ''}"
    names = ", ".join(f"{gpu.name} ({gpu.capability})" if gpu.capability else gpu.name for gpu in hardware.gpus)
    parts = [f"driver {hardware.driver}" if hardware.driver else "", f"CUDA {hardware.cuda}" if hardware.cuda else ""]
    where = f"{hardware.source}{', WSL' if hardware.wsl else ''}"
    told = ", ".join(filter(None, parts))
    return f"GPU {names}: {told} ({where})" if names else f"NVIDIA {told} ({where})"


def _hardware(hardware: Hardware) -> dict[str, Any]:
    return {
        "seen": hardware.seen,
        "driver": hardware.driver or None,
        "cuda": hardware.cuda or None,
        "gpus": [{"name": gpu.name, "capability": gpu.capability or None} for gpu in hardware.gpus],
        "source": hardware.source or None,
        "problem": hardware.problem or None,
        "overrides": list(hardware.overrides),
        "wsl": hardware.wsl,
    }


def _row(where: str, fit: Fit) -> dict[str, Any]:
    build = fit.build
    return {
        "name": build.framework,
        "state": fit.state,
        "text": fit.text,
        "mend": fit.mend or None,
        "where": where,
        "package": build.package,
        "version": build.version,
        "kind": build.kind,
        "cuda": build.cuda or None,
        "runtime": build.runtime or None,
        "told_by": build.told_by or None,
    }
