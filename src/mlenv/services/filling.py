"""Fill an empty environment with exactly what the lock asks for, through the engine that is to do it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from mlenv import store
from mlenv.engines import uv
from mlenv.engines.requests import InstallRequest
from mlenv.model import Pin
from mlenv.probe import environment
from mlenv.services import own_tool, words
from mlenv.services.building_site import Site, install, may_build, site_file, wheels_only
from mlenv.services.cuda_choice import backend_of_pins
from mlenv.services.indexes import options_of
from mlenv.services.members import held_for
from mlenv.services.select import target_of
from mlenv.services.tools import run_engine
from mlenv.services.wish import Wish

__all__ = ["fill", "fill_from_pins", "install_own", "pin_line", "pinned_own"]


def fill(place: Site) -> None:
    selected, engine = place.wish.selected, place.wish.engine
    place.context.tell("install", f"installing {words.packages(len(selected.selection.pins))}")
    if not selected.selection.pins:
        return
    if place.context.options.wheelhouse:
        fill_from_pins(place)
    elif engine.through:
        own_tool.fill(place.context, place.project, place.wish, place.generation, place.descriptor)
    elif selected.selection.kind == "uv" and engine.installer == "uv":
        _fill_uv_project(place)
    elif selected.selection.kind == "pylock" and engine.installer == "uv":
        for file in _pylock_files(place):
            request = InstallRequest(
                prefix=str(place.generation),
                files=(str(file),),
                allow_build=may_build(place),
                wheels_only=wheels_only(place),
                reinstall=place.wish.reinstall,
                cwd=str(file.parent),
            )
            install(place, request)
    else:
        fill_from_pins(place)


def _pylock_files(place: Site) -> Iterator[Path]:
    """Yield the pylock files to install from; texts that are not written yet get a scratch file."""
    for name in place.wish.selected.files_read:
        base = os.path.basename(name)
        if base.startswith("pylock.") and base.endswith(".toml"):
            text = place.wish.files.get(name)
            yield place.project.root / name if text is None else Path(site_file(place, base, text))


def _fill_uv_project(place: Site) -> None:
    """Let uv install its own lock; a lock that is not written yet is installed from a copy of the project's files."""
    selected, files = place.wish.selected, place.wish.files
    held = held_for(place.context, place.project, selected, target_of(place.wish.interpreter.path))
    copied = bool(files.keys() & {"pyproject.toml", "uv.lock"})
    if copied:
        for name in ("pyproject.toml", "uv.lock"):
            site_file(place, name, files.get(name) or store.read_text(place.project.root / name))
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
        allow_build=may_build(place),
        no_build_packages=wheels_only(place),
        reinstall=place.wish.reinstall,
    )
    command = uv.sync_project(place.uv(), request)
    run_engine(place.context, command, "download", place.descriptor, explain=place.explain)
    if copied and pinned_own(place.wish):
        install_own(place)


def fill_from_pins(place: Site) -> None:
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
            install(place, _request(place, pins, hashes))


def _request(place: Site, pins: tuple[Pin, ...], hashes: Mapping[str, tuple[str, ...]]) -> InstallRequest:
    root, checked = place.project.root, all(hashes.get(pin.name) for pin in pins)
    # Option lines that are still here were allowed (refuse_options).
    options = options_of(place.wish.selected)
    lines = [*options, *(pin_line(root, pin, hashes.get(pin.name, ())) for pin in pins)]
    return InstallRequest(
        prefix=str(place.generation),
        files=(site_file(place, "pins.txt", "\n".join(lines)),),
        allow_build=may_build(place),
        wheels_only=wheels_only(place),
        with_dependencies=not place.wish.selected.selection.exact and not checked,
        require_hashes=checked,
        reinstall=place.wish.reinstall if place.wish.engine.installer == "uv" else (),
        torch_backend=backend_of_pins(pins, place.context.options.cuda or place.project.settings.cuda or ""),
        cwd=str(root),
    )


def pin_line(root: Path, pin: Pin, hashes: tuple[str, ...]) -> str:
    """Return a pin as the line of a requirements file."""
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


def pinned_own(wish: Wish) -> str:
    """Return the name under which the lock itself holds the project, where it does."""
    pins = wish.selected.selection.pins
    return next((pin.name for pin in pins if pin.source.kind == "editable" and pin.source.url == "."), "")


def install_own(place: Site, reinstall: tuple[str, ...] = ()) -> None:
    """Install the project's own package as what its folder holds: it is importable from every notebook below."""
    file = site_file(place, "project.txt", f"-e {place.project.root}")
    prefix = str(place.generation)
    install(place, InstallRequest(prefix=prefix, files=(file,), allow_build=True, reinstall=reinstall))
