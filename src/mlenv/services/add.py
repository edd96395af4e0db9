"""``add``, ``remove``, ``upgrade``: edit the manifest, relock, install, in one step or not at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mlenv import history
from mlenv.engines.requirement import checked_name
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.model import Outcome
from mlenv.services import declare, own_tool, words
from mlenv.services.adopt import adopted_requirements
from mlenv.services.as_of import told
from mlenv.services.change import Done, carry_out, changes_of
from mlenv.services.check import check_project
from mlenv.services.context import Context
from mlenv.services.cuda_choice import cuda_line, with_recorded_cuda
from mlenv.services.holding import holding
from mlenv.services.lists import changed_list, is_list
from mlenv.services.locking import relock
from mlenv.services.prepare import asks_conda, prepare, requested
from mlenv.services.project import Project, again, open_project
from mlenv.services.refresh import refresh_runtime
from mlenv.services.refusals import refuse_foreign, refuse_what_hurts
from mlenv.services.resolver import Resolver
from mlenv.services.select import select_project, target_of, wanted
from mlenv.services.server_environment import (
    refuse_changes_of_server,
    refuse_pins_of_server,
    server_in,
    server_lines,
)
from mlenv.services.sync import in_step
from mlenv.services.wish import wish_for
from mlenv.services.workspace import refuse_member
from mlenv.verbs import did_you_mean

__all__ = ["add", "change_project", "remove", "upgrade"]


def add(context: Context, requirements: Sequence[str]) -> Outcome:
    """Declare packages, lock and install them.

    Raises:
        MlenvError: what failed, naming package and cause; nothing was changed then.
    """
    wanted = requested(context, open_project(context, create=True), requirements)
    return change_project(context, "add", wanted, declare.names_of(wanted))


def remove(context: Context, names: Sequence[str]) -> Outcome:
    """Take packages out of manifest, lock and environment.

    Raises:
        MlenvError: ``name-invalid``; ``not-declared`` where nobody declares one of them; nothing was changed then.
    """
    return change_project(context, "remove", (), [checked_name(name) for name in names])


def upgrade(context: Context, names: Sequence[str]) -> Outcome:
    """Move packages (all without names) to the newest versions that the manifest allows.

    Raises:
        MlenvError: ``not-locked`` for a package that the project does not have; what the resolver could not do.
    """
    return change_project(context, "upgrade", (), [checked_name(name) for name in names])


def change_project(context: Context, verb: str, requirements: tuple[str, ...], names: Sequence[str]) -> Outcome:
    """Hold the project, compute the new files, carry the change out and say what happened."""
    project = open_project(context, create=verb == "add")
    refuse_member(context, project.root, project.member, verb)
    with holding(context, project, verb) as (project, descriptor):
        refuse_foreign(project)
        if verb == "add" and (context.options.pip or not asks_conda(context, project)):
            words.tell_owned(context, project, names)
        group = declare.group_of(context) if verb != "upgrade" else None
        context = _with_group(context, project, group if verb == "add" else None)
        server = server_in(context, project)
        refuse_pins_of_server(context, server, requirements)
        resolver, files = _new_files(context, project, verb, requirements, names, descriptor, group)
        files = with_recorded_cuda(context, project, files)
        selected = select_project(project, target_of(resolver.interpreter.path), context.options, files=files)
        wish = wish_for(context, project, verb, selected, resolver, files)
        changes = changes_of(words.installed_of(project), selected)
        refuse_what_hurts(context, project, wish, changes)
        refuse_changes_of_server(context, server, changes)
        if context.options.dry_run:
            return words.planned(verb, changes, files)
        unchanged = not changes and not declare.changed_files(project, files)
        if unchanged and in_step(context, project, check_project(context, project)):
            return _dated(project, selected.choice.lock, _nothing(verb, names))
        done = carry_out(context, project, wish, descriptor)
    after = again(project)
    refresh_runtime(context, after)
    notes = (
        *words.python_moved(project, after),
        *cuda_line(context, project, files),
        *server_lines(context, project, server, changes, resolver),
    )
    return _dated(project, wish.selected.choice.lock, _outcome(verb, names, done, notes))


def _with_group(context: Context, project: Project, group: str | None) -> Context:
    """Return the context in which a group that is added to is installed beside those that are installed already."""
    plain = _told(context, None)
    if group is None:
        return context if context.options.groups is None else plain
    _, recorded = wanted(project, plain.options)
    _, default = wanted(project, replace(plain.options, groups=()))
    return plain if recorded is None and group in (default or ()) else _told(context, (*(recorded or ()), group))


def _told(context: Context, groups: tuple[str, ...] | None) -> Context:
    return replace(context, options=replace(context.options, groups=groups))


def _new_files(
    context: Context,
    project: Project,
    verb: str,
    requirements: tuple[str, ...],
    names: Sequence[str],
    descriptor: int,
    group: str | None,
) -> tuple[Resolver, dict[str, str]]:
    resolver = prepare(
        context,
        project,
        {},
        descriptor,
        upgrade=tuple(names) if verb == "upgrade" else (),
        upgrade_all=verb == "upgrade" and not names,
    )
    selected = select_project(project, target_of(resolver.interpreter.path), _told(context, None).options)
    if verb == "upgrade":
        _refuse_unknown(selected, names)
    if resolver.engine.name == "conda":
        rows = _conda_edits(context, project, selected, resolver, verb, requirements, names)
        return resolver, {**rows, **relock(context, project, rows, resolver)}
    if is_list(selected):
        declare.refuse_group(selected.choice.lock or "", group)
        return resolver, _unless_taken_out(
            project,
            verb,
            names,
            lambda: changed_list(context, project, resolver, selected, verb, requirements, names),
        )
    if verb in {"add", "remove"} and own_tool.edits_itself(project, selected, resolver, requirements):
        words = {"add": requirements} if verb == "add" else {"remove": tuple(names)}
        return resolver, _unless_taken_out(
            project,
            verb,
            names,
            lambda: own_tool.change(context, project, selected, resolver, group=group, **words),
        )
    edits: dict[str, str] = {}
    if verb == "add" and selected.choice.manifest is None:
        minor = ".".join(resolver.interpreter.version.split(".")[:2])
        taken = adopted_requirements(context, project, selected)
        edits = declare.new_manifest(project, minor, (*taken, *(row for row in requirements if row not in taken)))
    elif verb == "add":
        edits = declare.adding(project, selected, requirements, group)
    elif verb == "remove":
        edits = _unless_taken_out(project, verb, names, lambda: declare.removing(project, selected, names, group))
    return resolver, {**edits, **relock(context, project, edits, resolver)}


def _conda_edits(
    context: Context, project: Project, selected: Selected, resolver: Resolver, verb: str, rows: Sequence[str],
    names: Sequence[str],
) -> dict[str, str]:  # fmt: skip
    from mlenv.services.conda.declaring import added, removed

    if verb == "add":
        return added(context, project, selected, resolver, rows, pip=context.options.pip)
    if verb == "upgrade":
        return {}
    return _unless_taken_out(project, verb, names, lambda: removed(project, selected, resolver, names))


def _unless_taken_out(
    project: Project, verb: str, names: Sequence[str], edit: Callable[[], dict[str, str]]
) -> dict[str, str]:
    """Return what ``edit`` makes; nothing where a ``remove`` of these names was killed once it had done that.

    Else the same command again would refuse to go on: nobody declares them any more.
    """
    try:
        return edit()
    except MlenvError as error:
        before = "\n".join(history.interrupted(project.root, "remove"))
        if verb == "remove" and error.code == "not-declared" and all(_named(name, before) for name in names):
            return {}
        raise


def _named(name: str, text: str) -> bool:
    spelling = re.escape(name).replace(r"\-", "[-_.]+")
    return re.search(rf"(?i)(?<![\w.-]){spelling}(?![\w-])", text) is not None


def _refuse_unknown(selected: Selected, names: Sequence[str]) -> None:
    selection = selected.selection
    known = {pin.name for pin in selection.pins} | {row.name for row in selection.declared}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise MlenvError(
            "not-locked",
            f"{unknown[0]} is neither declared nor locked here.{did_you_mean(unknown[0], sorted(known))}",
            hint=f"mlenv add {unknown[0]}",
        )


def _dated(project: Project, lock: str | None, outcome: Outcome) -> Outcome:
    """Say that a day limits what this verb could take, where the lock has one."""
    limit = told(project, lock).lstrip(", ")
    line = f"as of        {lock}: only packages {limit}; --as-of now lifts that"
    return replace(outcome, lines=(*outcome.lines, line)) if limit and outcome.verb != "remove" else outcome


def _nothing(verb: str, names: Sequence[str]) -> Outcome:
    shown = ", ".join(names) or "every package"
    line = f"{shown}: the newest that fits already" if verb == "upgrade" else f"{shown}: there already, as declared"
    return Outcome(verb=verb, lines=(line,))


def _outcome(verb: str, names: Sequence[str], done: Done, notes: tuple[str, ...] = ()) -> Outcome:
    first = {"add": "added", "remove": "removed", "upgrade": "upgraded"}[verb]
    told: Mapping[str, str] = {c.package: c.after or c.before or "" for c in done.changes}
    asked = ", ".join(f"{name} {told[name]}" if name in told else name for name in names)
    lines = [f"{first} {asked}".rstrip() if asked or verb != "upgrade" else words.moved(done.changes)]
    rest = tuple(c for c in done.changes if c.package not in names)
    if rest and asked:
        lines.append(f"with it      {words.moved(rest)}")
    if done.files:
        lines.append(f"written      {', '.join(done.files)}")
    lines += notes
    lines.append(f"environment  {words.packages(done.count)} as locked")
    return Outcome(verb=verb, lines=tuple(lines), changes=done.changes, files=done.files)
