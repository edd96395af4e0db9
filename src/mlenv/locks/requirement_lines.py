"""The lines of a requirements file: encodings, continuations, comments, options.

Source: pip's documentation, "Requirements File Format" (pip 26.3).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["Line", "decode_text", "logical_lines", "split_line"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"coding[:=]\s*([-\w.]+)")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_OPTION = re.compile(r"\s(?=--?[A-Za-z])")
_DIGEST = re.compile(r"\w+:\w+\s*")
"""What stands behind nearly all of the options of a lock: read without looking at each word of the line."""
_EQUALS = re.compile(r"--[\w-]+=")
_SHORT = re.compile(r"-[A-Za-z]")


@value
class Line:
    """One logical line: continuations joined, comments gone."""

    number: int
    """Where it starts, counted from 1."""
    text: str


def decode_text(data: bytes, where: str, code: str = "requirements-encoding") -> str:
    """Decode a text file by its byte-order mark, else its PEP 263 comment, else as UTF-8.

    Raises:
        MlenvError: ``code`` with the line that cannot be decoded.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, where, code)
    match = next(
        (found for line in data.split(b"\n", 2)[:2] if line[:1] == b"#" and (found := _CODING.search(line))), None
    )
    return _decoded(data, match[1].decode("ascii") if match else "utf-8", where, code)


def logical_lines(text: str) -> Iterator[Line]:
    """Yield the lines that say something, each with the number of its first line."""
    start, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        start = start if parts else number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line.removesuffix("\\"))
            continue
        # A comment ends a continuation, and must still be a comment once it is joined.
        yield from _line(start, "".join([*parts, " " if comment else "", line]))
        parts = []
    yield from _line(start, "".join(parts))


def split_line(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Split ``six==1.17 --hash=sha256:x`` or ``-r other.txt`` into what is asked for and (option, value) pairs."""
    if " --hash=" in text:
        asked, *hashes = text.split(" --hash=")
        if _OPTION.search(" " + asked) is None and all(_DIGEST.fullmatch(digest) for digest in hashes):
            return asked.strip(), tuple([("--hash", digest.strip()) for digest in hashes])
    parts = _OPTION.split(" " + text)
    return parts[0].strip(), tuple(_option(part.strip()) for part in parts[1:])


def _decoded(data: bytes, encoding: str, where: str, code: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        message, line = f"There is no encoding {encoding!r}.", 1
    except UnicodeDecodeError as problem:
        message, line = f"This is not {encoding} text.", data.count(b"\n", 0, problem.start) + 1
    hint = "Save the file as UTF-8."
    raise MlenvError(code, message, where=f"{where}: line {line}", hint=hint)


def _line(number: int, text: str) -> Iterator[Line]:
    plain = (_COMMENT.sub("", text) if "#" in text else text).strip()
    if plain:
        yield Line(number=number, text=plain)


def _option(text: str) -> tuple[str, str]:
    if _SHORT.match(text) and not text.startswith("--"):
        return text[:2], _unquoted(text[2:].removeprefix("="))
    name, _, rest = text.partition("=") if _EQUALS.match(text) else text.partition(" ")
    return name, _unquoted(rest)


def _unquoted(text: str) -> str:
    plain = text.strip()
    return plain[1:-1] if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "'\"" else plain
