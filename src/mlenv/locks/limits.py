"""How much a file of a project may hold: far above all that is real, low enough that none can hold a check up.

Measured on the largest locks at hand (655 packages with all their wheels: 1.6 MB); at these limits every reader answers
within 1 s and 200 MB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlenv.errors import MlenvError

if TYPE_CHECKING:
    from mlenv.locks.place import Place

__all__ = [
    "LARGEST_BYTES",
    "LONGEST_LINE",
    "MOST_ENTRIES",
    "MOST_FILES",
    "MOST_PACKAGES",
    "check_packages",
    "check_size",
    "check_toml",
]

LARGEST_BYTES = 10 << 20
MOST_PACKAGES = 10_000
MOST_ENTRIES = 64
"""Entries of one name in ``uv.lock``: it has one for each fork."""
MOST_FILES = 100
"""Requirements files that include each other."""
LONGEST_LINE = 1 << 20
"""Characters of one line of a requirements file, what it goes on with in the next ones included."""

_HINT = "Is this the right file? Take it back from version control."
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
    if size_bytes > LARGEST_BYTES:
        message = f"The file has {size_bytes >> 20} MiB; mlenv reads up to {LARGEST_BYTES >> 20} MiB."
        raise MlenvError("file-too-large", message, where=where, hint=_HINT)


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
