"""Build one generation: an empty environment, pip, then exactly what the lock asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from mlenv import store
from mlenv.engines import pip, uv
from mlenv.engines.failure import Failure
from mlenv.engines.requests import InstallRequest
from mlenv.model import Installed, Pin, value
from mlenv.probe import environment, site
from mlenv.services import own_tool, words
from mlenv.services import tools as engine_tools
from mlenv.services.context import Context
from mlenv.services.cuda_choice import backend_of_pins
from mlenv.services.declare import default_name
from mlenv.services.indexes import options_of
from mlenv.services.members import held_for
from mlenv.services.project import Project
from mlenv.services.scratch import scratch_folder
from mlenv.services.select import target_of
from mlenv.services.tools import run_engine
from mlenv.services.venv_files import aim_activation, mark_seeded, python_links, refuse_another_python
from mlenv.services.wheels import naming_a_python
from mlenv.services.wish import Wish
from mlenv.versions import normalise

__all__ = ["build", "install_pip_rows", "rebuild_own"]


@value
class _Site:
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


def build(context: Context, project: Project, wish: Wish, generation: Path, descriptor: int) -> None:
    """Make the environment at its final place and fill it.

    Raises:
        MlenvError: what the engine could not do, naming package and cause; the caller removes what is left.
    """
    with scratch_folder(project.root) as scratch:
        place = _Site(
            context=context, project=project, wish=wish, generation=generation, scratch=scratch, descriptor=descriptor
        )
        _make(place)
        made = python_links(generation)
        prompt = default_name(wish.selected.selection.name or project.root.name)
        mark_seeded(generation, prompt)
        _seed(place)
        _fill(place)
        refuse_another_python(generation, made)
        if _own_package(project, wish) and not _pinned_own(wish):
            _install_own(place)
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
        place = _Site(
            context=context,
            project=project,
            wish=replace(wish, selected=piped),
            generation=generation,
            scratch=scratch,
            descriptor=descriptor,
        )
        if rows:
            context.tell("install", f"installing {words.packages(len(rows))} of pip")
            _fill_from_pins(place)
        _add_ipykernel(place)


def _add_ipykernel(place: _Site) -> None:
    if place.wish.with_ipykernel:
        file = _file(place, "ipykernel.txt", "ipykernel")
        _install(place, InstallRequest(prefix=str(place.generation), files=(file,), with_dependencies=True))


def _make(place: _Site) -> None:
    python, engine = place.wish.interpreter, place.wish.engine
    place.context.tell("install", f"making an environment with Python {python.version} ({engine.name})")
    engine_tools.make_environment(
        place.context, engine, place.wish.tools, python.path, str(place.generation), place.descriptor
    )


def _file(place: _Site, name: str, text: str) -> str:
    path = place.scratch / name
    store.write_atomic(path, text.rstrip("\n") + "\n")
    return str(path)


def _install(place: _Site, request: InstallRequest) -> None:
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


def _seed(place: _Site) -> None:
    """Install pip alone, so that a terminal user who activates the environment never installs elsewhere."""
    pins = {pin.name: pin.version for pin in place.wish.selected.selection.pins}
    prefix = str(place.generation)
    if place.wish.engine.installer == "uv":
        text = f"pip=={pins['pip']}" if pins.get("pip") else "pip"
        again = ("pip",) if "pip" in place.wish.reinstall else ()
        _install(place, InstallRequest(prefix=prefix, files=(_file(place, "pip.txt", text),), reinstall=again))
        return
    bundled = pip.seed_bundled(environment.interpreter(prefix))
    context, fd = place.context, place.descriptor
    if run_engine(context, bundled, "install", fd, tool="pip", allowed=lambda done: True).code:
        outside = pip.seed_from(engine_tools.pip_of(context, place.wish.tools), prefix)
        run_engine(context, outside, "install", fd, tool="pip")
    if any(d.name == "setuptools" for d in _installed(place).distributions):  # Pythons before 3.12 bring it along
        own = pip.Pip(python=environment.interpreter(prefix))
        run_engine(context, pip.uninstall(own, prefix, ("setuptools",)), "install", fd, tool="pip")


def _fill(place: _Site) -> None:
    selected, engine = place.wish.selected, place.wish.engine
    place.context.tell("install", f"installing {words.packages(len(selected.selection.pins))}")
    if not selected.selection.pins:
        return
    if place.context.options.wheelhouse:
        _fill_from_pins(place)
    elif engine.through:
        own_tool.fill(place.context, place.project, place.wish, place.generation, place.descriptor)
    elif selected.selection.kind == "uv" and engine.installer == "uv":
        _fill_uv_project(place)
    elif selected.selection.kind == "pylock" and engine.installer == "uv":
        for file in _pylock_files(place):
            request = InstallRequest(
                prefix=str(place.generation),
                files=(str(file),),
                allow_build=_may_build(place),
                wheels_only=_wheels_only(place),
                reinstall=place.wish.reinstall,
                cwd=str(file.parent),
            )
            _install(place, request)
    else:
        _fill_from_pins(place)


def _mend(place: _Site) -> None:
    """Fetch afresh what came damaged: a cache whose files were edited through a link hands the damage on."""
    installed = _installed(place)
    deep = place.context.options.deep
    damaged = tuple(d.name for d in installed.distributions if site.verify(d, deep=deep))
    if damaged and place.wish.engine.installer == "uv":
        place.context.tell("install", f"fetching {', '.join(damaged[:3])} afresh: the cache holds changed files")
        again = replace(place, wish=replace(place.wish, reinstall=damaged))
        if "pip" in damaged:
            _seed(again)
        _fill(again)


def _installed(place: _Site) -> Installed:
    return site.scan(site.environment_facts(str(place.generation)).sites)


def _may_build(place: _Site) -> bool:
    """Whether the engine may build: what must not be built was refused before."""
    own = any(pin.source.kind in {"editable", "path"} for pin in place.wish.selected.selection.pins)
    return place.context.options.allow_build or place.project.settings.allow_build is not False or own


def _wheels_only(place: _Site) -> tuple[str, ...]:
    """Return the packages that must come as wheels although some others may be built."""
    allowed = place.project.settings.allow_build
    if place.context.options.allow_build or allowed is True:
        return ()
    named = set(allowed) if isinstance(allowed, tuple) else set()
    pins = place.wish.selected.selection.pins
    return tuple(pin.name for pin in pins if pin.source.kind == "index" and pin.name not in named)


def _pylock_files(place: _Site) -> Iterator[Path]:
    """Yield the pylock files to install from; texts that are not written yet get a scratch file."""
    for name in place.wish.selected.files_read:
        base = os.path.basename(name)
        if base.startswith("pylock.") and base.endswith(".toml"):
            text = place.wish.files.get(name)
            yield place.project.root / name if text is None else Path(_file(place, base, text))


def _fill_uv_project(place: _Site) -> None:
    """Let uv install its own lock; a lock that is not written yet is installed from a copy of the project's files."""
    selected, files = place.wish.selected, place.wish.files
    held = held_for(place.context, place.project, selected, target_of(place.wish.interpreter.path))
    copied = bool(files.keys() & {"pyproject.toml", "uv.lock"})
    if copied:
        for name in ("pyproject.toml", "uv.lock"):
            _file(place, name, files.get(name) or store.read_text(place.project.root / name))
    request = uv.SyncRequest(
        root=str(place.scratch if copied else place.project.root),
        prefix=str(place.generation),
        python=environment.interpreter(str(place.generation)),
        packages=held.packages,
        all_packages=held.everything,
        extras=held.extras,
        groups=held.groups,
        install_project=not copied,
        inexact=True,
        allow_build=_may_build(place),
        no_build_packages=_wheels_only(place),
        reinstall=place.wish.reinstall,
    )
    command = uv.sync_project(place.uv(), request)
    run_engine(place.context, command, "download", place.descriptor, explain=place.explain)
    if copied and _pinned_own(place.wish):
        _install_own(place)


def rebuild_own(context: Context, project: Project, wish: Wish, generation: Path, descriptor: int) -> None:
    """Build the project's own package again after its manifest was written: its metadata is what that says now."""
    own = _own_package(project, wish)
    if not own or "pyproject.toml" not in wish.files or wish.engine.installer != "uv":
        return
    with scratch_folder(project.root) as scratch:
        place = _Site(
            context=context, project=project, wish=wish, generation=generation, scratch=scratch, descriptor=descriptor
        )
        _install_own(place, reinstall=(own,))


def _install_own(place: _Site, reinstall: tuple[str, ...] = ()) -> None:
    """Install the project's own package as what its folder holds: it is importable from every notebook below."""
    file = _file(place, "project.txt", f"-e {place.project.root}")
    prefix = str(place.generation)
    _install(place, InstallRequest(prefix=prefix, files=(file,), allow_build=True, reinstall=reinstall))


def _pinned_own(wish: Wish) -> str:
    """Return the name under which the lock itself holds the project, where it does."""
    pins = wish.selected.selection.pins
    return next((pin.name for pin in pins if pin.source.kind == "editable" and pin.source.url == "."), "")


def _own_package(project: Project, wish: Wish) -> str:
    """Return the name of the project's own package: in the lock, or in a manifest that says how it is built."""
    selected = wish.selected
    declared = selected.choice.manifest == "pyproject.toml" and "pyproject.toml" in project.names
    manifest = selected.manifest
    builds = declared and selected.choice.kind != "uv" and manifest is not None and manifest.packaged
    return _pinned_own(wish) or (normalise(selected.selection.name) if builds else "")


def _fill_from_pins(place: _Site) -> None:
    """Install from the selected pins themselves, written as requirement lines."""
    selected, wheels = place.wish.selected, place.context.options.wheelhouse
    hashes = selected.content.hashes if selected.content else {}
    if wheels is not None:  # held against the lock when the bundle was opened; a wheel built for it is only there
        hashes = {name: (digest,) for name, digest in wheels.hashes.items()}
    hashed = tuple(pin for pin in selected.selection.pins if hashes.get(pin.name))
    bare = tuple(pin for pin in selected.selection.pins if not hashes.get(pin.name))
    # pip takes hashes for all of a file or for none of it; uv checks those that are there.
    parts = [(*hashed, *bare)] if place.wish.engine.installer == "uv" else [hashed, bare]
    for pins in parts:
        if pins:
            _install(place, _request(place, pins, hashes))


def _request(place: _Site, pins: tuple[Pin, ...], hashes: Mapping[str, tuple[str, ...]]) -> InstallRequest:
    root, checked = place.project.root, all(hashes.get(pin.name) for pin in pins)
    # Option lines that are still here were allowed (refuse_options).
    options = options_of(place.wish.selected)
    lines = [*options, *(_line(root, pin, hashes.get(pin.name, ())) for pin in pins)]
    return InstallRequest(
        prefix=str(place.generation),
        files=(_file(place, "pins.txt", "\n".join(lines)),),
        allow_build=_may_build(place),
        wheels_only=_wheels_only(place),
        with_dependencies=not place.wish.selected.selection.exact and not checked,
        require_hashes=checked,
        reinstall=place.wish.reinstall if place.wish.engine.installer == "uv" else (),
        torch_backend=backend_of_pins(pins, place.context.options.cuda or place.project.settings.cuda or ""),
        cwd=str(root),
    )


def _line(root: Path, pin: Pin, hashes: tuple[str, ...]) -> str:
    source = pin.source
    folder = f"#subdirectory={quote(source.subdirectory)}" if source.subdirectory else ""
    if source.kind == "editable":
        return f"-e {root / source.url}"
    if source.kind == "path":
        return f"{pin.name} @ {(root / source.url).as_uri()}"
    if source.kind == "vcs":
        at = f"@{source.commit}" if source.commit else ""
        return f"{pin.name} @ git+{source.url.removeprefix('git+')}{at}{folder}"
    if source.kind == "url":
        return f"{pin.name} @ {source.url}{folder}"
    exact = f"{pin.name}=={pin.version}" if pin.version else f"{pin.name}{pin.specifier}"
    return exact + "".join(f" --hash={item}" for item in hashes)
