"""One helpful line below a cell: an import that failed, a pip that belongs to another Python.

Standard library only, Python 3.9+. The traceback above stays as it is; each hint is given once.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from mlenv import render
from mlenv.import_advice import advise, advised_command, in_namespace, likely_names, top_of
from mlenv.kernel.display import home_folder, show
from mlenv.kernel.state import State
from mlenv.kernel.surroundings import same_folder
from mlenv.model import Advice, Finding, value

__all__ = ["ADVICE_MIME", "PipCall", "after_cell", "belongs_to", "import_advice", "pip_calls", "pip_hint"]

ADVICE_MIME = "application/vnd.mlenv.advice.v1+json"
_TO = {
    "add": "To add it",
    "create": "To make one",
    "restart": "To use it",
    "switch": "To run there",
    "sync": "To install it",
}

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


@value
class PipCall:
    """One ``pip install`` that a cell asked a shell for."""

    program: str
    """``pip``, ``/usr/bin/python3``; ``%pip`` for the magic, which means this kernel's own Python."""
    packages: Tuple[str, ...]
    """Requirements as typed, options left out."""


def after_cell(state: State, cell: str, error: Optional[BaseException]) -> None:
    """Say what helps after a cell, if anything does."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        advice = import_advice(state, error.name)
        if advice is not None and advice not in state.hinted:
            state.hinted.add(advice)
            _say(state, [import_line(state, advice)], {ADVICE_MIME: render.advice_json(advice)})
    lines: List[str] = []
    for call in pip_calls(cell):
        line = pip_hint(state, call)
        if line:
            lines.append(line)
            state.notes[:] = [note for note in state.notes if note.reason != line]
            state.notes.append(Finding(kind="shell-pip", reason=line))
    if lines:
        _say(state, lines, {})


def _say(state: State, lines: Sequence[str], data: Mapping[str, Any]) -> None:
    told = [f"mlenv: {render.shorten(line, state.root or '', home_folder())}" for line in dict.fromkeys(lines)]
    show("\n".join(told), data=data)


# --- an import that failed ---


def import_advice(state: State, module: str) -> Optional[Advice]:
    """Return what helps against ``No module named ...``; ``None`` where mlenv cannot help (a part of a package, a typo
    of a standard module).
    """
    top = top_of(module)
    if not top or (top in sys.modules and not in_namespace(module)):
        return None
    if state.root is None:
        return advise(module, project=False, at_home=False)
    problem = state.facts().problem
    return advise(
        module,
        project=True,
        at_home=state.at_home,
        environment=problem is None or problem.kind != "no-env",
        owner=_owner(state, module),
        locked=_locked(state, module),
    )


def import_line(state: State, advice: Advice) -> str:
    """Return the advice as the line below a cell: with the two environments, and what to type."""
    text = advice.text
    if advice.action == "switch":
        places = f"the project's environment {state.prefix}, and this kernel runs in {sys.prefix}"
        text = f"{advice.package} is installed in {places}"
    return f"{text}. {_TO[advice.action]}: %{advised_command(advice)}"


def _owner(state: State, module: str) -> str:
    """Return the distribution in the project's environment that has a module; empty where none has."""
    names = tuple(likely_names(module))
    installed = state.installed()
    if in_namespace(module):
        return next((name for name in names[:1] if installed.get(name)), "")
    for row in sorted(installed.distributions, key=lambda row: row.name not in names):
        if top_of(module) in state.memory.tops(row):
            return row.name
    return ""


def _locked(state: State, module: str) -> str:
    selection, wanted = state.known_selection(), set(likely_names(module))
    return next((pin.name for pin in selection.pins if pin.name in wanted), "") if selection else ""


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


def belongs_to(program: str, path: Optional[str] = None) -> Optional[str]:
    """Return the environment that a pip or Python on ``PATH`` (default: this process's) installs into.

    Told from its place and a pip's first line; nothing is run, links of interpreters are not followed. Empty where it
    cannot be told (a version manager's shim), ``None`` where there is no such program.
    """
    found = shutil.which(os.path.expanduser(program), path=path)
    if found is None:
        return None
    if not _PYTHON.match(os.path.basename(found)):
        found = _shebang(found)
        if not found:
            return ""
    elif _is_script(found):
        return ""
    return os.path.dirname(os.path.dirname(os.path.abspath(found)))


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
