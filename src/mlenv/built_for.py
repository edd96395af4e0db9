"""What machine a wheel or a compiled file was made for: read from ``WHEEL`` and from the first bytes of a file.

Standard library only, Python 3.9+: this file also runs inside project kernels. Text and bytes in, values out.
"""

from __future__ import annotations

import re
import struct
from typing import FrozenSet, Iterable, Mapping, Optional, Tuple

from mlenv.model import value

__all__ = ["Here", "binary_machines", "here_of", "other_machine", "parse_platform_tag", "parse_wheel_tags", "readable"]

Machine = Tuple[str, str]
"""(system, architecture): ``("macos", "arm64")``."""

_TITLES = {"linux": "Linux", "musllinux": "Linux with musl", "macos": "macOS", "windows": "Windows"}
_LINUX = re.compile(r"(?:manylinux(?:1|2010|2014|_\d{1,2}_\d{1,2})|linux|(musllinux)_\d{1,2}_\d{1,2})_(\w+)")
_MACOS = re.compile(r"macosx_\d{1,2}_\d{1,2}_(\w+)")
_WINDOWS = {"win_amd64": "x86_64", "win_arm64": "arm64", "win32": "x86"}
_ARCHITECTURES = {"amd64": "x86_64", "i386": "x86", "i586": "x86", "i686": "x86", "armv8l": "armv7l"}
"""A machine's other names; of Windows and macOS ``aarch64`` is ``arm64``, of Linux it is the other way round."""
_MACOS_MANY = {
    "universal2": ("arm64", "x86_64"),
    "intel": ("x86_64", "x86"),
    "fat64": ("x86_64",),
    "fat32": ("x86",),
    "fat3": ("x86_64", "x86"),
    "fat": ("x86",),
    "universal": ("x86_64", "x86"),
}
_ELF = {3: "x86", 40: "armv7l", 62: "x86_64", 183: "aarch64", 21: "ppc64le", 22: "s390x", 243: "riscv64"}
_MACH_O = {7: "x86", 0x01000007: "x86_64", 0x0100000C: "arm64"}
_PE = {0x014C: "x86", 0x8664: "x86_64", 0xAA64: "arm64"}
_MOST_SLICES = 16


@value
class Here:
    """The machine that an interpreter runs on."""

    system: str
    """``linux``, ``macos`` or ``windows``; another system is never judged."""
    machine: str
    """``x86_64``, ``arm64`` (Linux: ``aarch64``), ``x86``."""

    @property
    def title(self) -> str:
        return readable(self.system, self.machine)


def here_of(platform: str, machine: str, bits: int) -> Here:
    """Describe the machine of an interpreter.

    Args:
        platform: ``sysconfig.get_platform()`` there: ``linux-x86_64``, ``macosx-11.0-universal2``, ``win-amd64``.
        machine: ``platform.machine()`` there.
        bits: 32 or 64: a small Python on a large machine takes small wheels.
    """
    system = "windows" if platform.startswith("win") else "macos" if platform.startswith("macosx") else ""
    system = "linux" if platform.startswith("linux") else system
    if system == "windows":
        return Here(system=system, machine=_WINDOWS.get(platform.replace("-", "_"), ""))
    known = _architecture(system, machine.lower())
    if bits == 32:
        known = {"x86_64": "x86", "aarch64": "armv7l"}.get(known, known)
    return Here(system=system, machine=known)


def _architecture(system: str, name: str) -> str:
    if name in ("arm64", "aarch64"):
        return "aarch64" if system in ("linux", "musllinux") else "arm64"
    return _ARCHITECTURES.get(name, name)


def readable(system: str, machine: str) -> str:
    """Return a machine as people call it: ``macOS (arm64)``."""
    return f"{_TITLES.get(system, system)} ({machine})"


def parse_platform_tag(tag: str) -> Optional[Machine]:
    """Return what a wheel's platform tag is for; ``None`` for ``any`` and for systems that are not known here.

    Architectures that stand for several stay as they are: ``("macos", "universal2")``. Source: PEP 425, 600, 656.
    """
    if tag in _WINDOWS:
        return "windows", _WINDOWS[tag]
    match = _LINUX.fullmatch(tag)
    if match:
        return match[1] or "linux", _architecture("linux", match[2])
    match = _MACOS.fullmatch(tag)
    return ("macos", _architecture("macos", match[1])) if match else None


def parse_wheel_tags(text: str) -> Tuple[str, ...]:
    """Return the ``Tag`` lines of a ``WHEEL`` file: ``py3-none-any``. Source: PEP 427."""
    rows = (line.partition(":") for line in text.splitlines())
    return tuple(value.strip() for key, _, value in rows if key.strip().lower() == "tag")


def other_machine(tags: Iterable[str], here: Here) -> str:
    """Return for which machine a wheel was built, where that is another one than this; empty where it may run here.

    Args:
        tags: of its ``WHEEL`` file.
        here: the machine that it is installed on.

    Only system and architecture are judged; what cannot be told counts as running here.
    """
    first: Optional[Machine] = None
    for tag in tags:
        for platform in tag.rpartition("-")[2].split("."):
            found = parse_platform_tag(platform)
            if found is None or _runs(found, here):
                return ""
            first = first or found
    return readable(*first) if first else ""


def _runs(machine: Machine, here: Here) -> bool:
    system, architecture = machine
    if not here.system or not here.machine:
        return True
    if (system if system != "musllinux" else "linux") != here.system:
        return False
    return here.machine in (_MACOS_MANY.get(architecture) or (architecture,))


def binary_machines(head: bytes) -> FrozenSet[Machine]:
    """Return what a compiled file is for, by its first 4,096 bytes; empty where it is none that is known.

    Source: the headers of ELF, Mach-O (with its fat form) and PE.
    """
    try:
        if head[:4] == b"\x7fELF":
            order = "<" if head[5:6] == b"\x01" else ">"
            return _known("linux", [struct.unpack_from(f"{order}H", head, 18)[0]], _ELF)
        if head[:4] in (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe"):
            return _known("macos", [struct.unpack_from("<I", head, 4)[0]], _MACH_O)
        if head[:4] == b"\xca\xfe\xba\xbe":
            slices = min(struct.unpack_from(">I", head, 4)[0], _MOST_SLICES)
            return _known(
                "macos", [struct.unpack_from(">I", head, 8 + 20 * place)[0] for place in range(slices)], _MACH_O
            )
        if head[:2] == b"MZ":
            start = struct.unpack_from("<I", head, 0x3C)[0]
            if head[start : start + 4] == b"PE\0\0":
                return _known("windows", [struct.unpack_from("<H", head, start + 4)[0]], _PE)
    except struct.error:  # cut short
        pass
    return frozenset()


def _known(system: str, numbers: Iterable[int], names: Mapping[int, str]) -> FrozenSet[Machine]:
    return frozenset((system, names[number]) for number in numbers if number in names)
