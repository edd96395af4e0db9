"""A hosted runtime's kernel that ``%mlenv setup`` has given a lock's packages: its record, and what follows from it.

The image is nobody's environment: what it holds besides is never extra, and what the host needs stays as it is.
Standard library only, Python 3.9+.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from mlenv.loaded import moved
from mlenv.model import Action, EnvironmentFacts, Finding, Loaded, Outcome, Report, Selection
from mlenv.probe import site
from mlenv.selection_text import parse_selection

if TYPE_CHECKING:
    from mlenv.kernel.state import State

__all__ = ["Hosted", "advised", "put_ahead", "read_record", "record_path", "settle"]

_SITE_NAMES = ("site-packages", "dist-packages")
_SETUP = "mlenv setup"


def record_path(data: str, prefix: str, folder: str) -> str:
    """Return the file that says what a kernel's interpreter was set up for, when it was started in a folder."""
    key = f"{os.path.realpath(prefix)}\n{os.path.realpath(folder)}"
    return os.path.join(
        data, "hosted", hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:24] + ".json"
    )


def read_record(data: str, prefix: str, folder: str) -> Optional[Dict[str, Any]]:
    """Return the record; ``None`` where there is none, or where it cannot be read. Cost: one small file."""
    try:
        with open(record_path(data, prefix, folder), encoding="utf-8") as stream:
            content = json.load(stream)
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) and os.path.isdir(str(content.get("root") or "")) else None


class Hosted:
    """What one record says of this kernel."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.root = str(record["root"])
        self.host = str(record.get("host") or "")
        self.folder = str(record.get("folder") or "")
        """Where the packages of ``--isolated`` are; empty where they are in the image."""
        left = record.get("left")
        self.left: Dict[str, str] = {str(k): str(v) for k, v in left.items()} if isinstance(left, dict) else {}
        """Name -> version of what stayed the image's own although the lock says something else."""
        text = record.get("selection")
        self._selection = parse_selection(text) if isinstance(text, str) else None

    @property
    def inputs(self) -> Tuple[str, ...]:
        return tuple(stamp.path for stamp in self._selection.inputs) if self._selection else ()

    def facts(self) -> EnvironmentFacts:
        """Return the image as this very process sees it: its package folders in the order of ``sys.path``."""
        sites = tuple(path for path in sys.path if os.path.basename(path) in _SITE_NAMES and os.path.isdir(path))
        version = ".".join(map(str, sys.version_info[:3]))
        return EnvironmentFacts(prefix=sys.prefix, python=version, sites=sites)

    def selection(self, versions: Mapping[str, str], extra: List[Finding]) -> Optional[Selection]:
        """Return what was locked when the image was set up, without what stayed the image's own.

        Args:
            versions: name -> version of what is installed now.
            extra: gets what is to be said besides.
        """
        found = self._selection
        if found is None:
            return None
        if not site.unchanged(found.inputs):
            reason = f"{found.lock} has changed since this notebook was set up"
            extra.append(Finding(kind="undecidable", reason=reason))
        kept = {name for name, version in self.left.items() if versions.get(name, "") == version}
        named = ", ".join(f"{name} {self.left[name]}" for name in sorted(kept) if self.left[name])
        if named:
            extra.append(Finding(kind="note", reason=f"{self.host} keeps its own {named}"))
        if self.folder and self.folder not in sys.path:
            extra.append(
                Finding(kind="switch", reason="the locked packages are in their own folder, which is not in use yet")
            )
        return replace(found, pins=tuple(pin for pin in found.pins if pin.name not in kept), exact=False, own="")

    def loaded(self, rows: Sequence[Loaded]) -> Tuple[Loaded, ...]:
        """Return what is in memory without what stays the image's own."""
        return tuple(row for row in rows if row.name not in self.left)

    def told(self, report: Report) -> Report:
        """Return a report whose next action is one that mends an image."""
        if report.verdict in ("in-step", "restart", "relock"):
            return report
        text = f"Run {_SETUP}: it installs what {report.lock_path or 'the lock'} says and this runtime lacks."
        return replace(report, next=Action(action="sync", command=_SETUP, text=text))


def advised(report: Report) -> Report:
    """Return a report that names ``setup`` where this is a runtime in which no kernel can be chosen."""
    # Only where the whole of mlenv is installed does this module exist; a project kernel never asks.
    hosts = importlib.import_module("mlenv.hosted.hosts")
    names = ("google-colab",) if "google.colab" in sys.modules else ()
    host = hosts.recognise(os.environ, names, [path for path in hosts.PATHS if os.path.exists(path)])
    if host.name in ("local", "hub"):
        return report
    text = f"Run {_SETUP}: {host.shown} then has what the lock says."
    return replace(report, next=Action(action="none", command=_SETUP, text=text))


def put_ahead(folder: str) -> None:
    """Let this process and its children import from a folder before the image's; a second call changes nothing."""
    if folder not in sys.path:
        at = next((i for i, path in enumerate(sys.path) if os.path.basename(path) in _SITE_NAMES), len(sys.path))
        sys.path.insert(at, folder)
        importlib.invalidate_caches()
    _prepend("PYTHONPATH", folder)
    _prepend("PATH", os.path.join(folder, "bin"))


def _prepend(name: str, folder: str) -> None:
    parts = [part for part in os.environ.get(name, "").split(os.pathsep) if part and part != folder]
    os.environ[name] = os.pathsep.join([folder, *parts])


def settle(state: State, outcome: Outcome) -> Outcome:
    """Take up in this process what ``setup`` has done, and add what a restart cannot change.

    With packages in their own folder some of the image's may be in memory before any cell runs: the host loads them
    itself. A restart is asked for once; what is in memory again after it stays the host's, and is said to.
    """
    if outcome.dry_run or state.rehost() is None or state.hosted is None or not state.hosted.folder:
        return outcome
    put_ahead(state.hosted.folder)
    waiting = {row.name: row.version or "" for row in moved(state.loaded(), state.installed())}
    path = record_path(state.around.data, sys.prefix, os.getcwd())
    record = read_record(state.around.data, sys.prefix, os.getcwd()) or {}
    asked = record.get("asked") or {}
    own = {name: text for name, text in waiting.items() if name in asked.get("names", ())}
    if asked.get("process") == _process() or not own:
        _write(path, {**record, "asked": {"process": _process(), "names": sorted(waiting)}})
        return outcome
    _write(
        path, {**record, "left": {**record.get("left", {}), **own}, "of_host": {**(record.get("of_host") or {}), **own}}
    )
    state.rehost()
    named = ", ".join(f"{name} {text}" for name, text in sorted(own.items())[:6])
    return replace(outcome, lines=(*outcome.lines, f"{state.hosted.host} loads {named} itself, before any cell"))


def _process() -> str:
    """Return what no other process of this machine is called."""
    try:
        with open("/proc/self/stat", encoding="utf-8", errors="replace") as stream:
            return f"{os.getpid()}:{stream.read().rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return str(os.getpid())


def _write(path: str, record: Mapping[str, Any]) -> None:
    aside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(aside, "w", encoding="utf-8") as stream:
            json.dump(record, stream)
        os.replace(aside, path)
    except OSError:  # then a restart is asked for once more
        return
