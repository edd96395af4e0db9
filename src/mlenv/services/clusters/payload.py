"""What ``mlenv.dask.LockedEnvironment`` carries to the cluster, made from the project's lock."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlenv import drift, locks, store
from mlenv._version import __version__
from mlenv.clusters import judging
from mlenv.clusters.carrying import Carried, given_text, index_lines, refuse_secret
from mlenv.clusters.sending import BRINGING
from mlenv.errors import MlenvError
from mlenv.locks import Platform, Selected
from mlenv.locks.platforms import platform_of
from mlenv.model import Outcome
from mlenv.probe import ask, interpreters
from mlenv.services.bundling.gather import hashes_of
from mlenv.services.clusters.parcels import parcel
from mlenv.services.context import Context
from mlenv.services.filling import pin_line
from mlenv.services.indexes import options_of
from mlenv.services.project import Project, open_project
from mlenv.services.select import select_project
from mlenv.versions import satisfies

__all__ = ["payload", "payload_outcome"]

_MINORS = range(9, 15)
_PLATFORMS = ("linux-x86_64", "linux-aarch64")
"""Where clusters run; the machine that asks comes to them."""


def payload_outcome(context: Context, platforms: Sequence[str]) -> Outcome:
    """Return the payload for another process of this machine: a kernel, which has no reader of locks."""
    made = payload(context, platforms)
    return Outcome(verb="cluster", lines=("made what the plugin carries",), data=made)


def payload(context: Context, platforms: Sequence[str]) -> dict[str, Any]:
    """Return the modules that travel, and what the lock asks of every Python on every platform.

    Args:
        context: ``--project``, ``--lock``, ``--extra``, ``--group``.
        platforms: as ``--platform`` takes them; empty: Linux, and what this machine is.

    Raises:
        MlenvError: ``no-project``, ``no-lock``, ``lock-of-conda``, ``relock``; ``platform-unknown``; ``index-secret``;
            what the lock's reader raises.

    Cost: the lock is read once for each interpreter: 18 readings.
    """
    project = open_project(context)
    named = platforms or (_own(), *_PLATFORMS)
    wanted = dict.fromkeys(locks.parse_platform(text) for text in named)
    hashes = _Hashes(project)
    rows = [row for platform in wanted for row in _rows(context, project, platform, hashes)]
    if not rows:
        raise MlenvError("no-lock", "the project allows no Python that workers run", hint='requires-python = ">=3.10"')
    sent = parcel(BRINGING)
    lock = rows[0].selection.lock or ""
    return {
        "package": sent.package,
        "packed": sent.packed,
        "loader": sent.loader,
        "given": given_text(rows, __version__, lock),
        "lock": lock,
    }


def _own() -> str:
    tag = ask.ask(interpreters.host().path, store.cache_dir()).tags[0].rpartition("-")[2]
    platform = platform_of(tag)
    return platform.name if platform is not None else _PLATFORMS[0]


class _Hashes:
    """The hashes of pins: the lock is read for them once for all interpreters that get the same versions."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[tuple[str, str | None], ...], Mapping[str, tuple[str, ...]]] = {}

    def of(self, selected: Selected) -> Mapping[str, tuple[str, ...]]:
        key = tuple(sorted((pin.name, pin.version) for pin in selected.selection.pins))
        if key not in self._known:
            self._known[key] = hashes_of(self._project, selected)
        return self._known[key]


def _rows(context: Context, project: Project, platform: Platform, hashes: _Hashes) -> Iterator[Carried]:
    for minor in _MINORS:
        python = f"3.{minor}"
        selected = select_project(project, locks.elsewhere(platform, python), context.options)
        if satisfies(f"{python}.99", selected.selection.requires_python) is False:
            continue  # its newest release stands for it
        yield _carried(project, selected, hashes.of(selected), f"{python}/{platform.system}-{platform.machine}")


def _carried(project: Project, selected: Selected, hashes: Mapping[str, tuple[str, ...]], target: str) -> Carried:
    _refuse(project, selected)
    selection = judging.for_cluster(selected.selection)
    options = options_of(selected)
    for line in options:
        refuse_secret(line)
    hashed = bool(selection.pins) and all(hashes.get(pin.name) for pin in selection.pins) and selection.exact
    pins = tuple(pin_line(project.root, pin, hashes.get(pin.name, ())) for pin in selection.pins)
    lines = (*options, *_project_indexes(project), *pins)
    return Carried(target=target, selection=selection, lines=tuple(dict.fromkeys(lines)), hashed=hashed)


def _refuse(project: Project, selected: Selected) -> None:
    selection, where = selected.selection, str(project.root)
    if selection.lock is None:
        message = "the project has no lock: there is nothing to bring to the workers"
        raise MlenvError("no-lock", message, where=where, hint="mlenv lock")
    if selection.kind in drift.CONDA_KINDS:
        message = f"{selection.lock} holds packages of conda, which workers get in an image, not from uv"
        raise MlenvError("lock-of-conda", message, where=where, hint="LockedEnvironment(lock=...) names another lock")
    if any(row.kind == "relock" for row in selection.findings):
        message = f"{selection.manifest} and {selection.lock} disagree: what is brought would not be what is declared"
        raise MlenvError("relock", message, where=where, hint="mlenv sync")


def _project_indexes(project: Project) -> tuple[str, ...]:
    lines: list[str] = []
    for name in ("uv.toml", "pyproject.toml"):
        if name in project.names:
            table = tomllib.loads(store.read_text(project.root / name))
            settings = table if name == "uv.toml" else table.get("tool", {}).get("uv", {})
            lines += index_lines(settings)
    return tuple(lines)
