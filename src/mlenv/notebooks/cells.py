"""The Python in a code cell: IPython's own syntax is replaced by ``pass``, line for line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlenv.model import value

__all__ = ["Said", "commands", "extension_modules", "is_foreign", "python_of"]

# fmt: off
_PYTHON_BODY = frozenset({"capture", "debug", "memit", "mprun", "prun", "pypy", "px", "python", "python3", "scalene",
                          "time", "timeit"})
"""Cell magics whose body is Python of this environment."""
_OTHER_BODY = frozenset({"!", "bash", "bigquery", "cmd", "cython", "file", "html", "HTML", "javascript", "js", "latex",
                         "markdown", "perl", "python2", "R", "ruby", "script", "sh", "sql", "svg", "SVG", "system",
                         "sx", "writefile"})
"""Cell magics whose body is a file, another language or the shell's."""
# fmt: on
_CODE_MAGICS = re.compile(r"%(?:time|timeit|prun|memit|mprun)\b\s*(?P<code>(?:-[a-zA-Z]+(?:\s+\d+)?\s+)*)(?P<rest>.*)$")
_ESCAPED = re.compile(r"\s*(?:[%!?]|[,;/][A-Za-z_])")
_HELP = re.compile(r"[^#]*[\w)\]*%]\?{1,2}\s*$")
_ASSIGNED = re.compile(r"(?P<target>\s*[A-Za-z_][\w.,\s\[\]'\"]*)=\s*[!%][^=]")
_INSTALLERS = "pip|pip3|uv|conda|mamba|micromamba"
_AUTOMAGIC = re.compile(rf"\s*(?:{_INSTALLERS})\s+(?:install|add|pip)\s+[^\s=.(,]")
"""What IPython runs as a magic without its sign, because it is no Python: ``pip install six``."""
_COMMAND = re.compile(
    rf"\s*(?:[A-Za-z_][\w.,\s\[\]'\"]*=\s*)?(?P<sign>!!?|%(?:sx|system)\b|%(?=(?:{_INSTALLERS})\s)|(?={_INSTALLERS}))"
    r"(?P<rest>.*)$",
    re.DOTALL,
)
_SHELLS = frozenset({"!", "bash", "sh", "script", "sx", "system"})
_LOAD_EXT = re.compile(r"^\s*%(?:load_ext|reload_ext)\s+(?P<module>[A-Za-z_][\w.]*)", re.MULTILINE)
_IPYTHON_EXTENSIONS = frozenset({"autoreload", "storemagic"})
_MARKS = re.compile(r'"""|\'\'\'|"|\'|#|\\.|[\[({]|[\])}]')


@value
class Said:
    """One line that goes to the shell or to an installer's magic."""

    line: int
    """Number of its first line in the cell, from 1."""
    text: str
    """Without its sign, lines that go on behind a backslash joined."""
    magic: bool
    """Whether a magic runs it, which means the kernel's own Python, and no shell."""


def python_of(cell: str) -> str | None:
    """Return the cell as Python with the same line numbers, or ``None`` where its magic makes it something else.

    ``%time import x`` keeps ``import x``; other magics, ``!shell``, ``?help`` and automatic calls become ``pass``.
    An unknown cell magic keeps its body. Source: IPython.core.inputtransformer2.
    """
    lines = cell.replace("\r\n", "\n").split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].lstrip().startswith("%%"):
        words = lines[first].lstrip()[2:].split()
        if not words or words[0] in _OTHER_BODY:
            return None
        lines[first] = "pass"
    return "\n".join(_neutral(lines))


def commands(cell: str) -> Iterator[Said]:
    """Yield each line that goes to the shell or to an installer's magic.

    ``!pip install six`` and ``%pip install six`` are ``pip install six``; lines that go on behind a backslash are
    joined. Of a ``%%bash`` cell it is every line, of cells in other languages none.
    """
    lines = cell.replace("\r\n", "\n").split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), None)
    magic = lines[first].lstrip()[2:].split() if first is not None and lines[first].lstrip()[:2] == "%%" else None
    if magic is not None and first is not None:
        lines[: first + 1] = ["pass"] * (first + 1)
        if not magic or magic[0] in _SHELLS:
            body = _joined(lines[first + 1 :], range(first + 2, len(lines) + 1))
            yield from (Said(line=number, text=text, magic=False) for number, text in body)
        if not magic or magic[0] in _OTHER_BODY:
            return
    shell = [number for number, python in enumerate(_neutral(lines)) if python != lines[number]]
    for number, text in _joined([lines[at] for at in shell], [at + 1 for at in shell]):
        if match := _COMMAND.match(text):
            yield Said(line=number, text=match["rest"].strip(), magic=match["sign"] in ("", "%"))


def _joined(lines: list[str], numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Join each line that ends in a backslash to the next one."""
    parts: list[str] = []
    start = 0
    for number, line in zip(numbers, lines, strict=True):
        start = start if parts else number
        parts.append(line.removesuffix("\\"))
        if not line.endswith("\\"):
            yield start, " ".join(parts)
            parts = []
    if parts:
        yield start, " ".join(parts)


def is_foreign(cell: str) -> bool:
    """Say whether a cell starts with a cell magic that nobody here knows: what does not parse in it is no mistake."""
    words = cell.lstrip()[2:].split(maxsplit=1) if cell.lstrip().startswith("%%") else []
    return bool(words) and words[0] not in _PYTHON_BODY


def extension_modules(cell: str) -> tuple[str, ...]:
    """Return the modules that ``%load_ext`` lines import; IPython's own extensions are dropped."""
    found = (match["module"] for match in _LOAD_EXT.finditer(cell))
    return tuple(module for module in found if module not in _IPYTHON_EXTENSIONS)


def _neutral(lines: list[str]) -> list[str]:
    """Replace IPython's lines; only where a statement can begin: never inside strings, brackets or continued lines."""
    result: list[str] = []
    still_open: tuple[str, ...] = ()
    continued = False
    for line in lines:
        replaced = None if still_open else _replaced(line)
        if continued or replaced is not None:
            result.append("" if continued else replaced or "")
            continued = line.endswith("\\")
        else:
            result.append(line)
            still_open = _open_after(line, still_open)
    return result


def _replaced(line: str) -> str | None:
    """Return the Python for one line in IPython's syntax, ``None`` for a line that is Python as it stands."""
    indent = line[: len(line) - len(line.lstrip())]
    if match := _CODE_MAGICS.match(line.lstrip()):
        return indent + (match["rest"].rstrip("\\") or "pass")
    if assigned := _ASSIGNED.match(line):
        return f"{assigned['target']}= None"
    escaped = _ESCAPED.match(line) or _HELP.match(line) or _AUTOMAGIC.match(line)
    return indent + "pass" if escaped else None


def _open_after(line: str, still_open: tuple[str, ...]) -> tuple[str, ...]:
    """Return the brackets and the quote that are open after a line; a last backslash counts as one of them."""
    stack = [mark for mark in still_open if mark != "\\"]
    for match in _MARKS.finditer(line):
        mark = match.group()
        if stack and stack[-1][0] in "\"'":
            if mark == stack[-1] or (len(stack[-1]) == 1 and mark[0] == stack[-1]):
                stack.pop()
        elif mark == "#":
            break
        elif mark in "([{" or mark[0] in "\"'":
            stack.append(mark)
        elif stack and mark in ")]}":
            stack.pop()
    if line.endswith("\\"):
        return (*stack, "\\")
    if stack and stack[-1] in {'"', "'"}:
        stack.pop()  # a one-line string that nobody closed ends with its line
    return tuple(stack)
