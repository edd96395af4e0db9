"""The text of a ``.env`` file, read by the rules of python-dotenv 1.2, values in their final form.

Standard library only, Python 3.9+: this file also runs inside project kernels, where no library may be relied on (the
environment's own copy, however old, would win). A property test holds it equal to python-dotenv. Stricter in two
points, so that no part of a secret is ever shown as a name: a line without ``=`` and an odd name are errors.
"""

from __future__ import annotations

import codecs
import re
from typing import Dict, List, Mapping, Match, Pattern, Sequence, Tuple

from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["Binding", "final_values", "names_in_example", "parse_dotenv"]

_NEWLINE = re.compile(r"\r\n|\n|\r")
_BLANK = re.compile(r"\s*")
_SPACE = re.compile(r"[^\S\r\n]*")
_EXPORT = re.compile(r"(?:export[^\S\r\n]+)?")
_COMMENT = re.compile(r"#[^\r\n]*")
_KEY = re.compile(r"'([^']+)'|(?!')([^=\#\s]+)")
_EQUALS = re.compile(r"=([^\S\r\n]*)")
_QUOTED = {
    "'": (re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL), re.compile(r"\\[\\']")),
    '"': (re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL), re.compile(r"\\[\\'\"abfnrtv]")),
}
"""Quote -> what it holds, and the escapes that count in it."""
_UNQUOTED = re.compile(r"[^\r\n]*")
_END = re.compile(r"(?:[^\S\r\n]*#[^\r\n]*)?[^\S\r\n]*(?:\r\n|\n|\r|$)")
_VARIABLE = re.compile(r"\$\{(?P<name>[^}:]*)(?::-(?P<default>[^}]*))?\}")
_LONGEST = 127 << 10
"""Characters: Linux starts no program with a longer variable (MAX_ARG_STRLEN)."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_EXAMPLE = re.compile(r"^[ \t]*#?[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=", re.MULTILINE)
_HINT = 'write NAME=value, and a value of several lines or with a quote as NAME="..."'


@value
class Binding:
    """One ``NAME=value`` of the file, references not yet filled in."""

    name: str
    value: str
    line: int
    """Where it begins, from 1."""


def parse_dotenv(text: str, where: str) -> Tuple[Binding, ...]:
    """Read the text of a ``.env`` file.

    Args:
        text: the whole file.
        where: its name, for errors.

    Raises:
        MlenvError: ``dotenv-invalid`` naming the line, and never what stands in it.

    Source: the grammar of ``dotenv.parser`` (python-dotenv 1.2.4). Cost: linear.
    """
    text = text.removeprefix("\ufeff")
    found: List[Binding] = []
    at, line, counted = 0, 1, 0
    while True:
        at = _end(_BLANK, text, at)
        if at >= len(text):
            return tuple(found)
        line, counted = line + len(_NEWLINE.findall(text, counted, at)), at
        start = _end(_EXPORT, text, at)
        comment = _COMMENT.match(text, start)
        if comment is not None:
            at = comment.end()
            continue
        name, content, at = _binding(text, start, f"{where}: line {line}")
        found.append(Binding(name=name, value=content, line=line))


def _end(pattern: Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _binding(text: str, at: int, where: str) -> Tuple[str, str, int]:
    """Return name, value and where the next line begins."""
    key = _KEY.match(text, at)
    name = (key[1] or key[2]) if key else ""
    equals = _EQUALS.match(text, _end(_SPACE, text, key.end())) if key else None
    if equals is None:
        raise _wrong("there is no NAME= in this line", where)
    if not _NAME.fullmatch(name):
        raise _wrong("what stands before '=' is no name of a variable", where)
    content, at = _value(text, equals, where)
    end = _END.match(text, at)
    if end is None:
        raise _wrong("something follows the closing quote", where)
    if "\0" in content:
        raise _wrong("the value holds a NUL character, which no variable can", where)
    return name, content, end.end()


def _value(text: str, equals: Match[str], where: str) -> Tuple[str, int]:
    at = equals.end()
    first = text[at : at + 1]
    if first == "#" and equals[1]:
        return "", at
    if first in _QUOTED:
        pattern, escapes = _QUOTED[first]
        quoted = pattern.match(text, at)
        if quoted is None:
            raise _wrong("a quote is not closed", where)
        return escapes.sub(lambda found: codecs.decode(found[0], "unicode-escape"), quoted[1]), quoted.end()
    end = _end(_UNQUOTED, text, at)
    return re.sub(r"\s+#.*", "", text[at:end]).rstrip(), end


def _wrong(message: str, where: str) -> MlenvError:
    return MlenvError("dotenv-invalid", f"the .env file cannot be read: {message}", where=where, hint=_HINT)


def final_values(
    bindings: Sequence[Binding], environ: Mapping[str, str], *, override: bool, where: str = ".env"
) -> Dict[str, str]:
    """Return name -> value with ``${NAME}`` and ``${NAME:-default}`` filled in; a later line wins.

    Args:
        bindings: of one file.
        environ: the variables that are set already: they win over the file, also inside references.
        override: let the file win.
        where: the file's name, for errors.

    Raises:
        MlenvError: ``dotenv-invalid`` for a value so long that no program could be started any more.

    Source: ``dotenv.main.resolve_variables``.
    """
    done: Dict[str, str] = {}
    first, second = (done, environ) if override else (environ, done)
    for row in bindings:
        done[row.name] = _filled_in(row, first, second, where)
    return done


def _filled_in(row: Binding, first: Mapping[str, str], second: Mapping[str, str], where: str) -> str:
    parts, at, size = [], 0, 0
    for found in _VARIABLE.finditer(row.value):
        name, default = found["name"], found["default"] or ""
        parts += [row.value[at : found.start()], first.get(name, second.get(name, default))]
        at, size = found.end(), size + len(parts[-1])
        if size > _LONGEST:
            break
    text = "".join((*parts, row.value[at:]))
    if len(text) > _LONGEST:
        message = f"the value has more than {_LONGEST >> 10} KiB, with which no program can be started"
        raise _wrong(message, f"{where}: line {row.line}")
    return text


def names_in_example(text: str) -> Tuple[str, ...]:
    """Return the names that a ``.env.example`` has a line for, one that is commented out included."""
    return tuple(_EXAMPLE.findall(text))
