"""What a hash of a file looks like."""

from __future__ import annotations

import re

__all__ = ["STRONG", "is_hash"]

STRONG = frozenset({"sha256", "sha384", "sha512"})
"""What pip takes in a requirements file."""
_HEX = re.compile(r"[0-9A-Fa-f]+")


def is_hash(text: str) -> bool:
    """Say whether a text can be the digest of a file as locks write it; one that was cut fails when it is compared."""
    return _HEX.fullmatch(text) is not None
