"""Write a PEP 723 block into a notebook's text: one cell changes, every other byte stays as it was.

Source: PEP 723; juv 0.5, which reads the block in any code cell. Pure: text in, text out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from mlenv.errors import MlenvError
from mlenv.notebooks.inline import Block, parse_inline

__all__ = ["script_block", "with_block"]

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_ID = "script-block"


def script_block(requires_python: str, dependencies: Sequence[str]) -> str:
    """Return the block as uv writes it, without a line end."""
    rows = [f"    {json.dumps(text, ensure_ascii=False)}," for text in dependencies]
    listed = ["dependencies = [", *rows, "]"] if rows else ["dependencies = []"]
    python = [f"requires-python = {json.dumps(requires_python)}"] if requires_python else []
    return "\n".join(["# /// script", *(f"# {line}" for line in (*python, *listed)), "# ///"])


def with_block(text: str, block: str, where: str) -> tuple[str, int]:
    """Put a block into a notebook, in the place of the one that it has, else at the top of its first code cell.

    Where that cell begins with a cell magic, which has to stay first, or where there is no code cell, a cell of its
    own is put before it.

    Args:
        text: the notebook's text, as it lies on disk.
        block: as :func:`script_block` returns it.
        where: its name, for messages.

    Returns:
        The new text, and the number of the code cell that has the block, from 1.

    Raises:
        MlenvError: ``notebook-unreadable``; ``notebook-format`` for a notebook of format 3; ``manifest-unreadable``
            where it has several blocks.
    """
    blocks = parse_inline(text, where).blocks
    if len(blocks) > 1:
        cells = " and ".join(str(one.cell) for one in blocks)
        message = f"There are {len(blocks)} script blocks (cells {cells}); PEP 723 allows one."
        raise MlenvError("manifest-unreadable", message, where=where, hint="delete all but one")
    array = _member(text, _SPACE.match(text).end(), "cells")  # type: ignore[union-attr]  # it matches everywhere
    if array is None:
        message = f"{where} is of notebook format 3"
        raise MlenvError("notebook-format", message, where=where, hint="open it in Jupyter and save it, then try again")
    items = list(_items(text, array))
    code = [span for span in items if json.loads(text[slice(*span)])["cell_type"] == "code"]
    if blocks:
        return _replaced(text, code[blocks[0].cell - 1], blocks[0], block), blocks[0].cell
    first = code[0] if code else None
    source = _source_of(text, first) if first else ""
    if first is None or source.lstrip().startswith("%%"):
        return _new_cell(text, array, first or (items[0] if items else None), block), 1
    return _resourced(text, first, f"{block}\n\n{source}" if source.strip() else block), 1


def _source_of(text: str, cell: tuple[int, int]) -> str:
    source = json.loads(text[slice(*cell)]).get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _replaced(text: str, cell: tuple[int, int], old: Block, block: str) -> str:
    lines = _source_of(text, cell).split("\n")
    start = old.line - 2  # of "# /// script"; old.line counts from 1, and is that of the first line of TOML
    end = start + 2 + old.toml.count("\n")
    return _resourced(text, cell, "\n".join([*lines[:start], *block.split("\n"), *lines[end:]]))


# --- the text of JSON ---


def _resourced(text: str, cell: tuple[int, int], source: str) -> str:
    """Give a cell another source; lines that stay are not written anew."""
    span = _member(text, cell[0], "source")
    if span is None:
        raise MlenvError("notebook-unreadable", "A code cell has no source.", where="cells")
    if text[span[0]] != "[":
        raw = text[slice(*span)]
        return text[: span[0]] + json.dumps(source, ensure_ascii=raw.isascii() and "\\u" in raw) + text[span[1] :]
    items = list(_items(text, span))
    if source == _source_of(text, cell):
        return text
    old = json.loads(text[slice(*span)])
    new = _lines(source, old)
    if not items:
        return text[: span[0]] + json.dumps(new, ensure_ascii=False) + text[span[1] :]
    space = text[span[0] + 1 : items[0][0]]
    gap = text[items[0][1] : items[1][0]] if len(items) > 1 else f",{space}"
    before = _common(old, new)
    after = _common(old[before:][::-1], new[before:][::-1])
    middle = gap.join(json.dumps(line, ensure_ascii=False) for line in new[before : len(new) - after])
    start, end = before, len(old) - after
    if start == end == len(old):
        return text[: items[-1][1]] + gap + middle + text[items[-1][1] :]
    if start == end:
        return text[: items[start][0]] + middle + gap + text[items[start][0] :]
    return text[: items[start][0]] + middle + text[items[end - 1][1] :]


def _lines(source: str, like: Sequence[str] = ()) -> list[str]:
    """Return the lines of a source with their ends: as nbformat splits them, which knows more line ends than editors,
    or where other lines of it are given, as these are.
    """
    if like and "".join(like).splitlines(keepends=True) != list(like):
        return [line for line in re.split(r"(?<=\n)", source) if line]
    return source.splitlines(keepends=True)


def _common(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return how many first items are the same."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _new_cell(text: str, array: tuple[int, int], before: tuple[int, int] | None, block: str) -> str:
    """Put a code cell with the block before another one, laid out as that is."""
    content = json.loads(text)
    cells = content["cells"]
    taken = {cell.get("id") for cell in cells}
    cell_id = next(name for name in (_ID, *(f"{_ID}-{at}" for at in range(len(cells) + 1))) if name not in taken)
    with_id = (content.get("nbformat"), content.get("nbformat_minor", 0)) >= (4, 5)
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        **({"id": cell_id} if with_id else {}),
        "metadata": {},
        "outputs": [],
        "source": _lines(block),
    }
    if before is None:
        return text[: array[0]] + json.dumps([cell], ensure_ascii=False, indent=1) + text[array[1] :]
    space = re.search(r"[ \t\r\n]*$", text[: before[0]])[0]  # type: ignore[index]  # it matches everywhere
    indent = space.rpartition("\n")[2]
    if "\n" not in space:
        return f"{text[: before[0]]}{json.dumps(cell, ensure_ascii=False)}, {text[before[0] :]}"
    laid = json.dumps(cell, ensure_ascii=False, indent=indent[: len(indent) // 2] or " ")
    laid = laid.replace("\n", f"\r\n{indent}" if "\r\n" in space else f"\n{indent}")
    return f"{text[: before[0]]}{laid},{space}{text[before[0] :]}"


def _member(text: str, at: int, name: str) -> tuple[int, int] | None:
    """Return where the value of a key stands in the object that begins there; the last one, as JSON readers take it."""
    found = None
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, end = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, start)
        found = (start, end) if key == name else found
        at = _after(text, end)
    return found


def _items(text: str, array: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield where each item of an array stands."""
    at = _skip(text, array[0] + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        yield at, end
        at = _after(text, end)


def _after(text: str, end: int) -> int:
    """Return where the next item begins, or the closing bracket stands."""
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
