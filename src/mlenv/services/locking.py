"""Make locks: texts of new lock files from manifests, by the engine's resolver, always on copies."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlenv import locks, store
from mlenv.engines.requests import ResolveRequest
from mlenv.errors import MlenvError
from mlenv.locks import Selected, Target
from mlenv.probe.interpreters import Interpreter
from mlenv.services import as_of, own_tool
from mlenv.services.adopt import adopted_pins
from mlenv.services.context import Context
from mlenv.services.cuda_choice import refuse_cuda, with_backend
from mlenv.services.indexes import refuse_builds_by_pip, refuse_credentials, refuse_options, tell_indexes
from mlenv.services.locking_lists import relock_requirements
from mlenv.services.locking_uv import relock_uv
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.resolving import copied, may_build, resolve
from mlenv.services.scratch import scratch_folder
from mlenv.services.select import select_project, target_of

__all__ = ["locked_groups", "refuse_sources", "relock"]


def relock(context: Context, project: Project, edits: Mapping[str, str], resolver: Resolver) -> dict[str, str]:
    """Return the texts of the lock files that the manifest asks for now.

    Args:
        context: options and whom to tell.
        project: as it lies on disk.
        edits: manifest texts that count instead of those on disk.
        resolver: interpreter, engine, what to upgrade. Pins that still fit are kept.

    Returns:
        Path relative to the project -> text; empty where the project's lock is its own manifest.

    Raises:
        MlenvError: ``nothing-to-lock``; what the resolver could not do, naming package and cause.
    """
    selected = select_project(project, target_of(resolver.interpreter.path), context.options, files=edits)
    resolver = as_of.settled(context, project, selected, resolver)
    if resolver.engine.name == "conda":
        from mlenv.services.conda.locking import relock_conda

        return relock_conda(context, project, edits, selected, resolver)
    tool = own_tool.maker(project, edits, selected, resolver)
    if tool == "pipenv" and tool in resolver.tools.own:
        refuse_credentials(project, selected)
    else:
        refuse_sources(context, project, selected, resolver)
    kind, manifest = selected.choice.kind, selected.choice.manifest
    context.tell("lock", "resolving")
    if kind == "uv":
        refuse_cuda(resolver.cuda, "uv", "uv.lock")
        return relock_uv(context, project, edits, resolver)
    if manifest is None:
        if kind is None:
            raise MlenvError(
                "nothing-to-lock",
                "nothing is declared here, so there is nothing to lock",
                where=str(project.root),
                hint="mlenv add NAME, or mlenv freeze to lock what is installed",
            )
        return {}
    if tool and manifest is not None:
        refuse_cuda(resolver.cuda, tool, selected.choice.lock or manifest)
        return own_tool.relock(context, project, edits, selected, resolver)
    if kind in {None, "pylock"}:
        return _relock_pylock(context, project, edits, resolver, selected)
    if kind == "requirements":
        return relock_requirements(context, project, edits, resolver, selected)
    raise MlenvError(
        "lock-not-driven",
        f"{selected.choice.lock} belongs to another tool; mlenv does not write it",
        where=selected.choice.lock or "",
        hint=f"relock with {kind}, then: mlenv sync",
    )


def refuse_sources(context: Context, project: Project, selected: Selected, resolver: Resolver) -> None:
    """Stop before an engine resolves from files that say more than what to install; say what it will follow.

    Raises:
        MlenvError: as :func:`mlenv.services.indexes.refuse_options`; ``build-not-allowed`` where pip would build.
    """
    refuse_options(context, selected)
    refuse_credentials(project, selected)
    if resolver.engine.installer == "uv":
        tell_indexes(context, project)
    elif not may_build(context, project):
        refuse_builds_by_pip(selected)


def locked_groups(project: Project, selected: Selected) -> tuple[str, ...]:
    """Return the groups that have, or are asked to have, a lock of their own."""
    there = {m[1] for name in project.names if (m := re.fullmatch(r"pylock\.([^.]+)\.toml", name))}
    return tuple(
        sorted({*there, *selected.selection.groups} & set(selected.manifest.groups if selected.manifest else ()))
    )


def _relock_pylock(
    context: Context, project: Project, edits: Mapping[str, str], resolver: Resolver, selected: Selected
) -> dict[str, str]:
    lock = selected.choice.lock or "pylock.toml"
    old = store.read_text(project.root / lock) if (project.root / lock).exists() else _kept(project, resolver)
    text = _compile_pylock(context, project, edits, resolver, selected, old, None)
    locked = {lock: text}
    for group in locked_groups(project, selected):
        name = f"pylock.{group}.toml"
        locked[name] = _compile_pylock(context, project, edits, resolver, selected, text, group)
    return locked


def _kept(project: Project, resolver: Resolver) -> str:
    """Return the pins of an environment that was never locked, as the resolver's preferences."""
    pins = {**dict(resolver.pins), **dict(adopted_pins(project))}
    rows = [f'[[packages]]\nname = "{name}"\nversion = "{version}"\n' for name, version in pins.items()]
    return "\n".join(['lock-version = "1.0"\ncreated-by = "mlenv"\n', *rows]) if rows else ""


def _compile_pylock(
    context: Context,
    project: Project,
    edits: Mapping[str, str],
    resolver: Resolver,
    selected: Selected,
    preferred: str,
    group: str | None,
) -> str:
    """Resolve the manifest (and one group) into the sealed text of a ``pylock.toml``."""
    manifest = selected.choice.manifest or ""
    with scratch_folder(project.root) as scratch:
        source = copied(project, edits, manifest, scratch)
        output = scratch / "pylock.toml"
        if preferred:
            store.write_atomic(output, preferred)
        request = ResolveRequest(
            output=str(output),
            python=resolver.interpreter.path,
            lowest_python=_lowest(selected, resolver.interpreter),
            files=(str(source),),
            extras=selected.selection.extras,
            groups=(group,) if group else (),
            upgrade=resolver.upgrade,
            upgrade_all=resolver.upgrade_all,
            allow_build=may_build(context, project),
            exclude_newer=resolver.as_of,
            cwd=str(source.parent if group else project.root),  # uv reads --group from the pyproject.toml there
        )
        request = with_backend(request, resolver.cuda)
        text = resolve(context, resolver, request, preferred, scratch, _allowed(project, selected))
    return locks.seal(
        text,
        _requirements(project, edits, selected, group),
        extras=selected.selection.extras,
        groups=(group,) if group else (),
        requires_python=selected.selection.requires_python,
        as_of=resolver.as_of,
        where=f"pylock.{group}.toml" if group else "pylock.toml",
    )


def _requirements(project: Project, edits: Mapping[str, str], selected: Selected, group: str | None) -> tuple[str, ...]:
    """Return what is being locked, as it is recorded in the lock."""
    if selected.choice.manifest != "pyproject.toml":
        return selected.manifest.requirements if selected.manifest else ()
    text = edits.get("pyproject.toml") or store.read_text(project.root / "pyproject.toml")
    target = Target(markers={})
    return locks.parse_pyproject(
        text, "pyproject.toml", target, selected.selection.extras, (group,) if group else ()
    ).requirements


def _allowed(project: Project, selected: Selected) -> str:
    """Return the Pythons that the project was for already: a manifest that is only being made binds nobody."""
    return selected.selection.requires_python if selected.choice.manifest in project.names else ""


def _lowest(selected: Selected, interpreter: Interpreter) -> str:
    """Return the lowest Python that the lock is for: the manifest's lower bound, else this minor version."""
    minors = re.findall(r">=\s*(3\.\d+)", selected.selection.requires_python)
    return minors[0] if minors else ".".join(interpreter.version.split(".")[:2])
