"""How much a file of a project may hold: far above all that is real, low enough that none can hold a check up.

Measured on the largest locks at hand (655 packages with all their wheels: 1.6 MB); at these limits every reader answers
within 1 s and 200 MB.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mlenv.errors import MlenvError

if TYPE_CHECKING:
    from mlenv.locks.place import Place

__all__ = [
    "LARGEST_BYTES",
    "LONGEST_LINE",
    "MOST_EDGES",
    "MOST_ENTRIES",
    "MOST_FILES",
    "MOST_LINES",
    "MOST_PACKAGES",
    "MOST_ROW_TEXT",
    "MOST_TEXT",
    "check_edges",
    "check_json",
    "check_lines",
    "check_manifest",
    "check_packages",
    "check_size",
    "check_texts",
    "check_toml",
]

LARGEST_BYTES = 10 << 20
LARGEST_MANIFEST_BYTES = 1 << 20
"""Of a file that people write."""
MOST_PACKAGES = 6_000
MOST_EDGES = 30_000
"""Dependencies of all packages of a lock together."""
MOST_LINES = 300_000
"""Of a text that is read line by line; a list of 10 MB with all hashes has half of them."""
MOST_ENTRIES = 64
"""Entries of one name: a lock has one for each fork, or for each set of extras."""
MOST_TEXT = 350_000
"""Characters of the markers and ranges of a file, each text counted once: they cost up to 0.6 us each."""
MOST_FILES = 100
"""Requirements files that include each other."""
LONGEST_LINE = 1 << 20
"""Characters of one line of a requirements file, what it goes on with in the next ones included."""
_LONGEST_TEXT = 4000
"""Characters of one marker or range."""
MOST_ROW_TEXT = 400_000
"""Characters of all rows of a list of requirements, hashes left aside."""
_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""As ``str.splitlines`` knows them."""

_HINT = "Is this the right file? Take it back from version control."
_BY_PEOPLE = frozenset(
    {
        "pyproject.toml",
        "mlenv.toml",
        "Pipfile",
        "setup.cfg",
        "requirements.in",
        "environment.yml",
        "environment.yaml",
        "pixi.toml",
    }
)
_MOST_OF_JSON = {",": 400_000, ":": 400_000, "[": 150_000, "{": 150_000}
_MOST_OF_MANIFESTS = {'"': 16_000, "'": 16_000}
_SMALL = 1_500_000
"""Characters of TOML; below that only a flood of one sign can hold the parser up."""
_FLOODS = {"=": 20_000, ".": 60_000, "[": 20_000, ",": 50_000}
_MOST_SIGNS = {"=": 250_000, ",": 250_000, "[": 150_000, ".": 50_000}
"""Signs outside of texts: each costs up to 4 us and 1 kB. A lock of 10 MB has two thirds of it."""
_MOST_QUOTING = {"\\": 200_000, '"': 1_000_000, "'": 1_000_000}
_TEXT = re.compile(
    r'''"(?:""(?:[^\\]|\\.)*?"""|[^"\\\n]*(?:\\.[^"\\\n]*)*")|'(?:\'\'.*?\'\'\'|[^'\n]*')|#[^\n]*''', re.DOTALL
)
"""A text of TOML, or a comment."""
_LONG_KEY = re.compile(r"(?:\.[ \t]*[\w-]*[ \t]*){16}")
_LONGEST_WORD = 20_000


def check_size(size_bytes: int, where: str) -> None:
    """Raise ``file-too-large`` for a file that is too large to be read."""
    by_people = where.replace("\\", "/").rpartition("/")[2] in _BY_PEOPLE
    most = LARGEST_MANIFEST_BYTES if by_people else LARGEST_BYTES
    if size_bytes > most:
        message = f"The file has {size_bytes:,} bytes; mlenv reads up to {most >> 20} MiB."
        raise MlenvError("file-too-large", message, where=where, hint=_HINT)


def check_texts(texts: Iterable[object], place: Place) -> None:
    """Raise ``file-too-large`` where a file's markers or ranges are longer together than those of any lock.

    Args:
        texts: what stands in the file; what is no text costs nothing.
        place: the file.
    """
    found = {text for text in texts if isinstance(text, str)}
    length = sum(map(len, found))
    if max(map(len, found), default=0) > _LONGEST_TEXT:
        message = f"The file holds a marker or a range of more than {_LONGEST_TEXT} characters; no lock does."
        raise place.error(message, code="file-too-large", hint=_HINT)
    if length > MOST_TEXT:
        message = f"The file holds {length} characters of markers and ranges; mlenv reads up to {MOST_TEXT}."
        raise place.error(message, code="file-too-large", hint=_HINT)


def check_lines(text: str, place: Place) -> None:
    """Raise ``file-too-large`` for a text of more lines than any list has: each costs a microsecond, be it empty."""
    number = sum(map(text.count, _LINE_ENDS)) if len(text) > MOST_LINES else 0
    if number > 2 * MOST_LINES:  # Windows ends a line with two of them
        message = f"The file has {number} ends of lines; mlenv reads up to {MOST_LINES} lines."
        raise place.error(message, code="file-too-large", hint=_HINT)


def check_manifest(text: str, place: Place) -> None:
    """Raise ``file-too-large`` for a manifest of more texts than people write: each may be a requirement."""
    _check_signs(text, _MOST_OF_MANIFESTS, place)


def check_edges(lists: Iterable[object], place: Place) -> None:
    """Raise ``file-too-large`` for a lock whose packages need each other too often.

    Args:
        lists: what stands as the dependencies of each package; what is neither a list nor a table is not counted.
        place: the file.
    """
    number = sum(len(edges) for edges in lists if isinstance(edges, (list, dict)))
    if number > MOST_EDGES:
        message = f"The file names {number} dependencies; mlenv reads up to {MOST_EDGES}."
        raise place.error(message, code="file-too-large", hint=_HINT)


def check_json(text: str, place: Place) -> None:
    """Raise ``file-too-large`` for JSON of more values than any lock has. Cost: 1 ms a MB."""
    _check_signs(text, _MOST_OF_JSON, place)


def check_packages(number: int, place: Place) -> None:
    """Raise ``file-too-large`` for a lock or a list that names too many packages."""
    if number > MOST_PACKAGES:
        message = f"The file names {number} packages; mlenv reads up to {MOST_PACKAGES}."
        raise place.error(message, code="file-too-large", hint=_HINT)


def check_toml(text: str, place: Place) -> None:
    """Raise ``file-too-large`` for TOML that no tool writes and that the parser would take seconds or gigabytes for.

    Cost: 1 ms for a lock of 1 MB, 4 ms a MB beyond that.
    """
    _check_signs(text, _MOST_QUOTING, place)
    if len(text) < _SMALL and not any(text.count(sign) > number for sign, number in _FLOODS.items()):
        return
    bare = _TEXT.sub("", text)
    _check_signs(bare, _MOST_SIGNS, place)
    if "." in bare and _LONG_KEY.search(bare):
        raise place.error("The file holds a key of many parts; no lock does.", code="file-too-large", hint=_HINT)
    if max(map(len, bare.split()), default=0) > _LONGEST_WORD:
        message = f"The file holds more than {_LONGEST_WORD} characters without a space; no lock does."
        raise place.error(message, code="file-too-large", hint=_HINT)


def _check_signs(text: str, most: Mapping[str, int], place: Place) -> None:
    for sign, number in most.items():
        found = text.count(sign)
        if found > number:
            message = f"The file holds {found} times {sign!r}; mlenv reads up to {number}."
            raise place.error(message, code="file-too-large", hint=_HINT)
