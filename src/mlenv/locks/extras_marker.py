"""Markers of locks that may name several extras at once: ``extra == "plot"`` holds where plot is among those chosen."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from packaging.markers import InvalidMarker, Marker

from mlenv.locks.limits import MOST_TEXT
from mlenv.locks.place import Place
from mlenv.locks.target import Target, holds
from mlenv.requirement_text import parse_marker

__all__ = ["Judge", "marker_of_extras"]

_EXTRA = re.compile(r"""\bextra\s*(==|!=)\s*('[^']*'|"[^"]*")""")
_LONGEST = 4000
"""Characters of one marker; beyond it are attacks only."""


class Judge:
    """Decides the markers of one lock for one interpreter, each text once: thousands of edges share a few.

    Args:
        target: the interpreter.
        place: the file, for the error where it holds more markers than any lock does.
    """

    def __init__(self, target: Target, place: Place) -> None:
        self._environment: dict[str, Any] = {**target.environment, "dependency_groups": frozenset()}
        self._place = place
        self._known: dict[tuple[str, Collection[str]], bool] = {}
        self._left = MOST_TEXT

    def holds(self, text: str, extras: frozenset[str], at: Place) -> bool:
        """Say whether a marker holds where these extras are chosen; an empty one always does.

        Raises:
            MlenvError: ``at.code`` where the text is no marker, ``marker-unreadable`` where it cannot be decided,
                ``file-too-large``.
        """
        if not text:
            return True
        asked = (text, extras)
        if asked not in self._known:
            self._left -= len(text)
            if self._left < 0:
                message = f"The file holds more than {MOST_TEXT} characters of markers; no lock does."
                raise self._place.error(message, code="file-too-large", hint="Is this the right file?")
            marker = marker_of_extras(text, at)
            environment = {**self._environment, "extras": extras}
            self._known[asked] = holds(marker, environment, f"{at.file}: {at.path}", "lock_file")
        return self._known[asked]


def marker_of_extras(text: str, place: Place) -> Marker:
    """Read a marker whose ``extra == 'x'`` asks for one of a set of extras: there may be several at once.

    Raises:
        MlenvError: ``place.code`` where it is none.
    """
    try:
        return _marker(text)
    except InvalidMarker:
        raise place.error(f"{text!r} is not a marker.") from None


@lru_cache(maxsize=1024)
def _marker(text: str) -> Marker:
    if len(text) > _LONGEST:
        raise InvalidMarker
    # The variable ``extras`` of PEP 751 is a set; ``extra`` of PEP 508 is one value.
    return parse_marker(_EXTRA.sub(lambda match: f"{match[2]} {'in' if match[1] == '==' else 'not in'} extras", text))
