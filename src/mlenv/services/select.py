"""What a project's lock asks of one interpreter, as a small cached file that kernels read, too."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.model import Declared, FileStamp, Finding, Outcome, Pin, Selection, Source
from mlenv.probe import ask, environment, site
from mlenv.services.context import Context, Options
from mlenv.services.project import LOCK_NAMES, MANIFEST_NAMES, Project, open_project

if TYPE_CHECKING:  # a check with a cached selection reads no lock, so it need not load the readers
    from mlenv.locks import Selected, Target

__all__ = [
    "cache_path",
    "cached_selection",
    "select_project",
    "selection_for",
    "target_of",
    "wanted",
    "write_selection",
]

_SCHEMA = 1


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

    Groups that are told come to those that the project has by default, as with ``uv sync --group``.
    """
    extras = options.extras if options.extras is not None else _recorded(project.marker, "extras")
    if options.groups is None:
        return extras, _recorded(project.marker, "groups")
    return extras, tuple(dict.fromkeys((*_default_groups(project, options), *options.groups)))


def _default_groups(project: Project, options: Options) -> tuple[str, ...]:
    """Return what the settings say; in a project of uv's what uv would take."""
    if project.settings.groups is not None:
        return project.settings.groups
    named = options.lock or project.settings.lock or "uv.lock"
    if named != "uv.lock" or not {"uv.lock", "pyproject.toml"} <= project.names:
        return ()
    from mlenv.locks import Target, parse_pyproject

    text = store.read_text(project.root / "pyproject.toml")
    return parse_pyproject(text, "pyproject.toml", Target(markers={}), (), ()).default_groups


def _recorded(marker: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    recorded = marker.get(key)
    return tuple(str(item) for item in recorded) if isinstance(recorded, list) and recorded else None


def select_project(
    project: Project, target: Target, options: Options, *, files: Mapping[str, str] | None = None
) -> Selected:
    """Select what the project's files ask of an interpreter.

    Args:
        project: as it lies on disk.
        target: the interpreter.
        options: ``--lock``, ``--extra``, ``--group``.
        files: texts that count instead of what lies on disk (what a verb is about to write).

    Raises:
        MlenvError: as the readers of :mod:`mlenv.locks`.
    """
    from mlenv.locks import SelectRequest, select

    files = files or {}
    extras, groups = wanted(project, options)
    request = SelectRequest(
        root=str(project.root),
        name=project.root.name,
        names=tuple(sorted(project.names | files.keys())),
        load=_loader(project.root, files),
        target=target,
        extras=extras,
        groups=groups,
        lock_option=options.lock,
    )
    try:
        return select(request)
    except MlenvError as error:
        told = options.extras is not None or options.groups is not None
        if told or error.code not in {"extra-unknown", "group-unknown"}:
            raise
        # The environment was synced with something that the manifest has given up since.
        return select(replace(request, extras=None, groups=None))


def _loader(root: Path, files: Mapping[str, str]) -> Callable[[str], bytes | None]:
    def load(path: str) -> bytes | None:
        if path in files:
            return files[path].encode()
        full = root / path
        return store.read_bytes(full) if full.is_file() else None

    return load


def cache_path(root: Path, cache_tag: str) -> Path:
    """Return where the selection of a project for one Python lies (the kernel side computes the same)."""
    key = hashlib.sha256(f"{os.path.realpath(root)}\n{cache_tag}".encode()).hexdigest()[:24]
    return store.cache_dir() / "selections" / f"{key}.json"


def selection_for(context: Context, project: Project, python: str, cache_tag: str) -> Selection:
    """Return the selection, from the cache where nothing has changed; the cache is written otherwise.

    Raises:
        MlenvError: as :func:`select_project`.
    """
    path = cache_path(project.root, cache_tag)
    options = context.options
    plain = options.lock is None and options.extras is None and options.groups is None
    if plain:
        cached = cached_selection(path)
        if cached is not None:
            return cached
    selected = select_project(project, target_of(python), options)
    selection = _stamped(project, selected)
    if plain:
        _write_cache(path, selection)
    return selection


def _stamped(project: Project, selected: Selected) -> Selection:
    known = (*MANIFEST_NAMES, *LOCK_NAMES, ".python-version")
    watched = sorted({*selected.files_read, *known})
    paths = [str(project.root / name) for name in watched]
    paths.append(str(project.link / "mlenv-ready.json"))
    return _replaced(selected.selection, inputs=tuple(site.stamp(path) for path in paths), environment=project.prefix)


def _replaced(selection: Selection, **changes: Any) -> Selection:
    return Selection(
        **{field.name: changes.get(field.name, getattr(selection, field.name)) for field in fields(selection)}
    )


def _write_cache(path: Path, selection: Selection) -> None:
    content = {"schema": _SCHEMA, "selection": _plain(selection)}
    try:
        store.write_json(path, content)
    except MlenvError:
        # A cache that cannot be written costs time, never the answer.
        return


def _plain(item: Any) -> Any:
    if hasattr(item, "__dataclass_fields__"):
        return {field.name: _plain(getattr(item, field.name)) for field in fields(item)}
    return [_plain(part) for part in item] if isinstance(item, tuple) else item


def cached_selection(path: Path) -> Selection | None:
    """Read a cached selection; ``None`` where it is missing, of another schema, or older than a file it came from."""
    content = store.read_json(path)
    if not content or content.get("schema") != _SCHEMA:
        return None
    try:
        selection = _revive(content["selection"])
    except (KeyError, TypeError):
        return None
    return selection if site.unchanged(selection.inputs) else None


def _revive(raw: dict[str, Any]) -> Selection:
    pins = tuple(Pin(**{**pin, "source": Source(**pin["source"])}) for pin in raw.pop("pins"))
    declared = tuple(Declared(**row) for row in raw.pop("declared"))
    findings = tuple(Finding(**row) for row in raw.pop("findings"))
    inputs = tuple(FileStamp(**row) for row in raw.pop("inputs"))
    extras, groups = tuple(raw.pop("extras")), tuple(raw.pop("groups"))
    return Selection(
        pins=pins, declared=declared, findings=findings, inputs=inputs, extras=extras, groups=groups, **raw
    )


def write_selection(context: Context, prefix: str | None) -> Outcome:
    """Write the cached selection for the interpreter of ``prefix`` (default: the project's environment)."""
    project = open_project(context)
    python = environment.interpreter(prefix or project.prefix)
    tag = ask.ask(python, store.cache_dir()).cache_tag
    selection = selection_for(context, project, python, tag)
    path = cache_path(project.root, tag)
    return Outcome(verb="select", lines=(f"{len(selection.pins)} pins",), data={"path": str(path)})
