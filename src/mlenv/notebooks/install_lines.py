"""Every line of a notebook that would install something, with the program that it asks. Nothing is run.

Wider than :mod:`mlenv.notebooks.installs`, which reads what a notebook declares: here are the calls from Python
(``subprocess.run([sys.executable, "-m", "pip", ...])``, ``os.system``), and tools that bring no Python packages, too.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlenv.model import value
from mlenv.notebooks.cells import commands, python_of
from mlenv.notebooks.installs import Install, after_prefix, installs_of
from mlenv.notebooks.shell_words import ShellCommand, Word, split_commands

__all__ = ["KERNELS_OWN", "InstallLine", "parse_install_lines"]

KERNELS_OWN = "sys.executable/python"
"""The program of lines that name ``sys.executable``: the kernel's own Python."""
_EXECUTABLE = re.compile(r"\$?\{sys\.executable\}|\$sys\.executable")
_ASKS = re.compile(r"\b(?:install|add|ci)\b")
# fmt: off
_RUNNERS = frozenset({"Popen", "call", "check_call", "check_output", "create_subprocess_exec",
                      "create_subprocess_shell", "execvp", "getoutput", "getstatusoutput", "popen", "run", "spawn",
                      "system"})
"""Functions that start a program or a shell: ``subprocess``, ``os``, ``asyncio``, IPython's shell."""
_OTHERS = {
    "apk": ("add",), "apt": ("install",), "apt-get": ("install",), "aptitude": ("install",), "brew": ("install",),
    "choco": ("install",), "dnf": ("install",), "npm": ("install", "i", "add", "ci"), "pnpm": ("add", "install", "i"),
    "snap": ("install",), "winget": ("install",), "yarn": ("add", "install"), "yum": ("install",),
}
"""Tool -> its words for installing: what they bring is no Python package, so it is only told."""
# fmt: on
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_LONGEST, _MOST = 50_000, 1_000
"""Characters of one line, number of lines: more than any person writes is not read."""


@value
class InstallLine:
    """One command that installs."""

    cell: int
    """Number of the code cell, from 1."""
    line: int
    text: str
    """As it stands there, in one line."""
    tool: str
    """``pip``, ``uv``, ``conda``, or another tool's name: ``apt-get``."""
    program: str
    """What is started: ``pip``, ``python3.11``, :data:`KERNELS_OWN`; empty for a magic."""
    magic: bool = False
    """Whether a magic runs it: it means the kernel's own environment."""
    install: Install | None = None
    """What is asked for; ``None`` for tools that bring no Python packages."""
    others: tuple[str, ...] = ()
    """What such a tool is asked for."""


def parse_install_lines(cells: Sequence[str]) -> tuple[InstallLine, ...]:
    """Return all that the code cells of a notebook would install, in order."""
    found: list[InstallLine] = []
    for number, cell in enumerate(cells, start=1):
        if _ASKS.search(cell):  # most cells: nothing is split
            rows = [*_said(cell, number), *_called(cell, number)]
            found += sorted(rows, key=lambda row: row.line)
    return tuple(found[:_MOST])


def _said(cell: str, number: int) -> Iterator[InstallLine]:
    lines = cell.replace("\r\n", "\n").split("\n")
    for said in commands(cell):
        if len(said.text) <= _LONGEST:
            start = lines[said.line - 1].strip()
            # Its sign, and the name that takes the output, stand before what the shell gets.
            sign = start.partition(said.text.split()[0])[0] if said.text else ""
            for row in _of_line(said.text, number, said.line, magic=said.magic):
                yield _as(row, sign + said.text)


def _of_line(text: str, cell: int, line: int, *, magic: bool = False) -> Iterator[InstallLine]:
    for command in split_commands(_EXECUTABLE.sub(KERNELS_OWN, text)):
        yield from _of_command(command, cell, line, magic=magic)


def _of_command(command: ShellCommand, cell: int, line: int, *, magic: bool = False) -> Iterator[InstallLine]:
    words = after_prefix(command.words)
    program = words[0].text if words else ""
    for install in installs_of(command, cell, line):
        shown = "" if magic else program
        yield InstallLine(cell=cell, line=line, text="", tool=install.tool, program=shown, magic=magic, install=install)
    tool = program.rpartition("/")[2]
    rest = [word.text for word in words[1:] if not word.text.startswith("-")]
    if rest and rest[0] in _OTHERS.get(tool, ()):
        yield InstallLine(cell=cell, line=line, text="", tool=tool, program=program, others=tuple(rest[1:]))


def _as(row: InstallLine, text: str) -> InstallLine:
    return replace(row, text=" ".join(text.split()))


# --- calls from Python ---


def _called(cell: str, number: int) -> Iterator[InstallLine]:
    python = python_of(cell)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\d" in somebody's string is not ours to report
            tree = ast.parse(python or "")
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
        for call in calls:
            for row in _of_call(call, number):
                yield _as(row, ast.unparse(call))
    except _UNREADABLE:  # told where imports are read; no line of it can be run either
        return


def _of_call(call: ast.Call, cell: int) -> Iterator[InstallLine]:
    name = _dotted(call.func)
    last = name.rpartition(".")[2]
    first = call.args[0]
    if last in ("run_line_magic", "run_cell_magic") and len(call.args) > 1:
        texts = [_text(argument) or "" for argument in call.args[:2]]
        yield from _of_line(" ".join(texts), cell, call.lineno, magic=True)
    elif last == "main" and "pip" in name:
        words = (Word(text=KERNELS_OWN), Word(text="-m"), Word(text="pip"), *_words(first))
        yield from _of_command(ShellCommand(words=words), cell, call.lineno)
    elif last in _RUNNERS and isinstance(first, ast.List | ast.Tuple):
        yield from _of_command(ShellCommand(words=_words(first)), cell, call.lineno)
    elif last in _RUNNERS and (text := _text(first)) is not None and len(text) <= _LONGEST:
        yield from _of_line(text, cell, call.lineno)


def _dotted(node: ast.expr) -> str:
    """Return ``subprocess.run`` of an expression; parts that are no names are left out."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _words(node: ast.expr) -> tuple[Word, ...]:
    """Return the words of an argument list; what is only known when it runs is open."""
    if not isinstance(node, ast.List | ast.Tuple):
        return ()
    words = []
    for each in node.elts:
        text = KERNELS_OWN if _dotted(each) == "sys.executable" else _text(each)
        words.append(Word(text="{}" if text is None else text, open=text is None or "{" in text))
    return tuple(words)


def _text(node: ast.expr) -> str | None:
    """Return a text as the shell would get it, what is filled in as ``{name}``; ``None`` for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [_text(part) if isinstance(part, ast.Constant) else f"{{{_filled(part)}}}" for part in node.values]
        return "".join(part or "" for part in parts)
    return None


def _filled(part: ast.expr) -> str:
    return ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else "value"
