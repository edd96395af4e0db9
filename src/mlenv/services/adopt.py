"""Take what lies in an environment, or in a lock without a manifest, into a new manifest: nothing that worked stops."""

from __future__ import annotations

from mlenv.locks import Selected
from mlenv.probe import site
from mlenv.services import words
from mlenv.services.context import Context
from mlenv.services.project import Project

__all__ = ["adopted_pins", "adopted_requirements"]

_TOOLING = frozenset({"pip", "setuptools", "wheel", "uv", "ipykernel", "mlenv"})


def adopted_requirements(context: Context, project: Project, selected: Selected) -> tuple[str, ...]:
    """Return the requirements that a new manifest starts with.

    A lock without a manifest gives the requirements that it records, else its packages that no other one needs; an
    environment without both gives its packages that no other one needs. Each is told.
    """
    content = selected.content
    if content is not None:
        if content.recorded:
            return content.recorded
        needed = {name for names in content.dependencies.values() for name in names}
        return tuple(pin.name for pin in selected.selection.pins if pin.name not in needed)
    installed = words.installed_of(project)
    needs = site.needs(installed)
    needed = {name for owner, names in needs.items() for name in names if owner != name}
    roots = [d for d in installed.distributions if d.name not in needed | _TOOLING and d.source.kind == "index"]
    if roots:
        names = ", ".join(d.name for d in roots[:6])
        context.tell("note", f"taking what the environment holds into the new manifest: {names}")
    return tuple(d.name for d in roots)


def adopted_pins(project: Project, selected: Selected) -> tuple[tuple[str, str], ...]:
    """Return (name, version) of what an unlocked environment holds, for the first lock to keep."""
    if selected.content is not None:
        return ()
    rows = words.installed_of(project).distributions
    return tuple((d.name, d.version) for d in rows if d.source.kind == "index" and d.name not in _TOOLING)
