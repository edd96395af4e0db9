"""How much a file of a project may hold: far above all that is real, low enough that none can hold a check up.

Measured on the largest locks at hand (655 packages with all their wheels: 1.6 MB); at these limits every reader answers
within 2 s and 512 MiB.
"""

from __future__ import annotations

from mlenv.errors import MlenvError
from mlenv.locks.place import Place

__all__ = [
    "LARGEST_BYTES",
    "LONGEST_LINE",
    "MOST_ENTRIES",
    "MOST_FILES",
    "MOST_PACKAGES",
    "check_packages",
    "check_size",
]

LARGEST_BYTES = 16 << 20
MOST_PACKAGES = 10_000
MOST_ENTRIES = 64
"""Entries of one name in ``uv.lock``: it has one for each fork."""
MOST_FILES = 100
"""Requirements files that include each other."""
LONGEST_LINE = 1 << 20
"""Characters of one line of a requirements file, what it goes on with in the next ones included."""

_HINT = "Is this the right file? Take it back from version control."


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
