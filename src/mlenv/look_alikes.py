"""Names of packages that are not what they seem: one slip of the keyboard from a well-known name, or a module's name.

Attackers register such names. The well-known names are those of :mod:`mlenv.import_names` and
:mod:`mlenv.well_known`; no network is asked.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from mlenv.import_names import DISTRIBUTIONS, SAME_NAME
from mlenv.versions import normalise
from mlenv.well_known import MOST_USED, NEARLY_ALIKE

__all__ = ["is_well_known", "look_alike", "meant_by"]

_SHORTEST = 4
"""Letters of a name that can be told from another one by a slip."""
_BOTH = frozenset({"bs4", "feather", "haystack", "kafka", "mysql", "pkg-resources", "psycopg2", "snowflake", "tables"})
"""Modules after which their own package, or an older one of the same project, is called, too."""


def is_well_known(name: str) -> bool:
    """Say whether a distribution of this name is in the kept lists."""
    return normalise(name) in _well_known() or normalise(name) in NEARLY_ALIKE


def look_alike(name: str) -> str | None:
    """Return the well-known distribution that a name is one slip of the keyboard away from, or ``None``.

    One letter more, less, other or swapped with its neighbour (``reqeusts`` -> requests), for names of four letters and
    more; a known name is never a look-alike. Cost: a look-up per letter.
    """
    asked = normalise(name)
    if is_well_known(asked) or len(asked) < _SHORTEST:
        return None
    found = {item for key in (asked, *_shorter(asked)) for item in _slips().get(key, ()) if _one_slip(asked, item)}
    return _well_known()[min(found)] if found else None


def meant_by(name: str) -> str | None:
    """Return what a person most likely means by a distribution's name that is not what it seems, or ``None``.

    ``reqeusts`` -> requests; ``sklearn``, the name of a module, -> scikit-learn.
    """
    asked = normalise(name)
    if is_well_known(asked) or asked in _BOTH:
        return None
    return _by_module().get(asked) or look_alike(asked)


@functools.cache
def _well_known() -> Mapping[str, str]:
    own = (*(name.replace("_", "-") for name in SAME_NAME), *DISTRIBUTIONS.values())
    return {normalise(item): item for item in (*MOST_USED, *own)}


@functools.cache
def _by_module() -> Mapping[str, str]:
    return {normalise(module): name for module, name in DISTRIBUTIONS.items() if "." not in module}


@functools.cache
def _slips() -> Mapping[str, list[str]]:
    """Return every well-known name under itself and under itself with one letter left out."""
    found: dict[str, list[str]] = {}
    for name in _well_known():
        for key in (name, *_shorter(name)) if len(name) >= _SHORTEST else ():
            found.setdefault(key, []).append(name)
    return found


def _shorter(name: str) -> Iterator[str]:
    yield from (name[:at] + name[at + 1 :] for at in range(len(name)))


def _one_slip(one: str, other: str) -> bool:
    """Say whether two different words are one insertion, deletion, substitution or swap apart."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, rest_other = one[start:], other[start:]
    if len(one) != len(other):
        longer, shorter = sorted((rest, rest_other), key=len, reverse=True)
        return longer[1:] == shorter
    swapped = rest[:2] == rest_other[1::-1] and rest[2:] == rest_other[2:]
    return swapped or rest[1:] == rest_other[1:]
