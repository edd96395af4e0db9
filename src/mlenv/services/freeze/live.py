"""Read the live environment, as freezing needs it: whole packages only, with their metadata."""

from __future__ import annotations

import os

from mlenv.errors import MlenvError
from mlenv.freezing import Package
from mlenv.locks import Target
from mlenv.model import Distribution, Installed, value
from mlenv.probe import scanning, site
from mlenv.services.context import Context
from mlenv.services.project import Project, require_environment
from mlenv.services.select import target_of

__all__ = ["Live", "owners", "read_live"]


@value
class Live:
    """One environment, read from outside."""

    installed: Installed
    packages: dict[str, Package]
    """Normalised name -> metadata; for every distribution."""
    target: Target


def read_live(context: Context, project: Project) -> Live:
    """Read what the project's environment holds.

    Raises:
        MlenvError: ``no-environment``, ``environment-broken``; ``packages-damaged`` naming packages whose files are
            not all there: freezing them would write down what does not work.

    Cost: every file of every package is looked at once (8,000 files: 70 ms).
    """
    facts = require_environment(project)
    context.tell("plan", "reading the environment")
    installed = site.scan(facts.sites)
    damaged = dict(installed.damaged)
    for distribution in installed.distributions:
        if distribution.name not in damaged and (faults := site.verify(distribution, deep=context.options.deep)):
            damaged[distribution.name] = faults[0]
    for distribution in installed.duplicates:
        damaged.setdefault(distribution.name, f"it is there twice, also as {distribution.folder}")
    if damaged:
        shown = "; ".join(f"{name}: {reason}" for name, reason in sorted(damaged.items())[:3])
        raise MlenvError(
            "packages-damaged",
            f"{len(damaged)} installed packages are not whole, so nothing was frozen: {shown}",
            where=project.link.name,
            hint="mlenv sync mends them; then freeze again",
        )
    packages = {distribution.name: _package(distribution) for distribution in installed.distributions}
    return Live(installed=installed, packages=packages, target=target_of(site.interpreter(str(project.link))))


def _package(distribution: Distribution) -> Package:
    metadata = site.metadata(distribution)
    folder = os.path.join(distribution.site, distribution.folder)
    installer = scanning.text_of(os.path.join(folder, "INSTALLER")).strip()
    return Package(
        name=metadata.name,
        requires=metadata.requires,
        direct_url=scanning.text_of(os.path.join(folder, "direct_url.json")),
        installer=installer,
        # uv writes REQUESTED into every package (0.13), which then says nothing.
        requested=installer == "pip" and os.path.exists(os.path.join(folder, "REQUESTED")),
    )


def owners(live: Live) -> dict[str, list[str]]:
    """Return top-level module -> installed distributions that have it. Cost: one small file per distribution."""
    found: dict[str, list[str]] = {}
    for distribution in live.installed.distributions:
        for module in site.tops(distribution):
            found.setdefault(module, []).append(distribution.name)
    return found
