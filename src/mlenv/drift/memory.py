"""What is in a kernel's memory against what is installed.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

from typing import Iterable, Mapping, Optional, Tuple

from mlenv.drift.kinds import verdict_of
from mlenv.drift.pins import locked_text
from mlenv.model import Distribution, Finding, Loaded, Pin
from mlenv.versions import same

__all__ = ["memory", "restart_lines"]


def memory(
    loaded: Iterable[Loaded], by_name: Mapping[str, Distribution], pinned: Mapping[str, Pin]
) -> Iterable[Finding]:
    for item in loaded:
        distribution = by_name.get(item.name)
        installed = distribution.version if distribution else None
        pin = pinned.get(item.name)
        kind, reason = _memory_drift(item, installed)
        if kind:
            locked = locked_text(pin) if pin else None
            yield Finding(
                kind=kind, package=item.name, locked=locked, installed=installed, loaded=item.version, reason=reason
            )


def _memory_drift(item: Loaded, installed: Optional[str]) -> Tuple[str, str]:
    """Return (kind, reason) of one loaded distribution; the kind is empty where memory and disk agree."""
    if installed is None:
        if item.origin == "runtime":
            # Only what the notebook itself imports will be missed when it runs elsewhere.
            reason = f"{item.name} comes with the kernel only; the environment does not have it"
            return ("runtime-only", reason) if item.imported else ("", "")
        if item.origin == "outside":
            return "outside", f"{item.name} was loaded from outside the environment{_from(item)}"
        return "restart", f"{item.version or item.name} is in memory, no longer installed"
    if item.version is None or item.version == installed or same(item.version, installed):
        if item.origin == "outside":
            return "shadowed", f"{item.name} was loaded from outside, in place of the environment's copy{_from(item)}"
        return "", ""
    where = _from(item) if item.origin == "outside" else ""
    return "restart", f"{item.version} is in memory{where}, {installed} is installed"


def _from(item: Loaded) -> str:
    return f" ({item.location})" if item.location else ""


def restart_lines(findings: Iterable[Finding]) -> Tuple[str, ...]:
    """Return one line per package whose memory and disk differ, or the one line that nothing does."""
    lines = []
    for finding in findings:
        if finding.loaded is None or verdict_of(finding.kind) == "in-step":
            continue
        if finding.installed is None or not same(finding.loaded, finding.installed):
            there = f"{finding.installed} on disk" if finding.installed else "no longer on disk"
            lines.append(f"restart needed: {finding.package} {finding.loaded} in memory, {there}")
    return tuple(lines) or ("no restart needed",)
