"""Take what lies in an environment, or in a lock without a manifest, into a new manifest: nothing that worked stops."""

from __future__ import annotations

from mlenv.errors import MlenvError
from mlenv.locks import Selected
from mlenv.model import Distribution
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

    Raises:
        MlenvError: ``adopt-local`` where one comes from a folder or a file of this machine; ``--force`` leaves it out.
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
    roots = [d for d in installed.distributions if d.name not in needed | _TOOLING]
    local = [d.name for d in roots if d.source.kind in {"path", "editable"}]
    if local and not context.options.force:
        raise MlenvError(
            "adopt-local",
            f"{', '.join(local[:3])} comes from a folder or file of this machine, which no new manifest may name",
            where=str(project.link),
            hint="declare it in a pyproject.toml of yours, or leave it out with --force",
        )
    if installed.get("ipykernel"):
        context.tell("note", "ipykernel is left out: mlenv's kernel brings its own (--ipykernel installed)")
    if roots:
        names = ", ".join(d.name for d in roots[:6] if d.name not in local)
        context.tell("note", f"taking what the environment holds into the new manifest: {names}")
    return tuple(_requirement(d) for d in roots if d.name not in local)


def _requirement(distribution: Distribution) -> str:
    """Name a package as a manifest does; the lock keeps the version."""
    source = distribution.source
    if source.kind == "vcs":
        return f"{distribution.name} @ git+{source.url.removeprefix('git+')}@{source.commit}"
    return f"{distribution.name} @ {source.url}" if source.kind == "url" else distribution.name


def adopted_pins(project: Project) -> tuple[tuple[str, str], ...]:
    """Return (name, version) of what an environment without a lock holds, for the first lock to keep."""
    rows = words.installed_of(project).distributions
    return tuple((d.name, d.version) for d in rows if d.source.kind == "index" and d.name not in _TOOLING)
