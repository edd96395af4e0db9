"""The tool that a project's lock belongs to (Poetry, PDM, Pipenv), driven where it is there.

mlenv installs these locks by itself; only making one anew needs the tool. ``[tool.mlenv] engine = "poetry"`` has the
tool install, too. It works on a copy of the project's files, so that it writes nothing into the project.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from mlenv import process, store
from mlenv.engines import project_tools
from mlenv.engines.choose import EngineChoice, Tools
from mlenv.engines.project_tools import ChangeRequest, FillRequest, LockRequest, ProjectTool
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.manifest_edit import is_poetrys
from mlenv.model import Pin
from mlenv.services import tools as engine_tools
from mlenv.services.as_of import NOW
from mlenv.services.context import Context
from mlenv.services.cuda_choice import refuse_cuda
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.scratch import scratch_folder
from mlenv.services.tools import run_engine

__all__ = ["LOCK_OF", "change", "edits_itself", "fill", "maker", "refuse_misfit", "relock"]


class Filling(Protocol):
    """What is to be installed: the part of a wish that this needs."""

    @property
    def selected(self) -> Selected: ...
    @property
    def tools(self) -> Tools: ...
    @property
    def files(self) -> Mapping[str, str]: ...


LOCK_OF = {"poetry": "poetry.lock", "pdm": "pdm.lock", "pipenv": "Pipfile.lock"}
_COPIED = ("pyproject.toml", "Pipfile", "poetry.toml", "pdm.toml", ".python-version", "README.md", *LOCK_OF.values())


def refuse_misfit(engine: EngineChoice, selected: Selected) -> None:
    """Refuse a tool that cannot install the lock that counts.

    Raises:
        MlenvError: ``engine-unfit``.
    """
    tool, lock = engine.through, selected.choice.lock
    if not tool or selected.choice.kind == tool:
        return
    there = f"the lock that counts here is {lock}" if lock else "there is none here"
    raise MlenvError(
        "engine-unfit",
        f"{tool} installs {LOCK_OF[tool]}; {there}",
        where=lock or "",
        hint="--engine uv" if lock else f"{tool} lock, then the same command again",
    )


def relock(
    context: Context, project: Project, edits: Mapping[str, str], selected: Selected, resolver: Resolver
) -> dict[str, str]:
    """Let the lock's own tool make it anew, on a copy of the project's files.

    Returns:
        The lock's name -> its new text.

    Raises:
        MlenvError: ``lock-not-driven`` where the tool is not there, or the project names folders that a copy would
            lose; what the tool failed with.
    """
    kind = maker(project, edits, selected, resolver)
    lock = selected.choice.lock or LOCK_OF[kind]
    tool = _tool(kind, lock, resolver.tools)
    _refuse_choices(kind, lock, resolver)
    _refuse_manifest(kind, selected)
    _refuse_folders(selected, kind, lock)
    with scratch_folder(project.root) as scratch:
        prefix = _prepared(context, project, edits, resolver, scratch)
        request = LockRequest(
            folder=str(scratch), prefix=prefix, upgrade=resolver.upgrade, upgrade_all=resolver.upgrade_all
        )
        run_engine(context, project_tools.lock(tool, request), "lock", resolver.descriptor, tool=kind)
        return {lock: engine_tools.read_answer(scratch / lock, kind)}


def maker(project: Project, edits: Mapping[str, str], selected: Selected, resolver: Resolver) -> str:
    """Return the tool that makes the project's lock: that of the lock, else of the engine or the manifest; or none."""
    choice = selected.choice
    if choice.kind is not None or resolver.engine.through:
        return choice.kind if choice.kind in LOCK_OF else resolver.engine.through if choice.kind is None else ""
    if choice.manifest == "Pipfile":
        return "pipenv"
    if choice.manifest != "pyproject.toml" or selected.manifest is None:
        return ""
    # Without a [project] table nobody else can read what it declares.
    alone = selected.manifest.asked.declares and not selected.manifest.has_project
    if alone or "poetry" in resolver.tools.own:
        text = edits.get("pyproject.toml") or store.read_text(project.root / "pyproject.toml")
        return "poetry" if is_poetrys(text) else ""
    return ""


def edits_itself(project: Project, selected: Selected, resolver: Resolver, requirements: tuple[str, ...] = ()) -> bool:
    """Whether the project's own tool edits its manifest: Poetry, where it is there; it takes no addresses."""
    addresses = any(" @ " in row for row in requirements)
    return not addresses and "poetry" in resolver.tools.own and maker(project, {}, selected, resolver) == "poetry"


def change(
    context: Context,
    project: Project,
    selected: Selected,
    resolver: Resolver,
    *,
    add: tuple[str, ...] = (),
    remove: tuple[str, ...] = (),
    group: str | None = None,
) -> dict[str, str]:
    """Let Poetry declare packages or take them out, on a copy of the project's files.

    Returns:
        The manifest and the lock: name -> new text.

    Raises:
        MlenvError: ``not-declared``; ``lock-not-driven`` where the project names folders that a copy would lose; what
            Poetry failed with.
    """
    kind = "poetry"
    lock = selected.choice.lock or LOCK_OF[kind]
    tool = _tool(kind, lock, resolver.tools)
    _refuse_choices(kind, lock, resolver)
    _refuse_folders(selected, kind, lock)
    with scratch_folder(project.root) as scratch:
        prefix = _prepared(context, project, {}, resolver, scratch)
        request = ChangeRequest(folder=str(scratch), prefix=prefix, add=add, remove=remove, group=group)
        context.tell("lock", f"{kind} resolves")
        run_engine(context, project_tools.change(tool, request), "lock", resolver.descriptor, tool=kind)
        return {name: engine_tools.read_answer(scratch / name, kind) for name in ("pyproject.toml", lock)}


def _prepared(context: Context, project: Project, edits: Mapping[str, str], resolver: Resolver, scratch: Path) -> str:
    """Copy the project's files and make an empty environment of the Python to lock for; return its folder."""
    _copy(project, edits, scratch)
    prefix, python = str(scratch / "environment"), resolver.interpreter.path
    engine_tools.make_environment(context, resolver.engine, resolver.tools, python, prefix, resolver.descriptor)
    return prefix


def _refuse_choices(kind: str, lock: str, resolver: Resolver) -> None:
    """Refuse what the tool cannot be told, rather than leave it unheeded: a day, a build of PyTorch.

    Raises:
        MlenvError: ``date-not-driven``, ``cuda-not-driven``.
    """
    if resolver.as_of not in ("", NOW):
        message = f"{lock} is made by {kind}, which mlenv does not limit to a day"
        raise MlenvError("date-not-driven", message, where=lock, hint="leave --as-of out")
    refuse_cuda(resolver.cuda, kind, lock)


def _refuse_manifest(kind: str, selected: Selected) -> None:
    """Refuse a tool that does not read the manifest that counts."""
    manifest, own = selected.choice.manifest, "Pipfile" if kind == "pipenv" else "pyproject.toml"
    if manifest != own:
        raise MlenvError(
            "engine-unfit",
            f"{kind} reads {own}, and the packages are declared in {manifest or 'no file'} here",
            where=manifest or "",
            hint=f"--engine uv, or declare them in {own}",
        )


def fill(context: Context, project: Project, wish: Filling, generation: Path, descriptor: int | None) -> None:
    """Let the project's own tool install its lock into an environment that mlenv made.

    Raises:
        MlenvError: what the tool failed with.
    """
    selected = wish.selected
    kind, lock = selected.choice.kind or "", selected.choice.lock or ""
    tool = _tool(kind, lock, wish.tools)
    chosen = selected.selection.groups
    known = selected.manifest.groups if selected.manifest else ()
    with scratch_folder(project.root) as scratch:
        local = _folder_pin(selected) is not None
        if not local:
            _copy(project, wish.files, scratch)
        request = FillRequest(
            root=str(project.root if local else scratch),
            prefix=str(generation),
            extras=selected.selection.extras,
            groups=chosen,
            without=tuple(group for group in known if group not in chosen),
        )
        run_engine(context, project_tools.fill(tool, request), "download", descriptor, tool=kind)


def _copy(project: Project, edits: Mapping[str, str], scratch: Path) -> None:
    for name in _COPIED:
        text = edits.get(name)
        if text is None and name in project.names:
            text = store.read_text(project.root / name)
        if text is not None:
            store.write_atomic(scratch / name, text)


def _tool(kind: str, lock: str, found: Tools) -> ProjectTool:
    path = found.own.get(kind)
    if path is None:
        raise MlenvError(
            "lock-not-driven",
            f"only {kind} can make {lock}, and it is not on this machine",
            where=lock,
            hint=f"uv tool install {kind}; or mlenv sync --frozen, which installs a {lock} as it is",
        )
    tool = ProjectTool(name=kind, path=path)
    answer = process.run(project_tools.version(tool))
    return ProjectTool(name=kind, path=path, version=project_tools.parse_version(answer.stdout))


def _refuse_folders(selected: Selected, kind: str, lock: str) -> None:
    """Refuse what a copy of the files would lose: dependencies that are folders of this machine."""
    local = _folder_pin(selected)
    if local is not None:
        raise MlenvError(
            "lock-not-driven",
            f"{lock} names other folders of this machine ({local.source.url}); mlenv does not make such a lock anew",
            where=lock,
            hint=f"{kind} lock, then: mlenv sync",
        )


def _folder_pin(selected: Selected) -> Pin | None:
    pins = selected.content.pins if selected.content else ()
    return next((pin for pin in pins if pin.source.kind in {"path", "editable"} and pin.source.url != "."), None)
