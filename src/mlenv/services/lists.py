"""A pinned ``requirements.txt`` that stands alone is the lock and stays its owner's: rows move, all else stays."""

from __future__ import annotations

from collections.abc import Sequence

from mlenv import store
from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.locks.dated import with_day_line
from mlenv.locks.requirements_seal import resealed_requirements
from mlenv.manifest_edit import add_requirements, change_pins, drop_rows, loosen_rows, pinned_rows
from mlenv.services.as_of import settled
from mlenv.services.context import Context
from mlenv.services.locking import refuse_sources
from mlenv.services.locking_lists import compile_requirements
from mlenv.services.project import Project
from mlenv.services.resolver import Resolver

__all__ = ["changed_list", "is_list"]


def is_list(selected: Selected) -> bool:
    """Whether the project's lock is a list of requirements that no manifest stands behind."""
    return selected.choice.kind == "requirements" and selected.choice.manifest is None


def changed_list(
    context: Context,
    project: Project,
    resolver: Resolver,
    selected: Selected,
    verb: str,
    requirements: Sequence[str],
    names: Sequence[str],
) -> dict[str, str]:
    """Return the list after ``add``, ``remove`` or ``upgrade``: a whole one gets what the new packages need, too.

    Raises:
        MlenvError: ``not-declared``; ``still-needed`` where the rest of a whole list needs what is to be removed.
    """
    refuse_sources(context, project, selected, resolver)
    resolver = settled(context, project, selected, resolver)
    lock = selected.choice.lock or "requirements.txt"
    text, whole = store.read_text(project.root / lock), selected.selection.exact
    if verb == "remove":
        source = drop_rows(text, names)
        if whole and pinned_rows(source):
            _refuse_needed(compile_requirements(context, project, {lock: source}, resolver, (lock,), lock), names)
        new = source
    else:
        source = loosen_rows(text, names) if verb == "upgrade" else add_requirements(text, requirements)
        resolved = compile_requirements(context, project, {lock: source}, resolver, (lock,), lock)
        new = change_pins(text, resolved, None if whole else names)
    return {lock: resealed_requirements(text, with_day_line(new, resolver.as_of))}


def _refuse_needed(resolved: str, names: Sequence[str]) -> None:
    rows = pinned_rows(resolved)
    for name in names:
        if name in rows:
            by = [line.strip(" #") for line in rows[name].splitlines() if line.lstrip().startswith("#")]
            needed = ", ".join(line.removeprefix("via").strip() for line in by if line != "via")
            raise MlenvError(
                "still-needed",
                f"{name} is needed by {needed or 'other packages of the list'}, so it stays",
                hint="remove what needs it, too",
            )
