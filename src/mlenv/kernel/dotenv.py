"""``.env`` into this process: values go from the file to ``os.environ`` and nowhere else.

Standard library only, Python 3.9+. A child process cannot set this kernel's variables, so the file is read here.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, MutableMapping, Optional, Tuple

from mlenv.dotenv_text import final_values
from mlenv.errors import MlenvError
from mlenv.kernel.surroundings import notebook_folder
from mlenv.model import value
from mlenv.probe.dotenv_file import nearest, read_bindings

__all__ = ["MARK", "Loaded", "at_start", "load", "loaded_lines", "take_back", "tell_once", "without"]

MARK = "MLENV_DOTENV"
"""The variable that holds the names (never values) that came from ``.env``: what mlenv starts must not get them."""
_LOADED: Dict[str, Tuple[Optional[str], str]] = {}
"""Name -> what the variable was before, and what it was set to: as much a fact of the process as ``os.environ``."""
_SHOWN = 12


@value
class Loaded:
    """What became of a file, by names."""

    set: Tuple[str, ...]
    kept: Tuple[str, ...]
    """Set already, and left as they were."""


def load(path: str, shown: str, environ: MutableMapping[str, str], *, override: bool) -> Loaded:
    """Set the variables of a file.

    A variable that is set already stays, unless ``override`` is given; one that an earlier load set is read anew.

    Args:
        path: the file.
        shown: how errors name it.
        environ: ``os.environ``.
        override: let the file win over what is set.

    Raises:
        MlenvError: as :func:`read_bindings`; nothing was set then.
    """
    before = without(environ)
    values = final_values(read_bindings(path, shown), before, override=override, where=shown)
    kept = tuple(name for name in values if name in before and not override)
    for name, text in values.items():
        if name not in kept:
            environ[name] = text
            _LOADED[name] = (before.get(name), text)
    if _LOADED:
        environ[MARK] = ",".join(_LOADED)
    return Loaded(set=tuple(name for name in values if name not in kept), kept=kept)


def without(environ: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables as they would be had no ``.env`` been loaded; one that was set since stays."""
    result = {name: text for name, text in environ.items() if name != MARK}
    for name, (before, after) in _LOADED.items():
        if result.get(name) != after:
            continue
        del result[name]
        if before is not None:
            result[name] = before
    return result


def take_back(environ: MutableMapping[str, str]) -> None:
    """Undo all loads: this process is about to become another program."""
    before = without(environ)
    for name in [name for name in environ if name not in before]:
        del environ[name]
    environ.update({name: text for name, text in before.items() if environ.get(name) != text})
    _LOADED.clear()


def at_start(setting: str, project: str, environ: MutableMapping[str, str]) -> str:
    """Load the file that the project's settings name, before the kernel begins; return what went wrong, or nothing.

    Args:
        setting: ``.env`` for the nearest one, or a path relative to the project.
        project: the project's folder.
        environ: ``os.environ``.
    """
    path = nearest(notebook_folder({}), project) if setting == ".env" else os.path.join(project, setting)
    if path is None:
        return ""
    try:
        load(path, os.path.relpath(path, project), environ, override=False)
    except MlenvError as error:
        return f"mlenv: nothing was loaded from .env: {error.message} ({error.where}); mend it, then: %mlenv dotenv"
    return ""


def tell_once(shell: Any, text: str) -> None:
    """Show a line below the first cell that runs."""

    def tell(*_: Any) -> None:
        shell.events.unregister("post_run_cell", tell)
        print(text)

    shell.events.register("post_run_cell", tell)


def loaded_lines(shown: str, loaded: Loaded) -> List[str]:
    """Return what a load did, for a person: names, never values."""
    lines = [f"{'.env':<12} {shown}: {_counted(loaded.set, 'set')}"]
    if loaded.kept:
        lines.append(f"{'kept':<12} {_listed(loaded.kept)}: set already (--override lets the file win)")
    return lines


def _counted(names: Tuple[str, ...], what: str) -> str:
    variables = "variable" if len(names) == 1 else "variables"
    return f"{len(names)} {variables} {what}" + (f": {_listed(names)}" if names else "")


def _listed(names: Tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
