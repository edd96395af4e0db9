"""The cached selection: what the lock asks of this interpreter, chosen by host code, read here.

Standard library only, Python 3.9+.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import Any, Mapping, Optional, Tuple

from mlenv.errors import MlenvError
from mlenv.kernel import child
from mlenv.model import FileStamp, Selection
from mlenv.probe import site
from mlenv.selection_text import cache_name, parse_selection

__all__ = ["Selections"]

_POLL_S = 0.02


class Selections:
    """The selection of one project, asked for where it is missing or older than the files it came from."""

    def __init__(self, host: str, cache: str, root: str) -> None:
        self._host = host
        self._cache = cache
        self._root = root
        self._real_root = os.path.realpath(root)
        self._kept: Optional[Tuple[FileStamp, Selection]] = None
        self._told: Optional[Selection] = None
        self._asking: Optional[subprocess.Popen[bytes]] = None
        self._asked: Optional[Tuple[Any, ...]] = None

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way that nobody has read yet."""
        return self._asking is not None

    @property
    def inputs(self) -> Tuple[str, ...]:
        """The files whose change makes the selection stale."""
        known = self._kept[1] if self._kept else self._told
        return tuple(stamp.path for stamp in known.inputs) if known else ()

    def last(self, cache_tag: str) -> Optional[Selection]:
        """Return the selection as it was last written, true or not by now: where the environment is, it still knows.

        Cost: one stat.
        """
        path = os.path.join(self._cache, "selections", cache_name(self._real_root, cache_tag))
        stamp = site.stamp(path)
        if self._kept is None or self._kept[0] != stamp:
            selection = _read(path)
            self._kept = (stamp, selection) if selection is not None else None
        return self._kept[1] if self._kept else self._told

    def current(self, cache_tag: str) -> Optional[Selection]:
        """Return the selection if it is still true, else ``None``. Cost: one stat per file it came from."""
        found = self.last(cache_tag)
        return found if found is not None and site.unchanged(found.inputs) else None

    def ask(self, prefix: str) -> None:
        """Start the host's ``mlenv select`` aside, once per state of the project's files; never waits."""
        if self._asking is not None:
            if self._asking.poll() is None:
                return
            self._asking = None
        state = self._state()
        if state == self._asked:
            return  # asked before, and the answer was an error: `check` shows it
        self._asked = state
        try:
            self._asking = child.start(self._command(prefix), cwd=self._root, quiet=True)
        except MlenvError:
            self._asking = None

    def settled(self) -> bool:
        """Whether the answer that was asked for has come since the last call."""
        if self._asking is None or self._asking.poll() is None:
            return False
        self._asking = None
        return True

    def fetch(self, prefix: str, cache_tag: str) -> Optional[Selection]:
        """Ask and wait for the answer; one that is on its way already is waited for first.

        Raises:
            MlenvError: what host code says of the lock or manifest; ``host-missing``.
            KeyboardInterrupt: the user interrupted.
        """
        while self._asking is not None and not self.settled():
            time.sleep(_POLL_S)
        found = self.current(cache_tag)
        if found is None:
            message = child.run(self._command(prefix), lambda event: None, cwd=self._root)
            self._asked = None
            self._told = _told(message)
            found = self.current(cache_tag)
        return found

    def _command(self, prefix: str) -> list[str]:
        return child.command(self._host, "select", ["--prefix", prefix], project=self._root)

    def _state(self) -> Tuple[Any, ...]:
        """Return what changes when a manifest or lock does: the folder itself and the files that were read."""
        paths = (self._root, *self.inputs)
        return tuple(site.stamp(path) for path in paths)


def _told(message: Mapping[str, Any]) -> Optional[Selection]:
    """Return the selection that came with the answer, because no cache can be written."""
    data = (message.get("outcome") or {}).get("data") or {}
    text = data.get("selection")
    return parse_selection(text) if isinstance(text, str) else None


def _read(path: str) -> Optional[Selection]:
    try:
        with open(path, encoding="utf-8") as stream:
            return parse_selection(stream.read())
    except (OSError, UnicodeDecodeError):
        return None
