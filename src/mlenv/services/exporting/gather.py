"""Gather what of a project counts where it goes next."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlenv import store
from mlenv._version import __version__
from mlenv.cuda.builds import builds_of
from mlenv.errors import MlenvError
from mlenv.exports.deployment import Deployment
from mlenv.locks import Selected, Target, parse_python_version
from mlenv.model import Pin
from mlenv.probe import interpreters
from mlenv.services.bundling.gather import hashes_of, indexed
from mlenv.services.check import facts_of, interpreter_of
from mlenv.services.context import Context
from mlenv.services.exporting.repository import repository_of
from mlenv.services.notebook_imports import find_notebooks
from mlenv.services.project import Project, find_root, open_project
from mlenv.services.select import select_project, target_of

__all__ = ["deployment_from", "deployment_of", "no_lock", "opened"]

_RELEASE = re.compile(r"3\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
_MINOR = re.compile(r"3\.\d+")


def deployment_of(context: Context) -> tuple[Project, Deployment]:
    """Open the project and say what of it counts elsewhere. Nothing is written; the environment need not be there.

    Args:
        context: ``--project``, ``--lock``, ``--extra``, ``--group``, ``--python``.

    Raises:
        MlenvError: ``no-project``; ``no-lock``, saying what to do first; ``lock-stale`` (``--force`` goes on).
    """
    project, _, selected = opened(context)
    return project, deployment_from(context, project, selected)


def opened(context: Context) -> tuple[Project, Target, Selected]:
    """Open the project and select its lock for the interpreter of its environment, or the host's where it has none.

    Raises:
        MlenvError: as :func:`deployment_of`.
    """
    project = open_project(context)
    target = target_of(_interpreter(project))
    selected = select_project(project, target, context.options)
    _refuse(context, project, selected)
    return project, target, selected


def deployment_from(context: Context, project: Project, selected: Selected) -> Deployment:
    """Return what of a project counts elsewhere, where its lock is selected already."""
    selection = selected.selection
    lock = str(selection.lock)
    pins = selection.pins
    repository, below = repository_of(project.root)
    notebooks, nested = _notebooks(project)
    return Deployment(
        name=selection.name or project.root.name,
        lock=lock,
        kind=str(selection.kind),
        manifest=selection.manifest,
        inputs=_inputs(project, selected),
        python=_python(context, project, selection.python),
        requires_python=selection.requires_python,
        extras=selection.extras,
        groups=selection.groups,
        told=tuple(_told(context, lock)),
        cuda=_cuda(pins),
        hashed=_hashed(project, selected),
        local=_local(project, selected),
        git=any(pin.source.kind == "vcs" for pin in pins),
        credentials=_credentials(project),
        notebooks=notebooks,
        nested=nested,
        ignored=_ignored(project),
        mlenv=f"mlenv=={__version__}",
        repository=repository,
        below=below,
    )


def no_lock(project: Project) -> MlenvError:
    """Return the error of a project that records nothing that could be had elsewhere."""
    message = "the project has no lock, and what is exported installs what a lock says"
    return MlenvError("no-lock", message, where=str(project.root), hint="mlenv lock, or mlenv freeze; then export")


def _refuse(context: Context, project: Project, selected: Selected) -> None:
    selection = selected.selection
    if selection.lock is None or selected.content is None:
        raise no_lock(project)
    stale = next((finding for finding in selection.findings if finding.kind == "relock"), None)
    if stale is not None and not context.options.force:
        raise MlenvError("lock-stale", stale.reason, where=selection.lock, hint="mlenv lock, then export; or --force")


def _interpreter(project: Project) -> str:
    facts = facts_of(project)
    sound = facts.prefix is not None and facts.problem is None
    return interpreter_of(str(facts.prefix)) if sound else interpreters.host().path


def _python(context: Context, project: Project, running: str) -> str:
    """Return the release of Python: what was told or the project names, else that of its environment."""
    told = [context.options.python or "", project.settings.python or ""]
    if ".python-version" in project.names:
        told += parse_python_version(store.read_text(project.root / ".python-version"))
    for text in told:
        if _RELEASE.fullmatch(text):
            return text
    minor = next((text for text in told if _MINOR.fullmatch(text)), "")
    if project.environment.prefix and (not minor or running.startswith(f"{minor}.")):
        return running
    return minor or ".".join(running.split(".")[:2])


def _inputs(project: Project, selected: Selected) -> tuple[str, ...]:
    beside = {".python-version", "mlenv.toml"} & project.names
    return tuple(sorted({*selected.files_read, *beside}))


def _told(context: Context, lock: str) -> Iterator[str]:
    """Yield the options that were given now; what settings say is said there, too."""
    options = context.options
    if options.lock is not None:
        yield from ("--lock", lock)
    for flag, names in (("--extra", options.extras), ("--group", options.groups)):
        for name in names or ():
            yield from (flag, name)
    switches = {
        "--all-extras": options.all_extras,
        "--all-groups": options.all_groups,
        "--no-default-groups": options.no_default_groups,
    }
    yield from (flag for flag, given in switches.items() if given)


def _cuda(pins: Iterable[Pin]) -> str:
    versions = {pin.name: pin.version or "" for pin in pins}
    found = builds_of(versions, addresses={pin.name: pin.source.url for pin in pins})
    return max((build.cuda for build in found if build.kind == "cuda"), default="", key=_numbers)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _hashed(project: Project, selected: Selected) -> bool:
    known = hashes_of(project, selected)
    return all(known.get(pin.name) for pin in indexed(selected))


def _local(project: Project, selected: Selected) -> tuple[str, ...]:
    """Return the folders that are installed from source, relative to the project; ``.`` first."""
    pins = [pin for pin in selected.selection.pins if pin.source.kind in {"editable", "path"}]
    found = {os.path.normpath(pin.source.url or ".") for pin in pins}
    return tuple(sorted({Path(path).as_posix() for path in found if not os.path.isabs(path)}))


def _notebooks(project: Project) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the project's own notebooks, and the folders below with notebooks of other projects."""
    own: list[str] = []
    nested: set[str] = set()
    for path in find_notebooks(project.root):
        root = find_root(path.parent) or project.root
        if root == project.root or project.root not in root.parents:
            own.append(path.relative_to(project.root).as_posix())
        else:
            nested.add(root.relative_to(project.root).as_posix())
    return tuple(own), tuple(sorted(nested))


def _credentials(project: Project) -> tuple[str, ...]:
    """Return the names of the variables in which uv looks for credentials of the indexes that the project names."""
    names = _index_names(project) if "pyproject.toml" in project.names else ()
    return tuple(f"UV_INDEX_{name}_{what}" for name in sorted(names) for what in ("USERNAME", "PASSWORD"))


def _ignored(project: Project) -> tuple[str, ...]:
    if ".dockerignore" not in project.names:
        return ()
    lines = [line.strip() for line in store.read_text(project.root / ".dockerignore").splitlines()]
    return tuple(line for line in lines if line and not line.startswith("#"))


def _index_names(project: Project) -> set[str]:
    table = tomllib.loads(store.read_text(project.root / "pyproject.toml")).get("tool", {})
    uv = table.get("uv", {}) if isinstance(table, dict) else {}
    rows = uv.get("index", []) if isinstance(uv, dict) else []
    found = [row for row in rows if isinstance(row, dict) and "name" in row]
    # The builds of PyTorch lie on public indexes (.../whl/cu128).
    return {re.sub(r"[^A-Z0-9]", "_", str(row["name"]).upper()) for row in found if "/whl/" not in str(row.get("url"))}
