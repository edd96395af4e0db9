"""PEP 508 texts as ``packaging`` reads them, with one kind of error: files of others hold anything."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

__all__ = ["parse_marker", "parse_requirement", "parse_specifiers"]

_LONGEST = 4000
"""Characters. Beyond it are attacks only; Python refuses numbers of more than 4,300 digits with an error of its own."""

_KEPT = 8192
"""Texts whose value is kept: a manifest and its lock say the same things several times."""


@lru_cache(maxsize=_KEPT)
def parse_requirement(text: str) -> Requirement:
    """Parse a requirement. The same text gives the same value: it is for reading only.

    Raises:
        InvalidRequirement: also for what is nested too deep or too long to be one, and where its address is none.
    """
    if len(text) > _LONGEST:
        raise InvalidRequirement(f"It is longer than {_LONGEST} characters")
    try:
        requirement = Requirement(text)
        urlsplit(requirement.url or "")
    except RecursionError:
        raise InvalidRequirement("It is nested too deep") from None
    except InvalidRequirement:
        raise
    except ValueError as problem:
        raise InvalidRequirement(str(problem)) from None
    return requirement


@lru_cache(maxsize=_KEPT)
def parse_marker(text: str) -> Marker:
    """Parse an environment marker. The same text gives the same value: it is for reading only.

    Raises:
        InvalidMarker: also for what is nested too deep or too long to be one.
    """
    if len(text) > _LONGEST:
        raise InvalidMarker(f"It is longer than {_LONGEST} characters")
    try:
        return Marker(text)
    except RecursionError:
        raise InvalidMarker("It is nested too deep") from None


def parse_specifiers(text: str) -> SpecifierSet:
    """Parse a comma list of PEP 440 specifiers.

    Raises:
        InvalidSpecifier: also for what is too long to be one.
    """
    if len(text) > _LONGEST:
        raise InvalidSpecifier(f"It is longer than {_LONGEST} characters")
    return SpecifierSet(text)
