"""Change what a ``requirements.in`` or a loose ``requirements.txt`` declares, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.requirements import Requirement

from mlenv.manifest_edit.rows import (
    matching_rows,
    merged_row,
    not_declared,
    parse_maybe,
    parse_row,
    row_place,
    row_text,
    same_name,
    same_newlines,
)

__all__ = ["add_requirements", "remove_requirements"]

_COMMENT = re.compile(r"\s#.*$|^#.*$")


def add_requirements(text: str, requirements: Sequence[str]) -> str:
    """Declare requirements in a ``requirements.in`` or a loose ``requirements.txt``.

    Merges as :func:`add_dependencies` does; comments, options, blank lines and line ends stay.

    Raises:
        MlenvError: ``requirement-invalid``.
    """
    lines = _logical_lines(text.replace("\r\n", "\n"))
    for requirement in [parse_row(row) for row in requirements]:
        _add_to_lines(lines, requirement)
    return same_newlines("".join(lines), text)


def remove_requirements(text: str, names: Iterable[str]) -> str:
    """Remove every row of these names from a requirements file; raises ``not-declared`` as the other one."""
    lines = _logical_lines(text.replace("\r\n", "\n"))
    for name in names:
        kept = [line for line in lines if not ((row := _line_row(line)) and same_name(row.name, name))]
        if len(kept) == len(lines):
            raise not_declared(name, "the requirements file")
        lines = kept
    return same_newlines("".join(lines), text)


def _logical_lines(text: str) -> list[str]:
    r"""Split into lines, each with what a closing ``\`` joins to it."""
    lines: list[str] = []
    joins = False
    for line in text.splitlines(keepends=True):
        if joins:
            lines[-1] += line
        else:
            lines.append(line)
        joins = line.rstrip("\n").endswith("\\")
    return lines


def _line_row(line: str) -> Requirement | None:
    """Return the requirement of one logical line; ``None`` for comments, options and what is not one."""
    code = _COMMENT.sub("", line.rstrip("\n")).replace("\\\n", " ")
    return parse_maybe(re.split(r"\s--", code, maxsplit=1)[0].strip())


def _add_to_lines(lines: list[str], new: Requirement) -> None:
    rows = [_line_row(line) for line in lines]
    matching = matching_rows(rows, new)
    for at in matching:
        old = rows[at]
        assert old is not None  # noqa: S101 - _matching returns only rows that are requirements
        lines[at] = _changed_line(lines[at], old, new)
    if matching:
        return
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    lines.insert(row_place(rows, new), row_text(new) + "\n")


def _changed_line(line: str, old: Requirement, new: Requirement) -> str:
    """Write the merged row and keep the comment behind it; hashes of the old version go."""
    comment = _COMMENT.search(line.rstrip("\n"))
    code = _COMMENT.sub("", line.rstrip("\n")).strip()
    merged = merged_row(old, code, new)
    if merged == code:
        return line
    return merged + (" " + comment.group() if comment else "") + ("\n" if line.endswith("\n") else "")
