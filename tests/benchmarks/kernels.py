"""Start kernels through a front end that runs already, and run cells in them."""

from __future__ import annotations

import ast
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost

__all__ = ["FrontEnd", "front_end"]

_PROGRAM = Path(__file__).with_name("front_end.py")


@dataclass(frozen=True)
class FrontEnd:
    """A front end that waits for orders."""

    process: subprocess.Popen[str]

    def start(self, kernel: str, cwd: Path, cells: Sequence[str] = ("answer = 6 * 7",)) -> dict[str, Any]:
        """Start a kernel, run cells, end it.

        Returns:
            ``seconds`` to the end of the first cell, ``ends`` of all, ``cpu``, ``texts``: ``answer`` after each cell.

        Raises:
            RuntimeError: with what the front end or the kernel printed.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"kernel": kernel, "cwd": str(cwd), "cells": list(cells)}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            said = self.process.stderr.read() if self.process.stderr else ""
            log = cwd / "kernel.log"
            raise RuntimeError(f"no answer from kernel {kernel}\n{said[-3000:]}\n{log.read_text()[-3000:]}")
        return dict(json.loads(line))

    def first_cell(self, kernel: str, cwd: Path) -> Cost:
        """Start a kernel and run one cell."""
        answer = self.start(kernel, cwd)
        assert answer["texts"] == ["42"], answer
        return Cost(answer["seconds"], answer["cpu"])

    def measured(self, kernel: str, cwd: Path, cell: str) -> Any:
        """Run a cell that leaves JSON in ``answer``, after one that does nothing; return what it says."""
        texts = self.start(kernel, cwd, ("pass", cell))["texts"]
        return json.loads(ast.literal_eval(texts[-1]))


@contextlib.contextmanager
def front_end(env: Mapping[str, str], python: str = sys.executable) -> Iterator[FrontEnd]:
    """Run a front end in a world; it is ready when this returns."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [python, "-P", str(_PROGRAM)], env=dict(env), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError(process.communicate()[1][-3000:])
        yield FrontEnd(process)
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.communicate()
