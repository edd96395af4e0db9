"""What a notebook says of the packages that it needs: a script block, ``metadata.uv``, install lines, juv's lock.

Sources: PEP 723 (its regular expression); juv 0.5, which looks for the block in every code cell and keeps ``uv.lock``
under that name in the notebook's metadata. Nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mlenv.model import value
from mlenv.notebooks.file import parse_notebook
from mlenv.notebooks.installs import Install, parse_installs

__all__ = ["Block", "Inline", "parse_inline"]

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


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
        MlenvError: ``notebook-unreadable``.
    """
    notebook = parse_notebook(text, where)
    uv, lock = notebook.metadata.get("uv"), notebook.metadata.get("uv.lock")
    return Inline(
        blocks=tuple(block for number, cell in enumerate(notebook.cells, start=1) for block in _blocks(cell, number)),
        uv=uv if isinstance(uv, dict) and {"dependencies", "requires-python"} & uv.keys() else None,
        lock=lock if isinstance(lock, str) and lock.strip() else None,
        installs=parse_installs(notebook.cells),
    )


def _blocks(cell: str, number: int) -> tuple[Block, ...]:
    if "# /// script" not in cell:
        return ()
    text = cell.replace("\r\n", "\n") + "\n"
    return tuple(
        Block(
            cell=number,
            line=text.count("\n", 0, match.start("content")) + 1,
            toml="".join(line[2:] if line.startswith("# ") else line[1:] for line in _lines(match["content"])),
        )
        for match in _BLOCK.finditer(text)
        if match["type"] == "script"
    )


def _lines(content: str) -> list[str]:
    return content.splitlines(keepends=True)
