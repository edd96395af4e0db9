"""What a project's lock asks of one interpreter, as a small cached file that kernels read, too."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlenv import store
from mlenv._version import __version__
from mlenv.errors import MlenvError
from mlenv.model import FileStamp, Outcome, Selection
from mlenv.probe import ask, environment, site
from mlenv.render import mask_secrets
from mlenv.selection_text import cache_name, parse_selection, selection_text
from mlenv.services.context import Context, Options
from mlenv.services.project import LOCK_NAMES, MANIFEST_NAMES, Project, open_project

if TYPE_CHECKING:  # a check with a cached selection reads no lock, so it need not load the readers
    from mlenv.locks import Selected, SelectRequest, Target

__all__ = [
    "loader",
    "select_project",
    "selection_for",
    "synced_with",
    "target_of",
    "wanted",
    "write_selection",
]


_MINORS_KNOWN = 30
"""Caches of a project are looked for up to Python 3.29."""


def target_of(python: str) -> Target:
    """Describe an interpreter for selection. Cost: 0.2 ms cached, one start of the interpreter otherwise.

    Raises:
        MlenvError: ``python-broken`` with what it printed.
    """
    from mlenv.locks import Target

    facts = ask.ask(python, store.cache_dir())
    return Target(markers=facts.markers, tags=facts.tags)


def wanted(project: Project, options: Options) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the extras and groups that count: told now, else those the environment was synced with, else ``None``.

    Groups that are told come to those that the lock's own tool takes by default, as with ``uv sync --group``;
    ``--no-default-groups`` leaves these out, ``--all-groups`` and ``--all-extras`` take whatever the manifest knows.

    Raises:
        MlenvError: as :func:`select_project`, where the defaults have to be looked up.
    """
    extras = options.extras if options.extras is not None else _recorded(project, "extras")
    groups = _recorded(project, "groups")
    if options.all_extras:
        extras = _known(project, options, "extras")
    if options.all_groups:
        groups = _known(project, options, "groups")
    elif options.groups is not None or options.no_default_groups:
        defaults = () if options.no_default_groups else _default_groups(project, options)
        groups = tuple(dict.fromkeys((*defaults, *(options.groups or ()))))
    return extras, groups


def synced_with(project: Project) -> tuple[list[str], list[str]]:
    """Return the extras and groups that the environment was synced with, where these were told."""
    return list(_recorded(project, "extras") or ()), list(_recorded(project, "groups") or ())


def _default_groups(project: Project, options: Options) -> tuple[str, ...]:
    """Return what the settings say, else what the lock's own tool takes where nothing is said."""
    if project.settings.groups is not None:
        return project.settings.groups
    return _plainly(project, options).selection.groups


def _known(project: Project, options: Options, what: str) -> tuple[str, ...]:
    """Return every extra or group that the manifest knows."""
    manifest = _plainly(project, options).manifest
    return () if manifest is None else manifest.extras if what == "extras" else manifest.groups


def _plainly(project: Project, options: Options) -> Selected:
    """Select with nothing chosen, for mlenv's own Python: neither groups nor extras hang on the interpreter."""
    from mlenv.locks import select
    from mlenv.probe import interpreters

    return select(_request(project, target_of(interpreters.host().path), options, {}))


def _recorded(project: Project, key: str) -> tuple[str, ...] | None:
    """Return what the environment was synced with; of a workspace, where this member was among what was synced."""
    marker, here = project.marker, project.member or "."
    members = marker.get("members")
    synced = members.get(here) if isinstance(members, dict) else {} if project.member else marker
    synced = synced if isinstance(synced, dict) else {}
    recorded = synced.get(key)
    if not isinstance(recorded, list) or not (recorded or synced.get(f"{key}-told")):
        return None  # an empty list alone says that nothing was told
    return tuple(str(item) for item in recorded)


def select_project(
    project: Project,
    target: Target,
    options: Options,
    *,
    files: Mapping[str, str] | None = None,
    notebook: tuple[str, str] | None = None,
) -> Selected:
    """Select what the project's files ask of an interpreter.

    Args:
        project: as it lies on disk.
        target: the interpreter.
        options: ``--lock``, ``--extra``, ``--group``.
        files: texts that count instead of what lies on disk (what a verb is about to write).
        notebook: path relative to the project, and text, of a notebook that may declare packages of its own.

    Raises:
        MlenvError: as the readers of :mod:`mlenv.locks`.
    """
    from mlenv.locks import select, select_for_notebook

    request = _request(project, target, options, files or {})
    extras, groups = wanted(project, options)
    try:
        chosen = replace(request, extras=extras, groups=groups)
        return select(chosen) if notebook is None else select_for_notebook(chosen, *notebook)
    except MlenvError as error:
        if options.selects or error.code not in {"extra-unknown", "group-unknown"}:
            raise
        # The environment was synced with something that the manifest has given up since.
        return select(request) if notebook is None else select_for_notebook(request, *notebook)


def _request(project: Project, target: Target, options: Options, files: Mapping[str, str]) -> SelectRequest:
    from mlenv.locks import SelectRequest

    return SelectRequest(
        root=str(project.root),
        name=project.folder.name,
        names=tuple(sorted(project.names | files.keys())),
        load=loader(project.root, files),
        target=target,
        lock_option=_relative(options.lock, project.root),
        member=project.member,
    )


def _relative(lock: str | None, root: Path) -> str | None:
    """Return what ``--lock`` names as the settings would say it: relative to the project."""
    return os.path.relpath(lock, root) if lock and os.path.isabs(lock) else lock


def loader(root: Path, files: Mapping[str, str]) -> Callable[[str], bytes | None]:
    """Return what reads a file of a project by its relative path: of ``files`` first, never through a link outside."""
    from mlenv.locks.limits import check_size

    def load(path: str) -> bytes | None:
        if path in files:
            return files[path].encode()
        full = root / path
        if not full.is_file():
            return None
        if "/" in path or path.endswith((".txt", ".in")):
            _refuse_outside(full, root, path)
        check_size(full.stat().st_size, path)  # before its bytes are in memory
        return store.read_bytes(full)

    return load


def _refuse_outside(full: Path, root: Path, path: str) -> None:
    """Refuse what only seems to lie in the project: messages about its lines would show another file's."""
    if not Path(os.path.realpath(full)).is_relative_to(os.path.realpath(root)):
        raise MlenvError(
            "requirements-outside",
            f"{path} is a link that leads out of the project.",
            where=path,
            hint="Copy it into the project.",
        )


def selection_for(context: Context, project: Project, python: str, asked: ask.Facts | None = None) -> Selection:
    """Return the selection, from the cache where nothing has changed; the cache is written otherwise.

    Args:
        context: options that choose (``--lock``, ``--extra``, ``--group``) leave the cache alone.
        project: as it lies on disk.
        python: the interpreter to select for.
        asked: what it says of itself, where it has been asked.

    Raises:
        MlenvError: as :func:`select_project`; ``python-broken``.
    """
    facts, options = asked or ask.ask(python, store.cache_dir()), context.options
    path = _cache_path(project.folder, facts.cache_tag)
    plain = options.lock is None and not options.selects
    if plain:
        cached = _cached(path)
        if cached is not None and cached.python == facts.version:
            return cached
    beside = _beside(project, python)  # before anything is read: what changes meanwhile makes the answer stale
    selected = select_project(project, target_of(python), options)
    selection = replace(
        selected.selection, inputs=(*_stamps(project, selected.files_read), *beside), environment=project.prefix
    )
    if plain:
        _write_cache(path, selection)
    return selection


def _cache_path(folder: Path, cache_tag: str) -> Path:
    return store.cache_dir() / "selections" / cache_name(os.path.realpath(folder), cache_tag)


def _beside(project: Project, python: str) -> tuple[FileStamp, ...]:
    """Stamp what the answer depends on beside the project's files: the environment's marker, the interpreter."""
    return site.stamps((str(project.link / "mlenv-ready.json"), os.path.realpath(python)))


def _stamps(project: Project, files_read: Sequence[str]) -> tuple[FileStamp, ...]:
    """Stamp manifests and locks as they were when the project was opened, those that were not there included."""
    names = sorted({*files_read, *MANIFEST_NAMES, *LOCK_NAMES, ".python-version"})
    return tuple(_stamp(project, name) for name in names)


def _stamp(project: Project, name: str) -> FileStamp:
    path = str(project.root / name)
    known = project.stamps.get(name)
    absent = os.path.dirname(name) == "" and name not in project.names and not os.path.isdir(path)
    if known is None and absent:
        return FileStamp(path=path, mtime_ns=-1, size=0, inode=0)
    return known or site.stamp(path)  # a file that others include


def _write_cache(path: Path, selection: Selection) -> None:
    try:
        store.make_folder(path.parent)
        _make_room(path)
        # Addresses are compared without user and query: the cache needs no secret that stands in a list.
        store.write_atomic(path, mask_secrets(selection_text(selection, __version__)))
    except MlenvError:
        # A cache that cannot be written costs time, never the answer.
        return


def _make_room(path: Path) -> None:
    """Take away what no cache file is: an empty folder, a file that may not be read (a new one would keep its mode)."""
    with contextlib.suppress(OSError):
        if path.is_dir():
            path.rmdir()
        elif path.exists() and not os.access(path, os.R_OK):
            path.unlink()


def _cached(path: Path) -> Selection | None:
    """Read a cached selection; ``None`` where it is missing, of another mlenv, or older than a file it came from."""
    try:
        selection = parse_selection(path.read_text(encoding="utf-8"), __version__)
    except (OSError, UnicodeDecodeError):
        return None
    return selection if selection is not None and site.unchanged(selection.inputs) else None


def forget_selections(folder: Path) -> None:
    """Forget what is cached for a project: another environment counts now."""
    for minor in range(_MINORS_KNOWN):
        with contextlib.suppress(OSError):
            _cache_path(folder, f"cpython-3{minor}").unlink(missing_ok=True)


def write_selection(context: Context, prefix: str | None) -> Outcome:
    """Write the cached selection for the interpreter of ``prefix`` (default: the project's environment)."""
    project = open_project(context)
    python = environment.interpreter(prefix or project.prefix)
    selection = selection_for(context, project, python)
    lines = (f"{len(selection.pins)} pins",)
    kept = _cached(_cache_path(project.folder, ask.ask(python, store.cache_dir()).cache_tag))
    # Where no cache can be written, the kernel that asked gets it told.
    told = {} if kept is not None else {"selection": mask_secrets(selection_text(selection, __version__))}
    return Outcome(verb="select", lines=lines, data=told)
