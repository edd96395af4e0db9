"""Markers of locks that may name several extras at once: ``extra == "plot"`` holds where plot is among those chosen."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from packaging.markers import InvalidMarker, Marker

from mlenv.locks.place import Place
from mlenv.locks.target import Target, holds

__all__ = ["holds_with_extras", "marker_of_extras"]

_EXTRA = re.compile(r"""\bextra\s*(==|!=)\s*('[^']*'|"[^"]*")""")


def holds_with_extras(text: str, target: Target, extras: Collection[str], place: Place) -> bool:
    """Say whether a marker of a lock holds for an interpreter and a set of chosen extras; an empty one always does.

    Raises:
        MlenvError: ``place.code`` where the text is no marker, ``marker-unreadable`` where it cannot be decided.
    """
    if not text:
        return True
    marker = marker_of_extras(text, place)
    environment: dict[str, Any] = {**target.environment, "extras": frozenset(extras), "dependency_groups": frozenset()}
    return holds(marker, environment, f"{place.file}: {place.path}", "lock_file")


def marker_of_extras(text: str, place: Place) -> Marker:
    """Read a marker whose ``extra == 'x'`` asks for one of a set of extras.

    Raises:
        MlenvError: ``place.code`` where it is none.
    """
    try:
        return _marker(text)
    except InvalidMarker:
        raise place.error(f"{text!r} is not a marker.") from None


@lru_cache(maxsize=1024)
def _marker(text: str) -> Marker:
    # The variable ``extras`` of PEP 751 is a set; ``extra`` of PEP 508 is one value.
    return Marker(_EXTRA.sub(lambda match: f"{match[2]} {'in' if match[1] == '==' else 'not in'} extras", text))
