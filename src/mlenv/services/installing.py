"""Build one generation: an empty environment, pip, then exactly what the lock asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mlenv.engines import pip
from mlenv.engines.requests import InstallRequest
from mlenv.probe import environment, site
from mlenv.services import tools as engine_tools
from mlenv.services import words
from mlenv.services.building_site import Site, install, installed_in, site_file
from mlenv.services.context import Context
from mlenv.services.declare import default_name
from mlenv.services.filling import fill, fill_from_pins, install_own, pinned_own
from mlenv.services.project import Project
from mlenv.services.scratch import scratch_folder
from mlenv.services.tools import run_engine
from mlenv.services.venv_files import aim_activation, mark_seeded, python_links, refuse_another_python
from mlenv.services.wish import Wish
from mlenv.versions import normalise

__all__ = ["build", "install_pip_rows", "rebuild_own"]


def build(context: Context, project: Project, wish: Wish, generation: Path, descriptor: int) -> None:
    """Make the environment at its final place and fill it.

    Raises:
        MlenvError: what the engine could not do, naming package and cause; the caller removes what is left.
    """
    with scratch_folder(project.root) as scratch:
        place = Site(
            context=context, project=project, wish=wish, generation=generation, scratch=scratch, descriptor=descriptor
        )
        _make(place)
        made = python_links(generation)
        prompt = default_name(wish.selected.selection.name or project.root.name)
        mark_seeded(generation, prompt)
        _seed(place)
        fill(place)
        refuse_another_python(generation, made)
        if _own_package(project, wish) and not pinned_own(wish):
            install_own(place)
        _mend(place)
        _add_ipykernel(place)
    if generation != project.link:
        aim_activation(generation, project, prompt)


def install_pip_rows(context: Context, project: Project, wish: Wish, generation: Path, descriptor: int) -> None:
    """Put the pip rows of a lock of the conda world, and nothing that they need, beside what conda installed."""
    selected = wish.selected
    rows = tuple(pin for pin in selected.selection.pins if pin.source.kind != "conda")
    piped = replace(selected, selection=replace(selected.selection, pins=rows))
    with scratch_folder(project.root) as scratch:
        place = Site(
            context=context,
            project=project,
            wish=replace(wish, selected=piped),
            generation=generation,
            scratch=scratch,
            descriptor=descriptor,
        )
        if rows:
            context.tell("install", f"installing {words.packages(len(rows))} of pip")
            fill_from_pins(place)
        _add_ipykernel(place)


def _add_ipykernel(place: Site) -> None:
    if place.wish.with_ipykernel:
        file = site_file(place, "ipykernel.txt", "ipykernel")
        install(place, InstallRequest(prefix=str(place.generation), files=(file,), with_dependencies=True))


def _make(place: Site) -> None:
    python, engine = place.wish.interpreter, place.wish.engine
    place.context.tell("install", f"making an environment with Python {python.version} ({engine.name})")
    engine_tools.make_environment(
        place.context, engine, place.wish.tools, python.path, str(place.generation), place.descriptor
    )


def _seed(place: Site) -> None:
    """Install pip alone, so that a terminal user who activates the environment never installs elsewhere."""
    pins = {pin.name: pin.version for pin in place.wish.selected.selection.pins}
    prefix = str(place.generation)
    if place.wish.engine.installer == "uv":
        text = f"pip=={pins['pip']}" if pins.get("pip") else "pip"
        again = ("pip",) if "pip" in place.wish.reinstall else ()
        install(place, InstallRequest(prefix=prefix, files=(site_file(place, "pip.txt", text),), reinstall=again))
        return
    bundled = pip.seed_bundled(environment.interpreter(prefix))
    context, fd = place.context, place.descriptor
    if run_engine(context, bundled, "install", fd, tool="pip", allowed=lambda done: True).code:
        outside = pip.seed_from(engine_tools.pip_of(context, place.wish.tools), prefix)
        run_engine(context, outside, "install", fd, tool="pip")
    if any(d.name == "setuptools" for d in installed_in(place).distributions):  # Pythons before 3.12 bring it along
        own = pip.Pip(python=environment.interpreter(prefix))
        run_engine(context, pip.uninstall(own, prefix, ("setuptools",)), "install", fd, tool="pip")


def _mend(place: Site) -> None:
    """Fetch afresh what came damaged: a cache whose files were edited through a link hands the damage on."""
    installed = installed_in(place)
    deep = place.context.options.deep
    damaged = tuple(d.name for d in installed.distributions if site.verify(d, deep=deep))
    if damaged and place.wish.engine.installer == "uv":
        place.context.tell("install", f"fetching {', '.join(damaged[:3])} afresh: the cache holds changed files")
        again = replace(place, wish=replace(place.wish, reinstall=damaged))
        if "pip" in damaged:
            _seed(again)
        fill(again)


def rebuild_own(context: Context, project: Project, wish: Wish, generation: Path, descriptor: int) -> None:
    """Build the project's own package again after its manifest was written: its metadata is what that says now."""
    own = _own_package(project, wish)
    if not own or "pyproject.toml" not in wish.files or wish.engine.installer != "uv":
        return
    with scratch_folder(project.root) as scratch:
        place = Site(
            context=context, project=project, wish=wish, generation=generation, scratch=scratch, descriptor=descriptor
        )
        install_own(place, reinstall=(own,))


def _own_package(project: Project, wish: Wish) -> str:
    """Return the name of the project's own package: in the lock, or in a manifest that says how it is built."""
    selected = wish.selected
    declared = selected.choice.manifest == "pyproject.toml" and "pyproject.toml" in project.names
    manifest = selected.manifest
    builds = declared and selected.choice.kind != "uv" and manifest is not None and manifest.packaged
    return pinned_own(wish) or (normalise(selected.selection.name) if builds else "")
