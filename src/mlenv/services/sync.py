"""``sync`` and ``lock``: make the environment what the lock says; write the lock anew from the manifest."""

from __future__ import annotations

from collections.abc import Mapping

from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.model import Change, Outcome, Report
from mlenv.probe import site
from mlenv.probe.conda_whole import conda_faults
from mlenv.services import words
from mlenv.services.as_of import is_due, told
from mlenv.services.change import carry_out, changes_of, write_only
from mlenv.services.check import built_elsewhere, check_project
from mlenv.services.context import Context
from mlenv.services.declare import changed_files
from mlenv.services.holding import holding
from mlenv.services.leftovers import clear_leftovers
from mlenv.services.locking import relock
from mlenv.services.prepare import prepare
from mlenv.services.project import Project, again, open_project
from mlenv.services.refresh import refresh_runtime
from mlenv.services.refusals import refuse_what_hurts
from mlenv.services.resolver import Resolver
from mlenv.services.select import select_project, synced_with, target_of, wanted
from mlenv.services.wish import wish_for
from mlenv.services.workspace import refuse_member

__all__ = ["damaged_names", "lock", "relocked_if_stale", "sync"]


def sync(context: Context) -> Outcome:
    """Make the environment what the lock says; a stale lock is made anew first, unless ``--frozen``.

    Raises:
        MlenvError: ``no-lock``; what failed, naming package and cause; the environment is as it was then.
    """
    project = open_project(context)
    with holding(context, project, "sync") as (project, descriptor):
        resolver = prepare(context, project, {}, descriptor)
        selected, files = relocked_if_stale(context, project, resolver)
        if selected.content is None:
            raise _no_lock(project, selected)
        damaged = damaged_names(context, project)
        installed = words.installed_of(project)
        changes = changes_of(installed, selected)
        if not files and not damaged and in_step(context, project, check_project(context, project)):
            refresh_runtime(context, project)
            line = f"in step already: {words.packages(len(selected.selection.pins))} of {selected.selection.lock}"
            cleared = clear_leftovers(context, project, installed)
            return Outcome(verb="sync", lines=(line, *cleared), dry_run=context.options.dry_run)
        wish = wish_for(context, project, "sync", selected, resolver, files, damaged)
        refuse_what_hurts(context, project, wish, changes)
        if context.options.dry_run:
            return words.planned("sync", changes, files)
        done = carry_out(context, project, wish, descriptor)
    after = again(project)
    refresh_runtime(context, after)
    lines = [f"synced {project.link.name}: {words.moved(done.changes)}", *words.python_moved(project, after)]
    if damaged:
        lines.append(f"mended {', '.join(damaged[:6])}: files were missing or changed")
    if done.files:
        lines.append(f"written {', '.join(done.files)}")
    lines.append(f"in step with {selected.selection.lock}: {words.packages(done.count)}")
    return Outcome(verb="sync", lines=tuple(lines), changes=done.changes, files=done.files)


def in_step(context: Context, project: Project, report: Report) -> bool:
    """Whether there is nothing for ``sync`` to do; what was asked for now counts as a difference."""
    if context.options.selects:
        extras, groups = wanted(project, context.options)
        if synced_with(project) != (list(extras or ()), list(groups or ())):
            return False
    return report.verdict in {"in-step", "restart", "switch"} and project.environment.prefix is not None


def relocked_if_stale(
    context: Context, project: Project, resolver: Resolver, edits: Mapping[str, str] | None = None
) -> tuple[Selected, dict[str, str]]:
    """Select; where manifest and lock disagree, or there is no lock yet, relock first (never with ``--frozen``)."""
    edits = dict(edits or {})
    target = target_of(resolver.interpreter.path)
    selected = select_project(project, target, context.options, files=edits)
    stale = any(finding.kind == "relock" for finding in selected.selection.findings)
    stale = stale or context.options.cuda not in {None, project.settings.cuda}
    missing = selected.content is None and selected.choice.lock is None and selected.choice.manifest is not None
    # Rows that are all pinned would count as a lock; what mlenv declares in environment.yml is locked beside it.
    edited = bool(edits) and resolver.engine.name == "conda"
    due = is_due(project, selected, resolver)
    if not (stale or missing or edited or due) or context.options.frozen:
        return selected, edits
    files = {**edits, **relock(context, project, edits, resolver)}
    return select_project(project, target, context.options, files=files), files


def damaged_names(context: Context, project: Project) -> tuple[str, ...]:
    """Return installed packages whose files are not all there or for another machine; with ``--deep``, or changed."""
    installed = words.installed_of(project)
    names = {name for name, _ in installed.damaged}
    if project.environment.prefix is not None and project.environment.problem is None:
        names |= {name for name, _ in built_elsewhere(installed, project.environment.prefix)}
    owned = frozenset(installed.owned)
    rows = [row for row in installed.distributions if row.name not in owned]
    names |= {d.name for d in rows if site.verify(d, deep=context.options.deep)}
    names |= {name for name, _ in conda_faults(installed, deep=context.options.deep)}
    return tuple(sorted(names))


def _no_lock(project: Project, selected: Selected) -> MlenvError:
    if selected.choice.lock:
        return MlenvError(
            "lock-not-driven",
            f"{selected.choice.lock} is not read yet, so nothing can be synced from it",
            where=selected.choice.lock,
            hint=f"sync it with {selected.choice.kind}, or name another lock with --lock FILE",
        )
    return MlenvError(
        "no-lock",
        "the project has no lock to sync with",
        where=str(project.root),
        hint="mlenv lock, or mlenv freeze to lock what is installed",
    )


def lock(context: Context, *, upgrade: bool = False) -> Outcome:
    """Write the lock anew from the manifest; the environment stays as it is.

    Raises:
        MlenvError: ``nothing-to-lock``; ``lock-not-driven``; what the resolver could not do.
    """
    project = open_project(context)
    refuse_member(context, project.root, project.member, "lock")
    with holding(context, project, "lock") as (project, descriptor):
        resolver = prepare(context, project, {}, descriptor, upgrade_all=upgrade)
        target = target_of(resolver.interpreter.path)
        before = select_project(project, target, context.options)
        files = relock(context, project, {}, resolver)
        changed = changed_files(project, files)
        after = select_project(project, target, context.options, files=files)
        changes = _pin_changes(before, after)
        if context.options.dry_run:
            return words.planned("lock", changes, changed)
        if changed:
            write_only(project, "lock", changed)
    if not changed:
        dated = told(project, after.selection.lock)
        line = f"{after.selection.lock} is up to date: {words.packages(len(after.selection.pins))}{dated}"
        return Outcome(verb="lock", lines=(line,))
    dated = told(project, after.selection.lock)
    first = f"locked {', '.join(changed)}: {words.packages(len(after.selection.pins))}{dated}"
    lines = (first, f"changed {words.moved(changes)}")
    return Outcome(verb="lock", lines=lines, changes=changes, files=tuple(changed))


def _pin_changes(before: Selected, after: Selected) -> tuple[Change, ...]:
    old = {pin.name: pin.version or "local" for pin in before.selection.pins}
    new = {pin.name: pin.version or "local" for pin in after.selection.pins}
    return tuple(
        Change(package=name, before=old.get(name), after=new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )
