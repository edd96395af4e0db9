"""Fetch the wheels of a bundle: exactly those of the lock, their hashes checked, and the kernel's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from mlenv import locks, runtime, store
from mlenv.engines import pip, uv
from mlenv.engines.requests import DownloadRequest, ResolveRequest
from mlenv.errors import MlenvError
from mlenv.locks import LockContent, Selected
from mlenv.model import Pin, value
from mlenv.services import tools as engine_tools
from mlenv.services.bundling.machine import Machine
from mlenv.services.context import Context
from mlenv.services.index_sources import settings_for_pip
from mlenv.services.indexes import options_of
from mlenv.services.project import Project
from mlenv.services.tools import run_engine
from mlenv.versions import normalise

__all__ = ["Gathering", "gather_build", "gather_kernel", "gather_locked", "hashes_of", "hashes_of_text", "indexed"]

_ROW = re.compile(r"(?m)^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)")


@value
class Gathering:
    """What every download needs."""

    context: Context
    project: Project
    machine: Machine
    scratch: Path

    @property
    def folder(self) -> Path:
        return self.scratch / "wheels"


def indexed(selected: Selected) -> tuple[Pin, ...]:
    """Return the pins whose wheels a bundle holds: those that come from an index."""
    return tuple(pin for pin in selected.selection.pins if pin.source.kind in {"index", "any"})


def hashes_of(project: Project, selected: Selected) -> Mapping[str, tuple[str, ...]]:
    """Return name -> the hashes of all files that the lock has for a pin.

    A ``uv.lock`` is read for its hashes here: nothing else that mlenv does needs them from it.
    """
    lock = selected.selection.lock
    return hashes_of_text(store.read_text(project.root / lock) if lock else "", selected)


def hashes_of_text(text: str, selected: Selected) -> Mapping[str, tuple[str, ...]]:
    """Return the same where the lock's text is at hand."""
    if selected.selection.kind != "uv":
        return selected.content.hashes if selected.content else {}
    versions = {pin.name: pin.version for pin in selected.selection.pins}
    found: dict[str, tuple[str, ...]] = {}
    for row in tomllib.loads(text).get("package", []):
        name = normalise(str(row.get("name", "")))
        if versions.get(name) is not None and versions[name] == row.get("version"):
            files = [*row.get("wheels", []), *([row["sdist"]] if "sdist" in row else [])]
            found[name] = (*found.get(name, ()), *(file["hash"] for file in files if "hash" in file))
    return found


def gather_locked(place: Gathering, selected: Selected) -> tuple[dict[str, str], tuple[str, ...]]:
    """Fetch the wheel of each pin; build those that have none, which is for the caller to have allowed.

    Returns:
        Package -> file name; names of those that were built.

    Raises:
        MlenvError: what pip could not do, naming package and cause; ``wheel-missing``.
    """
    pins, hashes = indexed(selected), hashes_of(place.project, selected)
    content = selected.content or LockContent()
    unbuilt = set(locks.buildable(content, place.machine.target)) if place.machine.own else set()
    if not place.context.options.allow_build and place.project.settings.allow_build is None:
        unbuilt = set()
    options = options_of(selected)
    fetched = [pin for pin in pins if pin.name not in unbuilt]
    _fetch(place, "locked.txt", [pin for pin in fetched if hashes.get(pin.name)], hashes, options)
    _fetch(place, "bare.txt", [pin for pin in fetched if not hashes.get(pin.name)], {}, options)
    _build(place, [pin for pin in pins if pin.name in unbuilt], hashes, options)
    return _found(place.folder, {pin.name: pin.version or "" for pin in pins}), tuple(sorted(unbuilt))


def _lines(pins: Iterable[Pin], hashes: Mapping[str, tuple[str, ...]], options: tuple[str, ...]) -> str:
    rows = [f"{pin.name}=={pin.version}" + "".join(f" --hash={h}" for h in hashes.get(pin.name, ())) for pin in pins]
    return "".join(f"{line}\n" for line in (*options, *rows))


def _fetch(
    place: Gathering, name: str, pins: list[Pin], hashes: Mapping[str, tuple[str, ...]], options: tuple[str, ...]
) -> None:
    if not pins:
        return
    file = place.scratch / name
    store.write_atomic(file, _lines(pins, hashes, options))
    _download(place, file, require_hashes=bool(hashes))


def _download(place: Gathering, file: Path, *, require_hashes: bool) -> None:
    machine = place.machine
    request = DownloadRequest(
        folder=str(place.folder),
        file=str(file),
        python=machine.target.python,
        tag=machine.target.tags[0],
        platforms=machine.platforms,
        require_hashes=require_hashes,
    )
    host = _pip(place.context)
    if not host.version:
        raise MlenvError("engine-missing", "a bundle needs pip beside mlenv", hint="python -m ensurepip")
    run_engine(place.context, pip.download(host, request), "download", tool="pip")


def _pip(context: Context) -> pip.Pip:
    host = engine_tools.pip_of(context, engine_tools.tools())
    return replace(host, settings=settings_for_pip(context, checked=True))


def _build(place: Gathering, pins: list[Pin], hashes: Mapping[str, tuple[str, ...]], options: tuple[str, ...]) -> None:
    """Build from source, with the very Python: the wheels' own hashes stand in the bundle's index."""
    if not pins:
        return
    place.context.tell("build", f"building {', '.join(pin.name for pin in pins[:6])} from source")
    file = place.scratch / "build.txt"
    store.write_atomic(file, _lines(pins, hashes, options))
    host = _pip(place.context)
    checked = all(hashes.get(pin.name) for pin in pins)
    command = pip.build_wheels(host, place.machine.interpreter, str(file), str(place.folder), require_hashes=checked)
    run_engine(place.context, command, "build", tool="pip")


def gather_kernel(place: Gathering, selected: Selected) -> dict[str, str]:
    """Fetch the kernel's own packages, in versions that go with the lock, and pip.

    Returns:
        Package -> version.

    Raises:
        MlenvError: ``engine-missing`` without uv, which makes runtimes; what could not be resolved or fetched.
    """
    place.context.tell("lock", "resolving the kernel's own packages")
    keep = place.scratch / "keep.txt"
    rows = [f"{pin.name}=={pin.version}\n" for pin in indexed(selected) if pin.version]
    store.write_atomic(keep, "".join(rows))
    return _resolved(place, "kernel.txt", (*runtime.PACKAGES, "pip"), str(keep))


def gather_build(place: Gathering, needs: tuple[str, ...]) -> None:
    """Fetch what the project's own sources are built with.

    Raises:
        MlenvError: what could not be resolved or fetched.
    """
    if needs:
        place.context.tell("lock", "resolving what the project's own package is built with")
        _resolved(place, "build-needs.txt", needs)


def _resolved(place: Gathering, name: str, requirements: tuple[str, ...], *constraints: str) -> dict[str, str]:
    """Resolve requirements for the machine, wheels only, and fetch them; return package -> version."""
    output, machine = place.scratch / name, place.machine
    request = ResolveRequest(
        output=str(output),
        python=machine.interpreter,
        lowest_python="" if machine.own else machine.minor,
        platform=machine.in_words_of_uv,
        text="".join(f"{row}\n" for row in requirements),
        constraints=constraints,
        universal=False,
        cwd=str(place.scratch),
    )
    command = uv.compile_requirements(engine_tools.uv_of(place.context, engine_tools.tools()), request)
    run_engine(place.context, command, "lock")
    _download(place, output, require_hashes=True)
    wanted = {normalise(name): version for name, version in _ROW.findall(store.read_text(output))}
    _found(place.folder, wanted)
    return wanted


def _found(folder: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return package -> file name of its wheel of the wanted version.

    Raises:
        MlenvError: ``wheel-missing``.
    """
    there: dict[tuple[str, str], str] = {}
    for file in sorted(path.name for path in folder.iterdir()):
        try:
            name, version, _, _ = parse_wheel_filename(file)
        except InvalidWheelFilename:
            continue
        there[name, str(version)] = file
    files = {name: there.get((name, str(Version(version)))) for name, version in wanted.items()}
    missing = sorted(name for name, file in files.items() if file is None)
    if missing:
        message = f"no wheel came for {', '.join(missing[:3])}; no bundle was written"
        raise MlenvError("wheel-missing", message, hint="mlenv bundle --allow-build builds what has no wheel")
    return {name: file for name, file in sorted(files.items()) if file is not None}
