"""A line that a notebook hands to the shell, split as the shell would split it. Nothing is run or filled in.

Source: POSIX shell, "Token Recognition" and "Quoting"; IPython's ``!`` lines, which fill in ``{name}`` and ``$name``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlenv.model import value

__all__ = ["ShellCommand", "Word", "split_commands"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<end>&&|\|\||[;|&\n])|(?P<redirect>\d?(?:&>|>>?|<<?<?)&?)"""
    r"""|(?P<single>'[^']*'?)|(?P<double>"(?:\\.|[^"\\])*"?)|(?P<escaped>\\(?:.|$))|(?P<plain>[^\s;&|<>'"\\]+)""",
    re.DOTALL,
)
_FILLED_IN = re.compile(r"\{[^{},]*\}|\$[A-Za-z_{(]|`")
_EXECUTABLE = re.compile(r"\{sys\.executable\}|\$\{?sys\.executable\}?")
_ESCAPED = re.compile(r'\\(["\\$`])')


@value
class Word:
    """One word, its quotes taken off."""

    text: str
    open: bool = False
    """Whether part of it is filled in when it runs: ``{name}``, ``$NAME``, `` `command` ``."""


@value
class ShellCommand:
    """One of the commands of a line."""

    words: tuple[Word, ...]
    redirected: tuple[str, ...] = ()
    """What stood unquoted behind ``<`` or ``>`` without a space before it, with the sign: ``numpy<2`` reads a file."""


def split_commands(line: str) -> Iterator[ShellCommand]:
    """Yield the commands of a line; ``&&``, ``||``, ``;``, ``|`` and ``&`` stand between them.

    ``{sys.executable}`` counts as ``python``. A quote that nobody closed ends with the line.
    """
    words, redirected = list[Word](), list[str]()
    current, quoted, target = "", False, ""
    for kind, text in (*_tokens(_EXECUTABLE.sub("python", line)), ("end", "")):
        if kind in ("word", "quoted"):
            current, quoted = current + text, quoted or kind == "quoted"
            continue
        if current or quoted:
            if not target:
                words.append(Word(text=current, open=bool(_FILLED_IN.search(current))))
            elif target != " ":
                redirected.append(target + current)
            target = text if kind == "redirect" else ""
        elif kind == "redirect":
            target = " "  # a file, whatever it is called
        current, quoted = "", False
        if kind == "end":
            if words:
                yield ShellCommand(words=tuple(words), redirected=tuple(redirected))
            words, redirected, target = [], [], ""


def _tokens(line: str) -> Iterator[tuple[str, str]]:
    """Yield (``word``, ``quoted``, ``space``, ``redirect`` or ``end``, text)."""
    inside = False
    for match in _TOKEN.finditer(line):
        kind, text = match.lastgroup or "", match[0]
        if kind == "plain" and text.startswith("#") and not inside:
            return
        inside = kind not in ("space", "end", "redirect")
        if kind == "single":
            yield "quoted", text.strip("'")
        elif kind == "double":
            yield "quoted", _ESCAPED.sub(r"\1", text[1:].removesuffix('"') if len(text) > 1 else "")
        elif kind == "escaped":
            yield "word", text[1:].replace("\n", "")
        else:
            yield ("word" if kind == "plain" else kind), text
