"""Change what an ``environment.yml`` declares, row by row: comments, order, quotes and every other key stay.

Only lists that are written as one row a line are edited; ``dependencies: [a, b]`` is refused. Whoever calls this parses
the result again and compares, so that a row that was misread is never written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

from mlenv.errors import MlenvError
from mlenv.manifest_edit.rows import not_declared, same_newlines
from mlenv.model import value

__all__ = ["add_specs", "new_environment", "remove_specs"]

_KEY = re.compile(r"dependencies:\s*(?P<flow>[^\s#].*?)?\s*(?:#.*)?\n?")
_ROW = re.compile(r"(?P<indent>[ ]*)-(?P<gap>[ ]+)(?P<text>\S.*?)\s*\n?")
_NAME = re.compile(r"[\"']?(?:[^\"'\s]*::)?\s*([A-Za-z0-9_.-]+)")
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.,<>=!~|*+@/ -]*(?<! )")
_COMMENT = re.compile(r"\s+#.*$")
_PIP = re.compile(r"pip:\s*(?:#.*)?$")


@value
class _Rows:
    """Where the rows of one list stand."""

    indent: str
    gap: str
    lines: tuple[int, ...]
    """Of each row that is a text."""
    end: int
    """The line before which a new row goes."""


def new_environment(name: str, channels: Sequence[str], specs: Sequence[str], pip: Sequence[str] = ()) -> str:
    """Return the text of a new ``environment.yml``."""
    lines = [f"name: {_scalar(name)}"]
    if channels:
        lines += ["channels:", *(f"  - {_scalar(channel)}" for channel in channels)]
    lines += ["dependencies:", *(f"  - {_scalar(spec)}" for spec in specs)]
    if pip:
        lines += ["  - pip:", *(f"      - {_scalar(row)}" for row in pip)]
    return "\n".join(lines) + "\n"


def add_specs(text: str, specs: Sequence[str], where: str, *, pip: bool = False) -> str:
    """Declare packages: a row of the same name is changed in its place, unless the new one only names it.

    Args:
        text: the file's text.
        specs: match specifications, or requirements where ``pip`` holds.
        where: its name for errors.
        pip: whether the rows belong to the ``pip:`` part.

    Raises:
        MlenvError: ``manifest-style`` where the list is not one row a line.
    """
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for spec in specs:
        _add(lines, spec, where, pip=pip)
    return same_newlines("".join(lines), text)


def remove_specs(text: str, names: Iterable[str], where: str) -> str:
    """Take the rows of these names out, those of the ``pip:`` part, too.

    Raises:
        MlenvError: ``not-declared``; ``manifest-style``.
    """
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    for name in names:
        found = []
        for find in (_conda_rows, _pip_rows):
            rows = find(lines, where)
            found += [at for at in rows.lines if _name(lines[at]) == _folded(name)] if rows else []
        if not found:
            raise not_declared(name, where)
        for at in sorted(found, reverse=True):
            del lines[at]
        _drop_empty_pip(lines, where)
    return same_newlines("".join(lines), text)


def _add(lines: list[str], spec: str, where: str, *, pip: bool) -> None:
    find: Callable[[list[str], str], _Rows | None] = _pip_rows if pip else _conda_rows
    rows = find(lines, where)
    if rows is None:
        base = _conda_rows(lines, where)
        lines.insert(base.end, f"{base.indent}- pip:\n")
        rows = find(lines, where)
        assert rows is not None  # noqa: S101 - the line above made it
    name = _folded(_bare(spec))
    for at in rows.lines:
        if _name(lines[at]) == name:
            if _bare(spec) != spec.strip():
                row = _ROW.fullmatch(lines[at])
                comment = _COMMENT.search(row["text"]) if row else None
                behind = comment.group() if comment else ""
                lines[at] = f"{rows.indent}-{rows.gap}{_scalar(spec)}{behind}\n"
            return
    lines.insert(_place(lines, rows, name), f"{rows.indent}-{rows.gap}{_scalar(spec)}\n")


def _place(lines: list[str], rows: _Rows, name: str) -> int:
    """Return where a new row goes: by name among sorted rows, else behind the last one."""
    names = [_name(lines[at]) for at in rows.lines]
    if len(names) > 1 and names == sorted(names):
        behind = [at for at, other in zip(rows.lines, names, strict=True) if other > name]
        return behind[0] if behind else rows.lines[-1] + 1
    return rows.lines[-1] + 1 if rows.lines else rows.end


def _conda_rows(lines: list[str], where: str) -> _Rows:
    at = next((number for number, line in enumerate(lines) if line.startswith("dependencies:")), None)
    if at is None:
        lines.append("dependencies:\n")
        return _Rows(indent="  ", gap=" ", lines=(), end=len(lines))
    key = _KEY.fullmatch(lines[at])
    if key is None or key["flow"] not in (None, "[]", "null", "~"):
        raise MlenvError(
            "manifest-style",
            "the dependencies are not written one row a line, so mlenv does not edit them",
            where=f"{where}: line {at + 1}",
            hint="write each package on a line of its own: '  - numpy'",
        )
    if key["flow"]:
        lines[at] = "dependencies:\n"
    return _listed(lines, at + 1, -1)


def _pip_rows(lines: list[str], where: str) -> _Rows | None:
    outer = _conda_rows(lines, where)
    for number in range(outer.end - 1, -1, -1):
        row = _ROW.fullmatch(lines[number])
        if row and row["indent"] == outer.indent and _PIP.fullmatch(row["text"]):
            inner = _listed(lines, number + 1, len(outer.indent))
            return inner if inner.lines else _Rows(indent=f"{outer.indent}    ", gap=" ", lines=(), end=number + 1)
        if lines[number].startswith("dependencies:"):
            break
    return None


def _listed(lines: list[str], start: int, outside: int) -> _Rows:
    """Return the rows of the list that begins at a line; ``outside`` is the indent of what holds it."""
    first: re.Match[str] | None = None
    found: list[int] = []
    end = start
    for number in range(start, len(lines)):
        line = lines[number]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        row = _ROW.fullmatch(line)
        if first is None and row and len(row["indent"]) > outside:
            first = row
        indent = len(line) - len(line.lstrip(" "))
        if first is None or indent < len(first["indent"]) or (indent == len(first["indent"]) and row is None):
            break
        end = number + 1
        if row and row["indent"] == first["indent"] and not _PIP.fullmatch(row["text"]):
            found.append(number)
    indent_text = first["indent"] if first else "  "
    return _Rows(indent=indent_text, gap=first["gap"] if first else " ", lines=tuple(found), end=end)


def _drop_empty_pip(lines: list[str], where: str) -> None:
    rows = _pip_rows(lines, where)
    if rows is not None and not rows.lines:
        del lines[rows.end - 1]


def _name(line: str) -> str:
    row = _ROW.fullmatch(line)
    return _folded(_bare(row["text"])) if row else ""


def _bare(spec: str) -> str:
    found = _NAME.match(spec.strip())
    return found[1] if found else spec.strip()


def _folded(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) or re.fullmatch(r"[a-z]+:/[^\s#]*", text) else json.dumps(text)
