"""What a notebook says of the packages that it needs: a script block, ``metadata.uv``, install lines, juv's lock.

Sources: PEP 723; juv 0.5, which looks for the block in every code cell and keeps ``uv.lock``
under that name in the notebook's metadata. Nothing is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlenv.model import value
from mlenv.notebooks.file import parse_notebook
from mlenv.notebooks.installs import Install, parse_installs

__all__ = ["Block", "Inline", "parse_inline"]

_OPENING, _CLOSING = "# /// script", "# ///"


@value
class Block:
    """One ``# /// script`` block."""

    cell: int
    """Number of the code cell, from 1."""
    line: int
    """Where its first line of TOML stands in the cell."""
    toml: str


@value
class Inline:
    """Everything that a notebook says of its packages."""

    blocks: tuple[Block, ...] = ()
    """One in a notebook that is right."""
    uv: Mapping[str, Any] | None = None
    """``metadata.uv`` as it stands; ``None`` where there is none."""
    lock: str | None = None
    """The text of the ``uv.lock`` that juv keeps in the metadata."""
    installs: tuple[Install, ...] = ()

    @property
    def declares(self) -> bool:
        """Whether it says anything."""
        return bool(self.blocks or self.installs or self.uv is not None)


def parse_inline(text: str, where: str) -> Inline:
    """Read what a notebook says of the packages that it needs.

    Raises:
        MlenvError: ``notebook-unreadable``; ``file-too-large`` for more install lines than a person writes.
    """
    notebook = parse_notebook(text, where)
    uv, lock = notebook.metadata.get("uv"), notebook.metadata.get("uv.lock")
    return Inline(
        blocks=tuple(block for number, cell in enumerate(notebook.cells, start=1) for block in _blocks(cell, number)),
        uv=uv if isinstance(uv, dict) and {"dependencies", "requires-python"} & uv.keys() else None,
        lock=lock if isinstance(lock, str) and lock.strip() else None,
        installs=parse_installs(notebook.cells, where),
    )


def _blocks(cell: str, number: int) -> Iterator[Block]:
    """Yield the script blocks of a cell: from ``# /// script`` to the last ``# ///`` before a line that is no comment.

    PEP 723's regular expression finds the same, and takes the square of its time for many openings that nobody closed.
    """
    if _OPENING not in cell:
        return
    lines = cell.replace("\r\n", "\n").split("\n")
    at = 0
    while at < len(lines):
        if lines[at] != _OPENING:
            at += 1
            continue
        end = next((row for row in range(at + 1, len(lines)) if not _is_comment(lines[row])), len(lines))
        closing = next((row for row in range(end - 1, at + 1, -1) if lines[row] == _CLOSING), None)
        if closing is not None:
            toml = "".join(f"{line[2:] if line.startswith('# ') else line[1:]}\n" for line in lines[at + 1 : closing])
            yield Block(cell=number, line=at + 2, toml=toml)
        at = end if closing is None else closing + 1


def _is_comment(line: str) -> bool:
    return line == "#" or line.startswith("# ")
