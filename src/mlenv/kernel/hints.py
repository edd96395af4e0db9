"""One helpful line below a cell: an import that failed, a pip that belongs to another Python.

Standard library only, Python 3.9+. The traceback above stays as it is; each hint is given once.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from typing import List, Optional, Tuple

from mlenv.kernel.display import home_folder, show
from mlenv.kernel.state import State
from mlenv.kernel.surroundings import same_folder
from mlenv.model import Finding, Selection, value
from mlenv.render import shorten
from mlenv.versions import normalise

__all__ = ["PipCall", "after_cell", "belongs_to", "import_hint", "pip_calls", "pip_hint"]

_SHELL_LINE = re.compile(r"^\s*!\s*(?P<command>.+)$")
_MAGIC_LINE = re.compile(r"^\s*%pip\s+(?P<rest>install\b.+)$")
_SHELL_CELL = re.compile(r"^\s*%%(?:bash|sh|script\s+(?:ba|z|da)?sh)\b[^\n]*\n(?P<body>.*)$", re.DOTALL)
_PYTHON = re.compile(r"^(?:python|pypy)[0-9.]*(?:\.exe)?$")
_PIP = re.compile(r"^pip[0-9.]*(?:\.exe)?$")
_TAKES_VALUE = frozenset(
    {"-r", "-c", "-e", "-t", "-i", "-f", "--requirement", "--constraint", "--editable", "--target", "--index-url",
     "--extra-index-url", "--find-links", "--prefix", "--root", "--src", "--python"}
)  # fmt: skip
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MODULE_NAME = re.compile(r"[^\W\d]\w*")


@value
class PipCall:
    """One ``pip install`` that a cell asked a shell for."""

    program: str
    """``pip``, ``/usr/bin/python3``; ``%pip`` for the magic, which means this kernel's own Python."""
    packages: Tuple[str, ...]
    """Requirements as typed, options left out."""


def after_cell(state: State, cell: str, error: Optional[BaseException]) -> None:
    """Say what helps after a cell, if anything does."""
    lines: List[str] = []
    if isinstance(error, ModuleNotFoundError) and error.name and error.name not in state.hinted:
        line = import_hint(state, error.name)
        if line:
            state.hinted.add(error.name)
            lines.append(line)
    for call in pip_calls(cell):
        line = pip_hint(state, call)
        if line:
            lines.append(line)
            state.notes[:] = [note for note in state.notes if note.reason != line]
            state.notes.append(Finding(kind="shell-pip", reason=line))
    if lines:
        show("\n".join(f"mlenv: {shorten(line, state.root or '', home_folder())}" for line in dict.fromkeys(lines)))


# --- an import that failed ---


def import_hint(state: State, module: str) -> str:
    """Return what helps against ``No module named ...``; empty where mlenv cannot help (a part of a package, a typo
    of a standard module).
    """
    top = module.partition(".")[0]
    if not _MODULE_NAME.fullmatch(top) or top in sys.modules or top in getattr(sys, "stdlib_module_names", ()):
        return ""
    root = state.root
    if root is None:
        return f"to install it into an environment of this project: %mlenv create {top}"
    owner = _owner(state, top)
    if owner and not state.at_home:
        return (
            f"{top} is installed in the project's environment {state.prefix}, and this kernel runs in {sys.prefix}. "
            "To run there: %mlenv switch"
        )
    if owner:
        return f"{owner} is installed, and this kernel still runs with what was there before. To use it: %mlenv restart"
    locked = _locked(state.known_selection(), top)
    if locked:
        return f"{locked} is in the lock and not installed. To install it: %mlenv sync"
    name = _distribution(top)
    sure = "" if name != normalise(top) else f" (if the package is called {top})"
    return f"to add it to the project{sure}: %mlenv add {name}"


def _owner(state: State, top: str) -> str:
    """Return the distribution in the project's environment that has this module; empty where none has."""
    installed = state.installed().distributions
    likely = normalise(_distribution(top))
    for row in sorted(installed, key=lambda row: row.name != likely):
        if top in state.memory.tops(row):
            return row.name
    return ""


def _locked(selection: Optional[Selection], top: str) -> str:
    wanted = {normalise(top), normalise(_distribution(top))}
    return next((pin.name for pin in selection.pins if pin.name in wanted), "") if selection else ""


def _distribution(top: str) -> str:
    from mlenv.import_names import DISTRIBUTIONS

    return DISTRIBUTIONS.get(top, normalise(top))


# --- a pip that belongs elsewhere ---


def pip_calls(cell: str) -> Tuple[PipCall, ...]:
    """Return the ``pip install`` lines of a cell: ``!pip``, ``!python -m pip``, ``%%bash``, ``%pip``."""
    shell_cell = _SHELL_CELL.match(cell)
    if shell_cell:
        return tuple(call for command in shell_cell["body"].splitlines() for call in _shell_calls(command))
    commands = [match["command"] for match in map(_SHELL_LINE.match, cell.splitlines()) if match]
    found = [call for command in commands for call in _shell_calls(command)]
    magics = [match["rest"] for match in map(_MAGIC_LINE.match, cell.splitlines()) if match]
    found += [PipCall(program="%pip", packages=_packages(_words(rest)[1:])) for rest in magics]
    return tuple(found)


def _shell_calls(command: str) -> List[PipCall]:
    found = []
    for part in re.split(r"&&|\|\||;|\|", command):
        words = _words(part)
        while words and ("=" in words[0] or words[0] in {"sudo", "env", "exec", "time"}):
            words = words[1:]
        if not words:
            continue
        program, rest = words[0], words[1:]
        name = os.path.basename(program)
        if _PYTHON.match(name) and rest[:2] == ["-m", "pip"]:
            rest = rest[2:]
        elif not _PIP.match(name):
            continue
        if "install" in rest[:3]:
            found.append(PipCall(program=program, packages=_packages(rest[rest.index("install") + 1 :])))
    return found


def _words(text: str) -> List[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _packages(words: List[str]) -> Tuple[str, ...]:
    found, skip = [], False
    for word in words:
        if skip or word.startswith("-"):
            skip = word in _TAKES_VALUE
        elif _REQUIREMENT_NAME.match(word):
            found.append(word)
    return tuple(found)


def pip_hint(state: State, call: PipCall) -> str:
    """Return what to say of a pip that does not install into the project's environment; empty where it does."""
    prefix = state.prefix
    mine = prefix or sys.prefix
    there = sys.prefix if call.program == "%pip" else belongs_to(call.program)
    if there is None or same_folder(there, mine):
        return ""
    shown = " ".join(f'"{word}"' if re.search(r"[<>=!~\[; ]", word) else word for word in call.packages)
    command = f"%mlenv add {shown}" if shown else "%mlenv add PACKAGE"
    place = there or shutil.which(call.program) or call.program
    whose = "the project's environment" if prefix else "this kernel's environment"
    return f"that pip belongs to another Python ({place}); nothing was installed into {whose} {mine}. Type: {command}"


def belongs_to(program: str) -> Optional[str]:
    """Return the environment that a pip or Python on ``PATH`` installs into.

    Told from its place and a pip's first line; nothing is run, links of interpreters are not followed. Empty where it
    cannot be told (a version manager's shim), ``None`` where there is no such program.
    """
    path = shutil.which(os.path.expanduser(program))
    if path is None:
        return None
    if not _PYTHON.match(os.path.basename(path)):
        path = _shebang(path)
        if not path:
            return ""
    elif _is_script(path):
        return ""
    return os.path.dirname(os.path.dirname(os.path.abspath(path)))


def _is_script(path: str) -> bool:
    try:
        with open(path, "rb") as stream:
            return stream.read(2) == b"#!"
    except OSError:
        return False


def _shebang(path: str) -> str:
    """Return the interpreter of a script; pip writes ``/bin/sh`` and ``exec`` where the path is long or has spaces."""
    try:
        with open(path, "rb") as stream:
            lines = stream.read(2048).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    first = lines[0][2:].strip() if lines and lines[0].startswith("#!") else ""
    if first == "/bin/sh" and len(lines) > 1:
        match = re.match(r"'''exec' (?:\"([^\"]+)\"|'([^']+)'|(\S+))", lines[1])
        first = next((text for text in match.groups() if text), "") if match else ""
    name = os.path.basename(first)
    return first if os.path.isabs(first) and _PYTHON.match(name) else ""
