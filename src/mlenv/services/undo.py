"""``undo``: back to the environment, lock and manifest before the last change, in one rename."""

from __future__ import annotations

from mlenv import generations
from mlenv.errors import MlenvError
from mlenv.model import Change, Installed, Outcome
from mlenv.probe import site
from mlenv.services import words
from mlenv.services.context import Context
from mlenv.services.holding import holding
from mlenv.services.project import again, open_project
from mlenv.services.refresh import refresh_runtime

__all__ = ["undo"]


def undo(context: Context) -> Outcome:
    """Go back by one change.

    Raises:
        MlenvError: ``nothing-to-undo``; as :func:`store.write_atomic`.
    """
    project = open_project(context)
    if context.options.dry_run:
        entry = generations.undoable(project.root)
        if entry is None:
            raise MlenvError("nothing-to-undo", "there is no earlier state to go back to", where=str(project.root))
        names = ", ".join(f.path for f in entry.files if f.before != f.after) or "no file"
        line = f"would undo '{entry.verb}': the environment before it, and {names}"
        return Outcome(verb="undo", lines=(line,), dry_run=True)
    with holding(context, project, "undo") as (project, _):
        before = site.scan(project.environment.sites)
        entry, back, kept = generations.restore(project.root, project.link)
    former, project = project, again(project)
    refresh_runtime(context, project)
    after = site.scan(project.environment.sites)
    lines = [f"undone: {entry.verb}", f"environment  {project.link.name}: {_difference(before, after)}"]
    lines += words.python_moved(former, project)
    if back:
        lines.append(f"files        {', '.join(back)} as before")
    if kept:
        lines.append(f"left alone   {', '.join(kept)}: edited since")
    return Outcome(verb="undo", lines=tuple(lines), changes=_changes(before, after), files=back)


def _changes(before: Installed, after: Installed) -> tuple[Change, ...]:
    old = {d.name: d.version for d in before.distributions}
    new = {d.name: d.version for d in after.distributions}
    return tuple(
        Change(package=name, before=old.get(name), after=new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _difference(before: Installed, after: Installed) -> str:
    changes = _changes(before, after)
    shown = ", ".join(f"{c.package} {c.before or 'absent'} -> {c.after or 'absent'}" for c in changes[:4])
    more = f", and {len(changes) - 4} more" if len(changes) > 4 else ""
    return (shown + more) if changes else "the same packages"
