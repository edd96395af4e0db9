"""What every step of building one generation needs: its place, its engine, and installing into it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlenv import store
from mlenv.engines import pip, uv
from mlenv.engines.failure import Failure
from mlenv.engines.requests import InstallRequest
from mlenv.model import Installed, value
from mlenv.probe import environment, site
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.project import Project
from mlenv.services.tools import run_engine
from mlenv.services.wheels import naming_a_python
from mlenv.services.wish import Wish

__all__ = ["Site", "install", "installed_in", "may_build", "site_file", "wheels_only"]


@value
class Site:
    """One building site: what every step below needs."""

    context: Context
    project: Project
    wish: Wish
    generation: Path
    scratch: Path
    descriptor: int

    def explain(self, failure: Failure) -> Failure:
        selected = self.wish.selected
        # A manifest that is only being made binds nobody.
        allowed = selected.selection.requires_python if selected.choice.manifest in self.project.names else ""
        return naming_a_python(self.context, self.wish.tools, self.wish.interpreter, allowed)(failure)

    def uv(self, *, offline: bool | None = None) -> uv.Uv:
        return engine_tools.uv_of(self.context, self.wish.tools, offline=offline)


def site_file(place: Site, name: str, text: str) -> str:
    path = place.scratch / name
    store.write_atomic(path, text.rstrip("\n") + "\n")
    return str(path)


def install(place: Site, request: InstallRequest) -> None:
    """Install: from uv's cache alone where that is enough, else with the network."""
    context = place.context
    if place.wish.engine.installer != "uv":
        host = engine_tools.pip_of(context, place.wish.tools)
        if not host.version:  # a host made without pip: the environment's own was seeded a moment ago
            own = environment.interpreter(str(place.generation))
            host = replace(host, python=own, version="23", bundled="")
        command = pip.install(host, request)
        run_engine(context, command, "download", place.descriptor, tool="pip", explain=place.explain)
        return
    if not context.options.offline and not request.reinstall:
        quiet = uv.install(place.uv(offline=True), request)
        if run_engine(context, quiet, "download", place.descriptor, allowed=lambda done: True).code == 0:
            return
    run_engine(context, uv.install(place.uv(), request), "download", place.descriptor, explain=place.explain)


def installed_in(place: Site) -> Installed:
    return site.scan(site.environment_facts(str(place.generation)).sites)


def may_build(place: Site) -> bool:
    """Whether the engine may build: what must not be built was refused before."""
    own = any(pin.source.kind in {"editable", "path"} for pin in place.wish.selected.selection.pins)
    return place.context.options.allow_build or place.project.settings.allow_build is not False or own


def wheels_only(place: Site) -> tuple[str, ...]:
    """Return the packages that must come as wheels although some others may be built."""
    allowed = place.project.settings.allow_build
    if place.context.options.allow_build or allowed is True:
        return ()
    named = set(allowed) if isinstance(allowed, tuple) else set()
    pins = place.wish.selected.selection.pins
    return tuple(pin.name for pin in pins if pin.source.kind == "index" and pin.name not in named)
