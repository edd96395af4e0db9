"""One declared row: read it, merge a new requirement into it, find its place."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from mlenv.errors import MlenvError
from mlenv.requirement_text import parse_requirement

__all__ = [
    "matching_rows",
    "merged_row",
    "not_declared",
    "parse_maybe",
    "parse_row",
    "row_place",
    "row_text",
    "same_name",
    "same_newlines",
]


def parse_row(text: str) -> Requirement:
    try:
        return parse_requirement(text)
    except InvalidRequirement as error:
        raise MlenvError(
            "requirement-invalid",
            f"{text!r} is not a requirement: {str(error).splitlines()[0]}",
            hint='write it like "numpy<2" or "rich[jupyter]>=13"',
        ) from error


def parse_maybe(text: str) -> Requirement | None:
    try:
        return parse_requirement(text)
    except InvalidRequirement:
        return None


def same_name(one: str, other: str) -> bool:
    return canonicalize_name(one) == canonicalize_name(other)


def merged_row(old: Requirement, old_text: str, new: Requirement) -> str:
    """Return the row that says what ``old`` and then ``new`` ask (the rules of ``uv add``)."""
    marker = new.marker or old.marker
    extras = old.extras | new.extras
    pinned = new if (new.url or new.specifier) else old
    if extras == old.extras and marker == old.marker and pinned is old:
        return old_text
    name = old.name + (f"[{','.join(sorted(extras))}]" if extras else "")
    if pinned.url:
        return f"{name} @ {pinned.url}" + (f" ; {marker}" if marker else "")
    specifier = _specifier_text(pinned)
    return f"{name}{specifier}" + (f"; {marker}" if marker else "")


def _specifier_text(requirement: Requirement) -> str:
    """Write a specifier with its lower bound first, as people do (``>=2,<3``)."""
    order = {">": 0, ">=": 0, "~=": 0, "==": 1, "===": 1, "<": 2, "<=": 2, "!=": 3}
    parts = sorted(requirement.specifier, key=lambda part: (order.get(part.operator, 4), str(part)))
    return ",".join(str(part) for part in parts)


def matching_rows(rows: Sequence[Requirement | None], new: Requirement) -> list[int]:
    """Return which rows a new requirement changes: all of its name; one with a marker, only those of that marker."""
    same = [(at, row) for at, row in enumerate(rows) if row and same_name(row.name, new.name)]
    return [at for at, row in same if new.marker is None or row.marker == new.marker]


def row_place(rows: Sequence[Requirement | None], new: Requirement) -> int:
    """Return where a new row goes: by name among sorted rows, else at the end."""
    names = [canonicalize_name(row.name) for row in rows if row]
    if len(names) < len(rows) or len(names) < 2 or names != sorted(names):
        return len(rows)
    return sum(name <= canonicalize_name(new.name) for name in names)


def not_declared(name: str, where: str) -> MlenvError:
    return MlenvError(
        "not-declared",
        f"{name} is not declared in {where}",
        where=where,
        hint="mlenv list shows what is declared, and what only other packages need",
    )


def row_text(new: Requirement) -> str:
    bare = Requirement(new.name)
    return merged_row(bare, new.name, new)


def same_newlines(new: str, original: str) -> str:
    return new.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in original else new
