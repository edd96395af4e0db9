"""Poetry's own ways to write a range of versions, as PEP 440 writes them.

Source: Poetry's documentation, "Dependency specification".
"""

from __future__ import annotations

import re
from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

__all__ = ["poetry_specifier", "python_marker"]

_SPLIT = re.compile(r" ?, ?|(?<=[\w*]) (?=[<>=!~^])")
_LONGEST, _LONGEST_OF_PYTHONS = 4000, 500
"""Characters; beyond them nobody can read a range."""


@lru_cache(maxsize=1024)
def poetry_specifier(text: str) -> SpecifierSet | None:
    """Return the range that ``^1.2``, ``~1.2``, ``1.2.*``, ``1.2`` or ``>=1,<2`` means.

    ``None`` where PEP 440 cannot say it (``1.2 || 2.0``) or nobody can read it.
    """
    if "|" in text or len(text) > _LONGEST:
        return None
    try:
        clauses = [_clause(part) for part in _SPLIT.split(" ".join(text.split())) if part]
        return SpecifierSet(",".join(clause for clause in clauses if clause))
    except (InvalidSpecifier, InvalidVersion):
        return None


def _clause(text: str) -> str:
    if text == "*":
        return ""
    if text.startswith("^"):
        low = text[1:].strip()
        return f">={low},<{_caret(Version(low).release)}"
    if text.startswith("~") and not text.startswith("~="):
        low = text[1:].strip()
        return f">={low},<{_tilde(Version(low).release)}"
    plain = re.sub(r"\s+", "", text)
    return plain if plain[0] in "<>=!~" else f"=={plain}"


def _caret(release: tuple[int, ...]) -> str:
    """The left-most number that is not zero may not change."""
    index = next((place for place, number in enumerate(release) if number), len(release) - 1)
    return ".".join(map(str, (*release[:index], release[index] + 1)))


def _tilde(release: tuple[int, ...]) -> str:
    """The second number may not change, or the first where there is only one."""
    index = min(1, len(release) - 1)
    return ".".join(map(str, (*release[:index], release[index] + 1)))


def python_marker(text: str) -> str | None:
    """Return the PEP 508 marker of a range of Pythons (``<3.10``, ``>=3.8,<3.11``, ``3.9 || 3.11``).

    ``None`` where it cannot be read; empty where every Python is in it.
    """
    if len(text) > _LONGEST_OF_PYTHONS:
        return None
    ways = [poetry_specifier(part) for part in re.split(r"\|\|?", text)]
    if any(way is None for way in ways):
        return None
    rows = [" and ".join(_python_clause(clause.operator, clause.version) for clause in way) for way in ways if way]
    if len(rows) < len(ways):
        return ""
    return rows[0] if len(rows) == 1 else " or ".join(f"({row})" for row in rows)


def _python_clause(operator: str, version: str) -> str:
    # python_version holds two numbers: what names three must be compared in full.
    name = "python_version" if version.rstrip(".*").count(".") <= 1 else "python_full_version"
    return f'{name} {operator} "{version}"'
