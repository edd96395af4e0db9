"""What a notebook declares of its own, as a manifest: its script block, ``metadata.uv`` or its install lines.

Sources: PEP 723, uv's documentation of scripts, juv 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlenv.errors import MlenvError
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.notebook_lines import line_rows
from mlenv.locks.place import Place, Table, parse_toml
from mlenv.locks.requirement import written
from mlenv.locks.script_lock import parse_script_lock
from mlenv.locks.target import Target, applies
from mlenv.locks.uv_manifest import everything, unjudged
from mlenv.model import Declared, Finding, value
from mlenv.notebooks import Block, Inline, parse_inline
from mlenv.versions import normalise

__all__ = ["NotebookSays", "read_notebook"]

_HINT = "Mend the cell or the metadata by hand."


@value
class NotebookSays:
    """One notebook that declares packages of its own."""

    notebook: str
    """Its path, relative to the project."""
    source: str
    """Where it says so: ``the script block in cell 1``."""
    manifest: Manifest
    lock: LockContent | None = None
    """juv's, selected for the target."""
    by_lines: bool = False
    """By install lines, which name what was missing in one place, not all that is needed."""

    @property
    def lock_name(self) -> str:
        """What messages call its lock."""
        return f"uv.lock in {self.notebook}"


def read_notebook(text: str, where: str, target: Target, load: Callable[[str], bytes | None]) -> NotebookSays | None:
    """Read what a notebook declares of its own; ``None`` where it says nothing.

    A script block counts before ``metadata.uv``, and that before install lines; what is passed over is a finding.

    Args:
        text: the notebook's text.
        where: its path relative to the project.
        target: decides which markers apply.
        load: reads files of the project that install lines name (``-r``, ``-e``).

    Raises:
        MlenvError: ``notebook-unreadable``; ``manifest-unreadable`` with the cell or key; what the reader of
            ``uv.lock`` raises.
    """
    inline = parse_inline(text, where)
    if not inline.declares:
        return None
    ways = tuple(_ways(inline, where))
    source, place, table = ways[0]
    if table is None:
        manifest = line_rows(inline.installs, where, target, load)
    else:
        manifest = _declared(table, place, where, target)
    passed = tuple(_passed_over(name, source, where) for name, _, _ in ways[1:])
    lock = parse_script_lock(inline.lock, f"{where}: metadata: uv.lock", target) if inline.lock else None
    manifest = replace(manifest, findings=(*manifest.findings, *passed))
    return NotebookSays(notebook=where, source=source, manifest=manifest, lock=lock, by_lines=table is None)


def _ways(inline: Inline, where: str) -> Iterator[tuple[str, Place, Table | None]]:
    """Yield every way in which it declares, the one that counts first: its words, its place, its table."""
    place = Place(file=where, code="manifest-unreadable", hint=_HINT)
    if inline.blocks:
        yield _block(inline.blocks, place)
    if inline.uv is not None:
        yield "metadata.uv", place.at("metadata").at("uv"), inline.uv
    if inline.installs:
        cells = sorted({row.cell for row in inline.installs})
        word = "cell" if len(cells) == 1 else "cells"
        yield f"the install lines in {word} {', '.join(map(str, cells))}", place, None


def _block(blocks: tuple[Block, ...], place: Place) -> tuple[str, Place, Table]:
    if len(blocks) > 1:
        cells = " and ".join(str(block.cell) for block in blocks)
        message = f"There are {len(blocks)} script blocks (cells {cells}); PEP 723 allows one."
        raise place.at(f"cell {blocks[1].cell}").error(message)
    block = blocks[0]
    at = place.at(f"cell {block.cell}")
    try:
        return f"the script block in cell {block.cell}", at, parse_toml(block.toml, at)
    except MlenvError as problem:
        where = f"{problem.where} of the script block, which begins at line {block.line} of the cell"
        raise MlenvError(problem.code, problem.message, where=where, hint=problem.hint) from None


def _declared(table: Table, place: Place, where: str, target: Target) -> Manifest:
    texts = place.texts(table, "dependencies")
    rows = tuple(place.item("dependencies", number).requirement(text) for number, text in enumerate(texts))
    uv = place.at("tool").table(place.table(table, "tool"), "uv")
    sources: Mapping[str, Any] = place.at("tool").at("uv").table(uv, "sources")
    every = everything({"dependencies": texts}, {}, sources)
    for text in every if sources else ():
        place.at("tool").at("uv").at("sources").requirement(text)
    declared = dict.fromkeys(
        (normalise(row.name), written(row, marker=False)) for row in rows if applies(row.marker, target, where)
    )
    return Manifest(
        declared=tuple(Declared(name=name, text=text, origin=where) for name, text in declared),
        requirements=tuple(dict.fromkeys(map(written, rows))),
        everything=every,
        unjudged=unjudged(sources),
        requires_python=place.pythons(table, "requires-python"),
        declares=True,
    )


def _passed_over(name: str, source: str, where: str) -> Finding:
    return Finding(kind="note", reason=f"{where}: {source} counts; {name} also there, but the first comes before it.")
