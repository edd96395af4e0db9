"""``create``: from nothing (or from what is there) to a kernel that was proved by starting it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mlenv import locks, store, trust
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.model import Installed, Outcome, value
from mlenv.moments import released_before
from mlenv.probe import interpreters
from mlenv.services import as_of, declare, hygiene, kernels, own_tool, proof, share, words
from mlenv.services.adopt import adopted_requirements
from mlenv.services.change import Done, carry_out, changes_of
from mlenv.services.check import check_project
from mlenv.services.conda.holding import count_of
from mlenv.services.context import Context
from mlenv.services.cuda_choice import cuda_line, with_recorded_cuda
from mlenv.services.disk import copied
from mlenv.services.holding import holding
from mlenv.services.lists import changed_list, is_list
from mlenv.services.prepare import prepare, requested
from mlenv.services.project import Project, again, forget_used, open_project
from mlenv.services.refusals import is_managed, refuse_foreign, refuse_what_hurts
from mlenv.services.resolver import Resolver
from mlenv.services.select import select_project, target_of
from mlenv.services.sync import damaged_names, in_step, relocked_if_stale
from mlenv.services.wish import wants_ipykernel, wish_for

__all__ = ["create"]


@value
class _Built:
    project: Project
    selected: Selected
    resolver: Resolver
    done: Done | None
    """``None`` where the environment was in step already."""
    cuda: tuple[str, ...] = ()
    """The line that says which builds of PyTorch were taken, where that was asked."""
    written: tuple[str, ...] = ()
    """Files written where nothing was made."""
    kept: bool = False
    """Whether an environment that somebody else made was taken as it is."""


def create(
    context: Context,
    requirements: Sequence[str],
    *,
    kernel_name: str = "",
    pins: tuple[tuple[str, str], ...] = (),
    given: Mapping[str, str] | None = None,
) -> Outcome:
    """Make the project's environment from its lock, with these packages added, and register its kernel.

    Running it again is safe: what is there and in step stays; what is broken is rebuilt, with the same kernel id.

    Args:
        context: options and whom to tell.
        requirements: packages to add first.
        kernel_name: the kernel's id; empty: the setting's, or one made from the folder's name.
        pins: (name, version) that a first lock keeps where they fit.
        given: files that the project gets first (a bundle's): path relative to it -> text.

    Raises:
        MlenvError: what failed and what to type; the old environment is as it was then.
    """
    project = open_project(context, create=True)
    wanted = requested(context, project, requirements)
    if project.settings.env:
        refuse_foreign(project)
    said = "--name" if kernel_name else project.settings.at("kernel-name")
    kernel_name = kernel_name or project.settings.kernel_name or ""
    kernels.refuse_taken(kernel_name, str(project.root), project.prefix, where=said)
    with holding(context, project, "create") as (project, descriptor):
        former = _former_root(project)
        keeps = _keeps(context, project, wanted)
        start = project if keeps else again(project, used=False)
        built = _build(context, start, wanted, descriptor, pins, given or {})
        if isinstance(built, Outcome):
            return built
        if not keeps:
            forget_used(project.root)
    project = again(project)
    trust.trust(project.root, project.link)
    registered = _register(context, project, built.selected.selection.name, kernel_name)
    share.renew(context, project)
    kernels.forget_project(former)
    return _outcome(context, built, project, wanted, registered)


def _build(
    context: Context,
    project: Project,
    wanted: tuple[str, ...],
    descriptor: int,
    pins: tuple[tuple[str, str], ...],
    given: Mapping[str, str],
) -> _Built | Outcome:
    resolver = replace(prepare(context, project, given, descriptor), pins=pins)
    target = target_of(resolver.interpreter.path)
    selected = select_project(project, target, context.options, files=given)
    bare = selected.choice.manifest is None and selected.choice.lock is None
    healthy = project.environment.prefix is not None and project.environment.problem is None
    if bare and healthy and not wanted and not context.options.python:
        return _Built(project=project, selected=selected, resolver=resolver, done=None, kept=True)
    proof.make_ready()
    edits = declare.changed_files(project, {**given, **_edits(context, project, selected, resolver, wanted)})
    selected, files = relocked_if_stale(context, project, resolver, edits)
    files = declare.changed_files(project, with_recorded_cuda(context, project, files))
    if selected.content is None and selected.choice.lock is not None:
        raise MlenvError(
            "lock-not-driven",
            f"{selected.choice.lock} is not read yet, so no environment can be made from it",
            where=selected.choice.lock,
            hint=f"make it with {selected.choice.kind} and type: mlenv use DIR; or name another lock with --lock FILE",
        )
    damaged = damaged_names(context, project) if healthy else ()
    settled = healthy and not files and not damaged and _as_asked(context, project, resolver)
    if settled and in_step(context, project, check_project(context, project)):
        written = _written_down(context, project, resolver)
        return _Built(project=project, selected=selected, resolver=resolver, done=None, written=written)
    files = {**files, **_python_file(context, project, resolver)}
    wish = wish_for(context, project, "create", selected, resolver, files, damaged)
    changes = changes_of(words.installed_of(project) if healthy else Installed(), selected)
    refuse_what_hurts(context, project, wish, changes)
    if context.options.dry_run:
        return words.planned("create", changes, files)
    done = carry_out(context, project, wish, descriptor)
    told = cuda_line(context, project, files)
    return _Built(project=project, selected=selected, resolver=resolver, done=done, cuda=told)


def _conda_edits(
    context: Context, project: Project, selected: Selected, resolver: Resolver, wanted: tuple[str, ...]
) -> dict[str, str]:
    from mlenv.services.conda.declaring import added

    choice = selected.choice
    if (choice.manifest or choice.lock) and not wanted and not context.options.python:
        return {}
    return added(context, project, selected, resolver, wanted, pip=context.options.pip)


def _as_asked(context: Context, project: Project, resolver: Resolver) -> bool:
    """Whether the environment has the Python that counts, and was made by the engine that was named now, if one was."""
    made_by = project.marker.get("engine")
    another = context.options.engine is not None and made_by not in (None, resolver.engine.recorded)
    return _same_python(project, resolver) and not another


def _same_python(project: Project, resolver: Resolver) -> bool:
    if resolver.engine.name == "conda":
        return project.environment.engine == "conda"  # its Python is a package like the others
    present = (project.environment.python or "").split(".")[:2]
    return present == resolver.interpreter.version.split(".")[:2]


def _edits(
    context: Context, project: Project, selected: Selected, resolver: Resolver, wanted: tuple[str, ...]
) -> dict[str, str]:
    if resolver.engine.name == "conda":
        return _conda_edits(context, project, selected, resolver, wanted)
    minor = ".".join(resolver.interpreter.version.split(".")[:2])
    choice = selected.choice
    if choice.manifest is None and choice.lock is None:
        taken = adopted_requirements(context, project, selected)
        rows = (*taken, *(row for row in wanted if row not in taken))
        return declare.begun(project, minor, rows, resolver.engine.through)
    if not wanted:
        return {}
    if choice.manifest is None and choice.kind != "requirements":
        return declare.new_manifest(project, minor, (*adopted_requirements(context, project, selected), *wanted))
    if is_list(selected):
        return changed_list(context, project, resolver, selected, "add", wanted, declare.names_of(wanted))
    if own_tool.edits_itself(project, selected, resolver, wanted):
        return own_tool.change(context, project, selected, resolver, add=wanted, group=declare.group_of(context))
    return declare.adding(project, selected, wanted, declare.group_of(context))


def _python_file(context: Context, project: Project, resolver: Resolver) -> dict[str, str]:
    """A Python that was asked for by version or by a day is written down, so that the next ``create`` takes it, too."""
    asked = context.options.python
    chosen = project.settings.python or ".python-version" in project.names
    if not asked and resolver.as_of not in ("", as_of.NOW) and not chosen:
        asked = ".".join(resolver.interpreter.version.split(".")[:2])
    if resolver.engine.name == "conda" or not asked or not re.fullmatch(r"3(\.\d+){1,2}", asked):
        return {}
    path = project.root / ".python-version"
    old = store.read_text(path) if path.exists() else ""
    text = locks.with_python_version(old, asked, resolver.interpreter.version)
    return {} if text == old else {".python-version": text}


def _written_down(context: Context, project: Project, resolver: Resolver) -> tuple[str, ...]:
    """Write down the Python that was asked for where the environment has it already; return the file's name."""
    files = {} if context.options.dry_run else _python_file(context, project, resolver)
    for name, text in files.items():
        store.write_atomic(project.root / name, text, inside=project.root)
    return tuple(files)


def _keeps(context: Context, project: Project, wanted: tuple[str, ...]) -> bool:
    """Whether an environment outside the project, told by ``use``, stays its environment.

    It is never changed, so the project gets one of its own as soon as something would have to be.
    """
    if project.settings.env or project.link.is_relative_to(project.root):
        return True
    if wanted or is_managed(project):
        return False
    verdict = check_project(context, project).verdict
    if verdict == "unlocked":  # what is declared would be locked and installed
        selected = select_project(project, target_of(interpreters.host().path), context.options)
        return selected.choice.manifest is None
    return verdict in {"in-step", "restart", "switch"}


def _former_root(project: Project) -> str:
    """Return the folder that the environment was made in, where the project was moved away from it; else nothing."""
    made_at = project.marker.get("path")
    former = Path(made_at).parents[2] if isinstance(made_at, str) and len(Path(made_at).parents) > 3 else project.root
    return "" if former.exists() else str(former)


def _register(context: Context, project: Project, name: str, kernel_name: str) -> Outcome:
    here = context.options.kernel_prefix
    mine = [one for one in kernels.kernels_of(str(project.root)) if one.prefix == project.prefix and one.state == "ok"]
    mine = [one for one in mine if one.mode == "installed" or one.dotenv == project.settings.dotenv_file]
    if here and os.path.abspath(here) == project.prefix and mine and not kernel_name:
        # The kernel that asks is the proof.
        one = mine[0]
        line = f"kernel {one.display_name} ({one.id}) runs this notebook"
        return Outcome(verb="create", lines=(line,), kernel=one.id)
    context.tell("kernel", "starting the kernel to prove it")
    return kernels.register(
        context,
        root=str(project.root),
        prefix=project.prefix,
        # A name that was only made from the folder's: people read the folder's own.
        name=project.root.name if name == declare.default_name(project.root.name) else name,
        kernel_name=kernel_name,
        ipykernel="installed" if wants_ipykernel(context, project) else "runtime",
    )


def _outcome(
    context: Context, built: _Built, project: Project, wanted: tuple[str, ...], registered: Outcome
) -> Outcome:
    selection, resolver = built.selected.selection, built.resolver
    done = built.done
    count = done.count if done else count_of(words.installed_of(project))
    python = project.environment.python or resolver.interpreter.version
    engine = resolver.engine
    how = f"{engine.through or engine.name}: {engine.why}" if done else "as it was"
    lines = [f"environment  {project.link.name}: Python {python}, {words.packages(count)} ({how})"]
    if selection.manifest:
        shown = ", ".join(wanted[:6]) + (", ..." if len(wanted) > 6 else "")
        lines.append(f"manifest     {selection.manifest}{': ' + shown if shown else ''}")
    if selection.lock:
        dated = as_of.told(project, selection.lock)
        lines.append(f"lock         {selection.lock}: {words.packages(len(selection.pins))}{dated}")
    lines += built.cuda
    lines += [line.replace("kernel ", "kernel       ", 1) for line in registered.lines[:1]]
    was = (*_former_python(built), *_python_of_day(built), *words.gone(done.changes)) if done else ()
    notes = (*was, *registered.lines[1:], *(copied(context, built.resolver, project) if done else ()))
    lines += [
        f"note         {line}"
        for line in (*notes, *hygiene.tracked_secrets(project.root), *words.side_by_side(project))
    ]
    lines.append(_next_line(context, project, selection.lock))
    return Outcome(
        verb="create",
        lines=tuple(lines),
        changes=done.changes if done else (),
        files=done.files if done else built.written,
        kernel=registered.kernel,
        data=registered.data,
    )


def _former_python(built: _Built) -> tuple[str, ...]:
    """Say where an environment of another minor version is replaced."""
    before, python = built.project.environment.python or "", built.resolver.interpreter
    if not before or before.split(".")[:2] == python.version.split(".")[:2]:
        return ()
    return (f"Python was {before}, and is {python.version} now: {python.why}",)


def _python_of_day(built: _Built) -> tuple[str, ...]:
    """Say which Python was taken for a day, or that it is younger than the day."""
    moment, python = built.resolver.as_of, built.resolver.interpreter
    if moment in ("", as_of.NOW):
        return ()
    if released_before(python.version, moment):
        return (f"Python {python.version}: {python.why}",)
    return (f"Python {python.version} ({python.why}) is younger than {moment[:10]}; --python takes another",)


def _next_line(context: Context, project: Project, lock: str | None) -> str:
    if not lock:
        return "next         mlenv freeze locks what is installed"
    prefix = context.options.kernel_prefix
    if prefix and os.path.abspath(prefix) != project.prefix:
        return "next         choose this kernel in the Kernel menu of the notebook"
    return (
        "next         nothing: in step"
        if prefix
        else "next         choose this kernel in your notebook, or: mlenv check"
    )
