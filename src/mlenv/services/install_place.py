"""Where an install line of a notebook would put its packages, and what to type instead: told from files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import field

from packaging.requirements import InvalidRequirement

from mlenv.kernel.hints import belongs_to
from mlenv.kernel.surroundings import same_folder
from mlenv.model import value
from mlenv.notebooks import Install, InstallLine
from mlenv.notebooks.install_lines import KERNELS_OWN
from mlenv.requirement_text import parse_requirement
from mlenv.versions import normalise, satisfies

__all__ = ["Around", "Target", "instead_of", "target_of"]

_SYSTEM = ("/", "/usr", "/usr/local", "/opt/homebrew")
_TOOLING = frozenset({"pip", "setuptools", "wheel", "uv", "python", "conda", "mamba"})
"""What mlenv and its engines keep themselves."""
_PROJECTS_OWN = frozenset({"requirements.txt", "requirements.in"})
_QUOTED = re.compile(r"[^\w.,=+-]")
_SINGLE_EQUALS = re.compile(r"(?<![=<>!~])=(?!=)")


@value
class Around:
    """What a notebook's lines run in, told from files."""

    prefix: str
    """The environment of the kernel that the notebook would get; empty where there is none."""
    shown: str
    """What people call it: ``.venv``."""
    path: str
    """``PATH`` as the shell of that kernel has it."""
    names: frozenset[str] = frozenset()
    """Files in the project's folder."""
    pins: Mapping[str, str] = field(default_factory=dict)
    """Name -> version of the project's lock."""
    lock: str = ""
    conda: bool = False
    """Whether the project's packages are conda's."""
    at_home: bool = True
    """Whether that kernel is the project's."""


@value
class Target:
    """Where packages would go."""

    kind: str
    """``kernel``, ``shell``, ``system``, ``user``, ``elsewhere``, or ``not-python``."""
    text: str
    prefix: str = ""
    """The environment, where it is known."""


def target_of(row: InstallLine, around: Around) -> Target:
    """Say where a line would install; nothing is started.

    The shell's ``pip`` is the first on the kernel's ``PATH``, whosever it is; a magic and ``sys.executable`` mean the
    kernel's own environment.
    """
    install = row.install
    if install is None:
        return Target(kind="not-python", text=f"this computer ({row.tool})" if row.tool != "npm" else "Node.js (npm)")
    if install.elsewhere == "--user":
        return Target(kind="user", text="your user site (--user)")
    if install.elsewhere:
        return Target(kind="elsewhere", text=f"another place ({install.elsewhere})")
    if row.magic or row.program == KERNELS_OWN:
        return _kernels(around)
    if row.tool == "conda":
        return Target(kind="shell", text="conda's active environment")
    if row.tool == "uv" and not _is_python(row.program):
        return Target(kind="shell", text="the environment that uv finds (VIRTUAL_ENV, .venv)")
    return _of_shell(row.program, around)


def _is_python(program: str) -> bool:
    return os.path.basename(program).startswith("python")


def _kernels(around: Around) -> Target:
    if not around.prefix:
        return Target(kind="kernel", text="the kernel's environment")
    return Target(kind="kernel", text=f"the kernel's environment {around.shown}", prefix=around.prefix)


def _of_shell(program: str, around: Around) -> Target:
    there = belongs_to(program, around.path)
    if there is None:
        return Target(kind="shell", text=f"nowhere: no {program} on PATH")
    if not there:
        return Target(kind="shell", text=f"the shell's first {program}, whosever it is")
    if around.prefix and same_folder(there, around.prefix):
        return _kernels(around)
    if there in _SYSTEM:
        return Target(kind="system", text=f"the system's Python ({there})", prefix=there)
    return Target(kind="shell", text=f"another Python ({there})", prefix=there)


def instead_of(row: InstallLine, around: Around, notebook: str) -> str:
    """Return what to type instead of a line, with ``%`` where that is a cell's line.

    Args:
        row: the line.
        around: of its notebook.
        notebook: the notebook as it is typed here.
    """
    install = row.install
    if install is None:
        return "nothing: not a Python package"
    if install.files:
        own = all(name in _PROJECTS_OWN & around.names for name in install.files)
        return "%mlenv sync" if own and not install.rows else f"mlenv create --from-notebook {_quoted(notebook)}"
    if install.editable:
        own = install.editable == (".",) and "pyproject.toml" in around.names
        return "%mlenv sync" if own else "declare it in pyproject.toml"
    rows = [text for text in (_requirement(one, install, around) for one in install.rows) if text]
    if install.unclear or (not rows and not install.rows):
        return "%mlenv add NAME"
    if not rows:
        return "nothing: mlenv keeps it"
    if not around.conda and all(_is_locked(text, around) for text in rows):
        return f"nothing: {around.lock} has it (%mlenv sync)"
    return f"%mlenv add {' '.join(map(_quoted, rows))}"


def _requirement(text: str, install: Install, around: Around) -> str:
    """Return what is asked for as ``mlenv add`` takes it; nothing for tools that mlenv keeps itself."""
    if install.tool == "conda":
        text = text.rpartition("::")[2]
        text = text if around.conda else _SINGLE_EQUALS.sub("==", text)
    if text.startswith(("git+", "https://", "http://")):
        address, _, name = text.partition("#egg=")
        return f"{name or 'NAME'} @ {address}"
    if normalise(re.split(r"[\[<>=!~ @]", text, maxsplit=1)[0]) in _TOOLING:
        return ""
    return text


def _is_locked(text: str, around: Around) -> bool:
    try:
        row = parse_requirement(text)
    except InvalidRequirement:
        return False
    version = around.pins.get(normalise(row.name))
    return version is not None and row.url is None and satisfies(version, str(row.specifier)) is not False


def _quoted(text: str) -> str:
    return f'"{text}"' if _QUOTED.search(text.replace("/", "")) else text
