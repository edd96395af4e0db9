"""Versions as conda orders and matches them, without conda.

Standard library only, Python 3.9+: this file also runs inside project kernels.

Source: conda's documentation, "Package match specifications", and ``conda/models/version.py`` (the rules, in its
docstrings); tested against py-rattler's.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import List, Optional, Tuple, Union

__all__ = ["matches", "version_key"]

_Part = List[Union[int, str]]
_VALID = re.compile(r"[0-9a-z_.!+*-]+")
_RUNS = re.compile(r"\d+|[^\d]+")
_CLAUSE = re.compile(r"(==|!=|<=|>=|~=|=|<|>)?\s*([^\s=<>!~,|][^\s=<>~,|]*)")
_ENDLESS = "~"
"""Stands for ``post``, which comes after every number; no version has a tilde."""


class _Ordered:
    """One piece of a version: ``dev`` < ``_`` < words < numbers < ``post``."""

    __slots__ = ("key",)

    def __init__(self, piece: Union[int, str]) -> None:
        if isinstance(piece, int):
            self.key: Tuple[int, int, str] = (3, piece, "")
        elif piece == _ENDLESS:
            self.key = (4, 0, "")
        else:
            self.key = ({"*": 0, "_": 1}.get(piece, 2), 0, piece)


def version_key(version: str) -> Optional[Tuple[List[_Part], List[_Part]]]:
    """Return a version as its parts and those of its local version; ``None`` where conda would refuse it."""
    text = version.strip().lower()
    if not text or not _VALID.fullmatch(text):
        return None
    epoch, mark, rest = text.rpartition("!")
    if mark and not epoch.isdecimal():
        return None
    main, _, local = rest.partition("+")
    if "-" in main:
        main = main.replace("-", "_") if "_" not in main else ""
    if not main:
        return None
    return [[int(epoch or 0)], *_parts(main)], _parts(local) if local else []


def _parts(text: str) -> List[_Part]:
    # An underscore at the end is part of what stands before it: openssl's 1.0.1_ comes before 1.0.1.
    end = "_" if text.endswith("_") else ""
    pieces = re.split(r"[._]", text[: len(text) - len(end)])
    pieces[-1] += end
    return [_runs(piece) for piece in pieces]


def _runs(piece: str) -> _Part:
    found: _Part = []
    for run in _RUNS.findall(piece):
        word = {"post": _ENDLESS, "dev": "*"}.get(run, run)
        found.append(int(run) if run.isdecimal() and len(run) < 4000 else word)
    return [0, *found] if not found or isinstance(found[0], str) else found


def _compare(first: List[_Part], second: List[_Part]) -> int:
    for one, other in zip_longest(first, second, fillvalue=[0]):
        for left, right in zip_longest(one, other, fillvalue=0):
            a, b = _Ordered(left).key, _Ordered(right).key
            if a != b:
                return -1 if a < b else 1
    return 0


def _order(first: str, second: str) -> Optional[int]:
    one, other = version_key(first), version_key(second)
    if one is None or other is None:
        return None
    return _compare(one[0], other[0]) or _compare(one[1], other[1])


def _starts(version: str, prefix: str) -> Optional[bool]:
    """Return whether a version begins with the parts of another (``1.26.4`` with ``1.26``)."""
    one, other = version_key(version), version_key(prefix)
    if one is None or other is None:
        return None
    if other[1]:
        return _compare(one[0], other[0]) == 0 and _begins(one[1], other[1])
    return _begins(one[0], other[0])


def _begins(parts: List[_Part], wanted: List[_Part]) -> bool:
    count = len(wanted) - 1
    padded = parts + [[0]] * max(0, len(wanted) - len(parts))
    if _compare(padded[:count], wanted[:count]) != 0:
        return False
    last, asked = padded[count], wanted[count]
    return last[: len(asked)] == asked


def matches(version: str, specification: str) -> Optional[bool]:
    """Return whether a version is one that a specification (``>=1.26,<2|=3.1``) asks for.

    ``None`` where it cannot be told: a regular expression, parentheses, what is no version. Touches nothing.
    """
    if any(sign in specification for sign in "()^$"):
        return None
    answers = [_all_of(version, group) for group in specification.split("|")]
    if True in answers:
        return True
    return None if None in answers else False


def _all_of(version: str, group: str) -> Optional[bool]:
    found: Optional[bool] = True
    for clause in group.split(","):
        text = clause.strip()
        answer = True if text in {"", "*"} else _clause(version, text)
        if answer is False:
            return False
        found = found if answer else None
    return found


def _clause(version: str, text: str) -> Optional[bool]:
    match = _CLAUSE.fullmatch(text)
    if match is None:
        return None
    sign, wanted = match[1] or "", match[2]
    open_end = wanted.endswith("*")
    wanted = wanted.rstrip("*").rstrip(".") if open_end else wanted
    if "*" in wanted:
        return None
    if sign == "~=":
        at_least, begins = _order(version, wanted), _starts(version, wanted.rpartition(".")[0])
        return None if at_least is None or begins is None else at_least >= 0 and begins
    if sign == "=" or (open_end and sign in {"", "==", "!="}):
        begins = _starts(version, wanted)
        return begins if begins is None or sign != "!=" else not begins
    order = _order(version, wanted)
    if order is None:
        return None
    return {
        "": order == 0, "==": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0,
        ">=": order >= 0,
    }[sign]  # fmt: skip
