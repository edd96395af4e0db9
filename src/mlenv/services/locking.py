"""Make locks: texts of new lock files from manifests, by the engine's resolver, always on copies."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlenv import locks, process, store
from mlenv.engines import failures, pip, report, uv
from mlenv.engines.failure import Failure
from mlenv.engines.requests import ResolveRequest
from mlenv.errors import MlenvError
from mlenv.locks import Selected, Target
from mlenv.locks.dated import day_line
from mlenv.manifest_edit import list_of_pylock, pin_versions, without_hashes
from mlenv.model import Command
from mlenv.probe.interpreters import Interpreter
from mlenv.services import as_of, own_tool
from mlenv.services import tools as engine_tools
from mlenv.services.adopt import adopted_pins
from mlenv.services.context import Context
from mlenv.services.cuda_choice import refuse_cuda, with_backend
from mlenv.services.indexes import refuse_builds_by_pip, refuse_credentials, refuse_options, tell_indexes
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver
from mlenv.services.scratch import scratch_folder
from mlenv.services.select import select_project, target_of
from mlenv.services.tools import run_engine
from mlenv.services.wheels import naming_a_python

__all__ = ["compile_requirements", "locked_groups", "refuse_sources", "relock", "resolve_with_pip"]

_BESIDE = re.compile(r"(?m)^(\s*(?:-r|-c|-e|--requirement|--constraint|--editable)[ =]?\s*)(?![a-z+]+:)(\S+)")
"""What a list names by a path relative to itself."""


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
        return _relock_uv(context, project, edits, resolver)
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
        return _relock_requirements(context, project, edits, resolver, selected)
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
    elif not _may_build(context, project):
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
        source = _copied(project, edits, manifest, scratch)
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
            allow_build=_may_build(context, project),
            exclude_newer=resolver.as_of,
            cwd=str(source.parent if group else project.root),  # uv reads --group from the pyproject.toml there
        )
        request = with_backend(request, resolver.cuda)
        text = _resolve(context, resolver, request, preferred, scratch, _allowed(project, selected))
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


def _all_pins(text: str) -> list[tuple[str, str]]:
    rows = tomllib.loads(text).get("packages", [])
    return [(row["name"], row["version"]) for row in rows if "name" in row and "version" in row]


def _sealed_requirements(text: str, moment: str) -> str:
    """Give a compiled requirements file its end line; a row keeps its hashes and its comments."""
    head = [day_line(moment)] if moment else []
    rows: list[str] = []
    for line in text.splitlines():
        if line[:1].isspace() and rows:
            rows[-1] += f"\n{line}"
        elif line.startswith(("#", "-")) or not line.strip():
            head += [line] if line.startswith("-") else []
        else:
            rows.append(line)
    return locks.render_requirements(rows, head=head)


def _may_build(context: Context, project: Project) -> bool:
    return context.options.allow_build or project.settings.allow_build is not False


def _resolve(
    context: Context, resolver: Resolver, request: ResolveRequest, preferred: str, scratch: Path, allowed: str
) -> str:
    explain = _explaining(context, resolver, allowed)
    if resolver.engine.installer == "uv":
        command = uv.compile_pylock(engine_tools.uv_of(context, resolver.tools), request)
        run_engine(
            context, command, "lock", resolver.descriptor, explain=_explaining(context, resolver, allowed, command)
        )
        return engine_tools.read_answer(Path(request.output), "uv")
    pins = [] if resolver.upgrade_all or not preferred else _all_pins(preferred)
    return resolve_with_pip(context, resolver, request, pins, scratch, explain)


def _explaining(
    context: Context, resolver: Resolver, allowed: str = "", command: Command | None = None
) -> Callable[[Failure], Failure]:
    """Return what says more about a failed resolution: a Python that has a wheel, or the day that is in force."""
    if resolver.as_of:  # another Python may have a wheel of later only
        return lambda failure: as_of.explained(resolver, command, failure)
    return naming_a_python(context, resolver.tools, resolver.interpreter, allowed)


def resolve_with_pip(
    context: Context,
    resolver: Resolver,
    request: ResolveRequest,
    pins: Sequence[tuple[str, str]],
    scratch: Path,
    explain: Callable[[Failure], Failure],
) -> str:
    """Return a ``pylock.toml`` for this interpreter alone; pins are kept where that is possible."""
    host = engine_tools.pip_of(context, resolver.tools)
    files = tuple(_plain_file(Path(name), scratch, request) for name in request.files)
    keep = _constraints(pins, resolver.upgrade, scratch)
    wish = ResolveRequest(
        output=request.output,
        python=request.python,
        files=files,
        constraints=keep,
        allow_build=request.allow_build,
        exclude_newer=request.exclude_newer,
        cwd=request.cwd,
    )
    done = process.run(pip.resolve(host, wish))
    if done.code and keep:  # an old pin that no longer fits: resolve again without them
        done = process.run(pip.resolve(host, replace(wish, constraints=())))
    if done.code:
        failure = failures.parse_failure(
            "pip", done.stdout, done.stderr, done.code, allow_build=wish.allow_build, offline=host.offline
        )
        raise failures.failure_error(explain(failure), done.stdout, done.stderr)
    return report.pylock_from_report(done.stdout)


def _plain_file(path: Path, scratch: Path, request: ResolveRequest) -> str:
    """Write down as lines what pip does not read from ``pyproject.toml``: dependencies, extras and groups."""
    if path.suffix != ".toml":
        return str(path)
    plain = scratch / "declared.in"
    text, target = store.read_text(path), Target(markers={})
    rows = locks.parse_pyproject(text, "pyproject.toml", target, request.extras, request.groups).requirements
    store.write_atomic(plain, "".join(f"{row}\n" for row in rows))
    return str(plain)


def _constraints(pins: Sequence[tuple[str, str]], upgrade: Sequence[str], scratch: Path) -> tuple[str, ...]:
    kept = [(name, version) for name, version in pins if name not in upgrade]
    if not kept:
        return ()
    path = scratch / "keep.txt"
    store.write_atomic(path, "".join(f"{name}=={version}\n" for name, version in kept))
    return (str(path),)


def _relock_requirements(
    context: Context, project: Project, edits: Mapping[str, str], resolver: Resolver, selected: Selected
) -> dict[str, str]:
    """Compile ``requirements.in`` (or ``pyproject.toml``) into the pinned ``requirements.txt`` beside it."""
    lock = selected.choice.lock or "requirements.txt"
    text = compile_requirements(context, project, edits, resolver, (selected.choice.manifest or "",), lock)
    old = store.read_text(project.root / lock) if lock in project.names else ""
    # A list without hashes stays one: with them, pip would refuse every other list beside it.
    return {lock: _sealed_requirements(text if not old or "--hash" in old else without_hashes(text), resolver.as_of)}


def compile_requirements(
    context: Context,
    project: Project,
    edits: Mapping[str, str],
    resolver: Resolver,
    sources: Sequence[str],
    lock: str,
) -> str:
    """Return what the sources resolve to as pinned rows with hashes; pins of the old list are kept where they fit."""
    old = store.read_text(project.root / lock) if (project.root / lock).exists() else ""
    explain = _explaining(context, resolver)
    with scratch_folder(project.root) as scratch:
        copies = tuple(str(_copied(project, edits, name, scratch)) for name in sources)
        output = scratch / "locked.txt"
        request = ResolveRequest(
            output=str(output),
            python=resolver.interpreter.path,
            files=copies,
            upgrade=resolver.upgrade,
            upgrade_all=resolver.upgrade_all,
            allow_build=_may_build(context, project),
            exclude_newer=resolver.as_of,
            cwd=str(project.root),
        )
        if resolver.engine.installer != "uv":
            pins = [] if resolver.upgrade_all else list(pin_versions(old).items())
            return list_of_pylock(resolve_with_pip(context, resolver, request, pins, scratch, explain))
        if old:
            store.write_atomic(output, old)
        request = with_backend(request, resolver.cuda)
        command = uv.compile_requirements(engine_tools.uv_of(context, resolver.tools), request)
        run_engine(context, command, "lock", resolver.descriptor, explain=_explaining(context, resolver, "", command))
        # Where a row came from is said with the file's name, not with that of a scratch copy.
        text = store.read_text(output)
        for copy, name in zip(copies, sources, strict=True):
            text = text.replace(copy, name).replace(str(Path(copy).relative_to(project.root)), name)
    return text


def _relock_uv(context: Context, project: Project, edits: Mapping[str, str], resolver: Resolver) -> dict[str, str]:
    """Let uv lock a copy of the project's files."""
    uvx = engine_tools.uv_of(context, resolver.tools)
    with scratch_folder(project.root) as scratch:
        copy_uv_project(project, edits, scratch)
        command = uv.lock_project(
            uvx,
            str(scratch),
            resolver.interpreter.path,
            upgrade=resolver.upgrade,
            upgrade_all=resolver.upgrade_all,
            exclude_newer=resolver.as_of,
            allow_build=True,  # only metadata of what uv cannot read otherwise; installing asks again
        )
        explain = _explaining(context, resolver, "", command) if resolver.as_of else None
        run_engine(context, command, "lock", resolver.descriptor, explain=explain)
        return {"uv.lock": engine_tools.read_answer(scratch / "uv.lock", "uv")}


def copy_uv_project(project: Project, edits: Mapping[str, str], scratch: Path) -> None:
    """Copy what uv needs to lock.

    Raises:
        MlenvError: ``uv-workspace`` where the lock names other folders, which a copy would lose.
    """
    lock = store.read_text(project.root / "uv.lock") if "uv.lock" in project.names else ""
    local = re.findall(r'source = \{ (?:editable|directory|path|virtual) = "([^"]+)"', lock)
    others = sorted({name for name in local if name != "."})
    if others:
        raise MlenvError(
            "uv-workspace",
            f"uv.lock names other folders of this machine ({others[0]}); mlenv does not edit such a project yet",
            where="uv.lock",
            hint="uv add NAME, uv remove NAME or uv lock, then: mlenv sync",
        )
    for name in ("pyproject.toml", "uv.lock", "uv.toml", "README.md", ".python-version"):
        text = edits.get(name)
        if text is None and name in project.names:
            text = store.read_text(project.root / name)
        if text is not None:
            store.write_atomic(scratch / name, text)


def _copied(project: Project, edits: Mapping[str, str], name: str, scratch: Path) -> Path:
    """Return a file to resolve from: the real one where nothing is edited (its relative paths hold), else a copy."""
    if name not in edits:
        return project.root / name
    target = scratch / Path(name).name
    text = edits[name]
    if not name.endswith(".toml"):
        text = _BESIDE.sub(lambda found: f"{found[1]}{project.root / found[2]}", text)
    store.write_atomic(target, text)
    return target


def _lowest(selected: Selected, interpreter: Interpreter) -> str:
    """Return the lowest Python that the lock is for: the manifest's lower bound, else this minor version."""
    minors = re.findall(r">=\s*(3\.\d+)", selected.selection.requires_python)
    return minors[0] if minors else ".".join(interpreter.version.split(".")[:2])
