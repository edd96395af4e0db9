"""The running notebook's own declarations: what the host says of them when a person types ``%mlenv check``.

Nothing is read after a cell, and a notebook that declares nothing costs one read of its file. Standard library only,
Python 3.9+.
"""

from __future__ import annotations

import os
from typing import Any, Mapping, Optional, Tuple

from mlenv.errors import MlenvError
from mlenv.kernel import child
from mlenv.kernel.display import report_of
from mlenv.kernel.surroundings import notebook_file
from mlenv.model import FileStamp, Finding
from mlenv.probe import site

__all__ = ["OwnNotebook"]

_SIGNS = (b"# /// script", b"pip install", b"uv add", b"conda install", b"mamba install", b'"uv"', b'"uv.lock"')
_MOST_BYTES = 64 << 20
_TOLD = frozenset({"note", "conflict"})


class OwnNotebook:
    """Asks once per state of the notebook's file and of the project's."""

    def __init__(self) -> None:
        self._seen: Optional[Tuple[Any, ...]] = None
        self._found: Tuple[Finding, ...] = ()

    def findings(self, names: Mapping[str, Any], host: str, root: str, inputs: Tuple[str, ...]) -> Tuple[Finding, ...]:
        """Return which source counts and how the two differ; nothing where the notebook declares nothing.

        Args:
            names: the notebook's names, of which some front ends tell its path.
            host: the interpreter that has mlenv.
            root: the project.
            inputs: the files that the project's selection came from.

        Cost: one read of the notebook's file; where it declares something, one run of the host per saved state.
        """
        path = notebook_file(names)
        if not path or not host:
            return ()
        seen: Tuple[FileStamp, ...] = tuple(site.stamp(one) for one in (path, root, *inputs))
        if seen != self._seen:
            self._found = _asked(path, host, root) if _may_declare(path) else ()
            self._seen = seen
        return self._found


def _may_declare(path: str) -> bool:
    try:
        if os.path.getsize(path) > _MOST_BYTES:
            return False
        with open(path, "rb") as stream:
            content = stream.read()
    except OSError:
        return False
    return any(sign in content for sign in _SIGNS)


def _asked(path: str, host: str, root: str) -> Tuple[Finding, ...]:
    name = os.path.basename(path)
    try:
        message = child.run(child.command(host, "check", [path], project=root), lambda event: None, cwd=root)
    except MlenvError as error:
        if error.code == "host-missing":
            return ()
        return (Finding(kind="note", reason=f"{name}: {error.message} ({error.where})"),)
    found = report_of(message["report"]).findings if "report" in message else ()
    return tuple(row for row in found if row.kind in _TOLD and name in row.reason)
