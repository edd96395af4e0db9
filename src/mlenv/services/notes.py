"""Surroundings that make a notebook run something else than its owner thinks: short notes, nothing is started."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mlenv.kernels import Kernel
from mlenv.services.diagnose import hides

__all__ = ["hidden_modules", "notes_on_folders", "notes_on_kernels", "notes_on_shell", "user_sites"]

_ENVIRONMENT_NAMES = (".venv", "venv", "env", "ENV")
# Common in projects, and no kernel needs Python's own.
_HARMLESS = frozenset({"test", "this", "antigravity", "idlelib", "__main__", "__init__"})


def hidden_modules(folder: str) -> tuple[str, ...]:
    """Return the files of a folder that take the place of modules of Python's library or of the kernel."""
    try:
        names = sorted(os.listdir(folder)) if folder else []
    except OSError:
        return ()
    found = []
    for name in names:
        module = name.removesuffix(".py")
        package = module == name and os.path.isfile(os.path.join(folder, name, "__init__.py"))
        if (module != name or package) and hides(module) and module not in _HARMLESS:
            found.append(os.path.join(folder, name))
    return tuple(found)


def notes_on_kernels(rows: Sequence[Kernel]) -> tuple[str, ...]:
    """Say where ``python3``, which most notebooks name, is not what its reader expects (all paths are told)."""
    found = [(one.interpreter or sys.executable, one.folder) for one in rows if one.id == "python3" and one.argv]
    if not found:
        return ()
    if not any(_prefix(interpreter) == sys.prefix for interpreter, _ in found):
        found.append((sys.executable, "Jupyter's own"))
    first, *others = found
    return tuple(
        f"python3 starts {first[0]} ({first[1]}) and hides {interpreter} ({folder}): "
        "a notebook saved with python3 runs in the first"
        for interpreter, folder in others
        if _prefix(interpreter) != _prefix(first[0])
    )


def notes_on_shell(environ: Mapping[str, str], prefix: str) -> tuple[str, ...]:
    """Name the variables that send programs elsewhere than into the project's environment.

    Args:
        environ: the variables.
        prefix: the project's environment; empty where there is no project.
    """
    notes = []
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        active = environ.get(name, "")
        if active and prefix and os.path.realpath(active) != os.path.realpath(prefix):
            notes.append(f"{name} is {active}, not the project's {prefix}: pip and uv in this shell change that one")
    notes += [
        f"{name} is set ({environ[name]}): kernels not of mlenv import from there, mlenv's do not"
        for name in ("PYTHONHOME",)
        if environ.get(name)
    ]
    pip = shutil.which("pip", path=environ.get("PATH"))
    if pip and prefix and _prefix(pip) != prefix and os.path.realpath(_prefix(pip)) != os.path.realpath(prefix):
        notes.append(f"pip on PATH is {pip}: it does not install into {prefix}, mlenv add does")
    return tuple(notes)


def notes_on_folders(root: str, environment: str, jupyter_path: Iterable[Path]) -> tuple[str, ...]:
    """Say what lies around: a second environment, folders of Jupyter that cannot be read."""
    notes = []
    here = [name for name in _ENVIRONMENT_NAMES if root and os.path.isfile(os.path.join(root, name, "pyvenv.cfg"))]
    if len(here) > 1:
        counts = os.path.basename(environment) or here[0]
        notes.append(f"several environments lie in the project ({', '.join(here)}); {counts} counts")
    notes += [
        f"{folder} on Jupyter's path cannot be read; its kernels are not shown"
        for folder in jupyter_path
        if _locked(folder)
    ]
    return tuple(notes)


def user_sites() -> tuple[str, ...]:
    """Say which user sites hold packages, which every Python of that version imports unless it is told not to."""
    notes = []
    for folder in sorted(Path.home().glob(".local/lib/python3.*/site-packages")):
        packages = sum(1 for entry in folder.glob("*.dist-info"))
        if packages:
            version = re.sub(r".*/python(3\.\d+)/.*", r"\1", folder.as_posix())
            seen = "every kernel not of mlenv imports them"
            notes.append(f"{folder} holds {packages} packages for all environments of Python {version}: {seen}")
    return tuple(notes)


def _locked(folder: Path) -> bool:
    """Say whether this folder, or the nearest one above that is there, keeps us out."""
    nearest = next((one for one in (folder, *folder.parents) if os.path.lexists(one)), folder)
    return not os.access(nearest, os.R_OK | os.X_OK)


def _prefix(program: str) -> str:
    return os.path.dirname(os.path.dirname(program))
