"""Interpreters and projects for the tests of the locks: described, never run."""

from __future__ import annotations

import codecs
import importlib
import pkgutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from packaging.markers import default_environment
from packaging.tags import compatible_tags, cpython_tags

from mlenv import locks
from mlenv.locks import Selected, SelectRequest, Target, select

# Python imports a codec when it is first used, which the seal would take for an act of ours.
for _encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "latin-1"):
    codecs.lookup(_encoding)

# So does packaging with the running interpreter, which it asks even where every variable is given,
# and with the table of its build, for tags.
default_environment()
# And a reader is imported when its first file comes.
for _module in sorted(Path(locks.__file__).parent.glob("[a-z]*.py")):
    importlib.import_module(f"mlenv.locks.{_module.stem}")
sysconfig.get_config_vars()

# And readers are loaded when one of their files is read.
for _module in pkgutil.iter_modules(locks.__path__, "mlenv.locks."):
    importlib.import_module(_module.name)

DATA = Path(__file__).resolve().parent.parent / "data" / "locks"
LINUX = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "linux_x86_64")
_SYSTEMS = {
    "linux": ("posix", "linux", "Linux", "x86_64", LINUX),
    "win32": ("nt", "win32", "Windows", "AMD64", ("win_amd64",)),
    "darwin": ("posix", "darwin", "Darwin", "arm64", ("macosx_14_0_arm64", "macosx_11_0_arm64")),
}


def target(python: str = "3.11.7", system: str = "linux") -> Target:
    os_name, platform, title, machine, platforms = _SYSTEMS[system]
    minor = int(python.split(".")[1])
    tags = (*cpython_tags((3, minor), platforms=platforms), *compatible_tags((3, minor), f"cp3{minor}", platforms))
    return Target(
        markers={
            "os_name": os_name,
            "sys_platform": platform,
            "platform_system": title,
            "platform_machine": machine,
            "platform_release": "6.1",
            "platform_version": "1",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
            "implementation_version": python,
            "python_full_version": python,
            "python_version": ".".join(python.split(".")[:2]),
        },
        tags=tuple(map(str, tags)),
    )


def read(path: str) -> str:
    return (DATA / path).read_text(encoding="utf-8")


def files_of(*names: str) -> dict[str, bytes]:
    """Return sample files by their base names: ``files_of("uv-forks/uv.lock", "uv-forks/pyproject.toml")``."""
    return {name.rpartition("/")[2]: (DATA / name).read_bytes() for name in names}


def folder_of(sample: str) -> dict[str, bytes]:
    """Return every file of a sample by its path in it."""
    root = DATA / sample
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def chosen(
    files: Mapping[str, bytes | str],
    python: str = "3.11.7",
    *,
    system: str = "linux",
    extras: tuple[str, ...] | None = None,
    groups: tuple[str, ...] | None = None,
    lock: str | None = None,
    member: str = "",
) -> Selected:
    """Select from a project that is only in memory."""
    data = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    return select(
        SelectRequest(
            root="/project",
            name="project",
            names=tuple(sorted(name for name in data if "/" not in name)),
            load=data.get,
            target=target(python, system),
            extras=extras,
            groups=groups,
            lock_option=lock,
            member=member,
        )
    )


def versions(selected: Selected) -> dict[str, str | None]:
    return {pin.name: pin.version for pin in selected.selection.pins}


def kinds(selected: Selected) -> list[tuple[str, str | None]]:
    return [(finding.kind, finding.package) for finding in selected.selection.findings]
