"""Other machines, described: what markers and wheel tags a Python has on Linux, macOS or Windows. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from packaging.tags import compatible_tags, cpython_tags, mac_platforms

from mlenv.built_for import parse_platform_tag
from mlenv.errors import MlenvError
from mlenv.locks.target import Target
from mlenv.model import value

__all__ = ["Platform", "elsewhere", "needs_more", "parse_platform", "parse_python", "platform_of"]

_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
"""glibc 2.x -> what its platform tag was called before PEP 600."""
_NEWEST_GLIBC, _NEWEST_MUSL, _NEWEST_MACOS = 50, 10, 40
"""No system has these yet: a wheel of any level counts where no level is asked for."""
_USUAL = {"manylinux": (2, 28), "macosx": (13, 0)}
"""Levels that every system in use has; the same that uv takes for its ``--python-platform``."""
_LINUX = ("x86_64", "aarch64", "i686", "armv7l", "ppc64le", "s390x", "riscv64")
_MACHINES = {
    "linux": _LINUX,
    "musllinux": _LINUX,
    "macos": ("arm64", "x86_64"),
    "windows": ("x86_64", "arm64", "x86"),
}
"""System -> its machines, the usual one first."""
_SYSTEMS = {
    "manylinux": "linux", "alpine": "musllinux", "musl": "musllinux", "darwin": "macos", "macosx": "macos",
    "osx": "macos", "mac": "macos", "win": "windows", "win32": "windows",
}  # fmt: skip
_ALIASES = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64", "i386": "x86", "i686": "x86"}
_TITLES = {"linux": "Linux", "musllinux": "Linux with musl", "macos": "macOS", "windows": "Windows"}
_MARKERS = {
    "linux": ("posix", "linux", "Linux", "6.8.0"),
    "musllinux": ("posix", "linux", "Linux", "6.8.0"),
    "macos": ("posix", "darwin", "Darwin", "24.0.0"),
    "windows": ("nt", "win32", "Windows", "11"),
}
"""System -> ``os_name``, ``sys_platform``, ``platform_system``, ``platform_release``."""
_WINDOWS = {"x86_64": ("win_amd64", "AMD64"), "arm64": ("win_arm64", "ARM64"), "x86": ("win32", "x86")}
"""Machine -> wheel tag, ``platform_machine``."""
_TAG = re.compile(r"(manylinux|musllinux|macosx)_(\d{1,2})_(\d{1,2})_(\w+)")
_WORDS = re.compile(r"([a-z0-9]+)(?:[-_](\w+))?")
_LEGACY_TAG = re.compile(r"manylinux(1|2010|2014)_(\w+)")
_PYTHON = re.compile(r"3\.(\d{1,2})(?:\.(\d{1,3}))?(t?)")
_NEWEST_MICRO = 99
"""Of a Python of which only ``3.12`` is told: its newest release, for ranges such as ``>=3.9.1`` mean that one."""
_KNOWN = "linux, musllinux, macos or windows, each with -x86_64, -arm64, ... behind it, or a wheel's platform tag"


@value
class Platform:
    """One kind of machine."""

    system: str
    """``linux``, ``musllinux``, ``macos`` or ``windows``."""
    machine: str
    """``x86_64``, ``arm64``, ``x86``; Linux says ``aarch64`` and ``i686``."""
    level: tuple[int, int] | None = None
    """The version of glibc, musl or macOS that must do; ``None`` where any will."""

    @property
    def name(self) -> str:
        """``macos-arm64`` or ``macosx_11_0_arm64``, as ``--platform`` takes it."""
        if self.level is None:
            return f"{self.system}-{self.machine}"
        kind = {"linux": "manylinux", "macos": "macosx"}.get(self.system, self.system)
        return "{}_{}_{}_{}".format(kind, *self.level, self.machine)

    @property
    def title(self) -> str:
        """``macOS (arm64)``, ``Linux (x86_64, glibc 2.28)``, for people."""
        what = {"linux": "glibc", "musllinux": "musl", "macos": "version"}.get(self.system, "")
        level = f", {what} {self.level[0]}.{self.level[1]}" if self.level else ""
        return f"{_TITLES[self.system]} ({self.machine}{level})"


def parse_platform(text: str) -> Platform:
    """Read what ``--platform`` names: ``linux``, ``macos-x86_64``, ``win_amd64``, ``manylinux_2_17_aarch64``.

    Raises:
        MlenvError: ``platform-unknown`` with the nearest known one.
    """
    said = text.strip().lower()
    found = _of_tag(said) or platform_of(said) or _of_words(said)
    if found is None:
        words = [*_MACHINES, *(f"{system}-{machine}" for system, kinds in _MACHINES.items() for machine in kinds)]
        near = get_close_matches(said, words, n=1)
        hint = f"Did you mean --platform {near[0]}?" if near else f"Known: {_KNOWN}."
        raise MlenvError("platform-unknown", f"There is no platform {text[:60]!r}.", where="--platform", hint=hint)
    return found


def _of_tag(said: str) -> Platform | None:
    match = _TAG.fullmatch(said)
    if match is None:
        legacy = _LEGACY_TAG.fullmatch(said)
        level = next((minor for minor, name in _LEGACY.items() if legacy and name == f"manylinux{legacy[1]}"), 0)
        return _checked("linux", legacy[2], (2, level)) if legacy else None
    return _checked(_SYSTEMS.get(match[1], match[1]), match[4], (int(match[2]), int(match[3])))


def _of_words(said: str) -> Platform | None:
    match = _WORDS.fullmatch(said)
    system = _SYSTEMS.get(match[1], match[1]) if match else ""
    if match is None or system not in _MACHINES:
        return None
    return _checked(system, match[2] or _MACHINES[system][0], None)


def _checked(system: str, machine: str, level: tuple[int, int] | None) -> Platform | None:
    kinds = _MACHINES[system]
    known = machine if machine in kinds else _ALIASES.get(machine, machine)
    if known not in kinds and system in ("linux", "musllinux"):
        known = {"arm64": "aarch64", "x86": "i686"}.get(known, known)
    return Platform(system=system, machine=known, level=level) if known in kinds else None


def platform_of(tag: str) -> Platform | None:
    """Return the machine that a wheel's platform tag is for, its level left out; ``None`` where it tells no single one.

    ``macosx_11_0_universal2`` is for two, ``any`` for all.
    """
    system, machine = parse_platform_tag(tag) or ("", "")
    machine = "i686" if machine == "x86" and system in ("linux", "musllinux") else machine
    return Platform(system=system, machine=machine) if machine in _MACHINES.get(system, ()) else None


def parse_python(text: str) -> str:
    """Return the Python that ``--python`` of a question about another platform names: ``3.12``, ``3.12.1``, ``3.13t``.

    Raises:
        MlenvError: ``usage``.
    """
    if _PYTHON.fullmatch(text.strip()) is None:
        message = f"{text[:60]!r} is no version of Python 3 that another machine could have."
        raise MlenvError("usage", message, where="--python", hint="--python 3.12")
    return text.strip()


def elsewhere(platform: Platform, python: str) -> Target:
    """Describe CPython on another machine.

    Args:
        platform: the machine; without a level, wheels for any version of its system count.
        python: from :func:`parse_python`.

    Source: PEP 425, 600 (manylinux), 656 (musllinux); what ``packaging.tags`` does on the machine itself.
    """
    match = _PYTHON.fullmatch(python)
    minor, micro, threaded = (int(match[1]), match[2], match[3]) if match else (0, None, "")
    abi, names = f"cp3{minor}{threaded}", list(_tags(platform))
    own = cpython_tags((3, minor), [abi], names)
    tags = (*own, *compatible_tags((3, minor), f"cp3{minor}", names))
    full = f"3.{minor}.{micro or _NEWEST_MICRO}"
    return Target(markers={**_markers(platform), **_versions(full)}, tags=tuple(dict.fromkeys(map(str, tags))))


def _markers(platform: Platform) -> Mapping[str, str]:
    os_name, sys_platform, title, release = _MARKERS[platform.system]
    machine = _WINDOWS[platform.machine][1] if platform.system == "windows" else platform.machine
    return {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": title,
        "platform_machine": machine,
        "platform_release": release,
        "platform_version": "",
    }


def _versions(full: str) -> Mapping[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": full,
        "platform_python_implementation": "CPython",
        "python_full_version": full,
        "python_version": full.rpartition(".")[0],
    }


def _tags(platform: Platform) -> Iterable[str]:
    """Yield the platform tags that a machine accepts, the newest level first."""
    system, machine, level = platform.system, platform.machine, platform.level
    if system == "windows":
        return (_WINDOWS[machine][0],)
    if system == "macos":
        return mac_platforms(level or (_NEWEST_MACOS, 0), machine)
    if system == "musllinux":
        highest = level[1] if level else _NEWEST_MUSL
        return (*(f"musllinux_1_{minor}_{machine}" for minor in range(highest, -1, -1)), f"linux_{machine}")
    return _manylinux(machine, level[1] if level else _NEWEST_GLIBC)


def _manylinux(machine: str, highest: int) -> Iterator[str]:
    lowest = 5 if machine in ("x86_64", "i686") else 17
    for minor in range(highest, lowest - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{machine}"
    yield f"linux_{machine}"


def needs_more(tags: Iterable[str]) -> str:
    """Return what system the least demanding of these platform tags asks for, where not every machine has it.

    ``glibc 2.34``, ``macOS 14.0``; empty where a usual system will do.
    """
    least: tuple[tuple[int, int], str] | None = None
    for tag in tags:
        match = _TAG.fullmatch(tag)
        usual = _USUAL.get(match[1]) if match else None
        level = (int(match[2]), int(match[3])) if match else (0, 0)
        if match is None or usual is None or level <= usual:
            return ""
        least = min(least or (level, match[1]), (level, match[1]))
    if least is None:
        return ""
    (major, minor), kind = least
    return f"glibc {major}.{minor}" if kind == "manylinux" else f"macOS {major}"
