"""Find the Pythons of this machine; never download one.

The folders of version managers are listed here (0.1 ms): neither uv nor virtualenv finds pyenv's versions unless they
are active, and the shims on ``PATH`` are shell scripts that start whatever is active elsewhere.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.probe.ask import ask

__all__ = ["Interpreter", "find", "host", "listed"]

_NAMED = re.compile(
    r"^(?:(?P<kind>cpython|python|py|pypy|graalpy)[-@ ]?)?(?P<version>\d+(?:\.\d+){0,2})(?P<rest>-.*)?$"
)
_FOLDER = re.compile(
    r"^(?:(?P<kind>cpython|pypy|graalpy)[-@]?)?(?P<version>3(?:\.\d+){1,2}(?:(?:a|b|rc)\d+)?)(?:[-+].*)?$"
)
_ON_PATH = re.compile(r"^(?:python3(?:\.\d+)?|pypy3(?:\.\d+)?)(?:\.exe)?$|^python\.exe$")


@value
class Interpreter:
    """One Python that environments can be made from."""

    path: str
    """Absolute, not resolved through links."""
    version: str
    """``3.12.1``."""
    implementation: str = "cpython"
    source: str = ""
    """Where it was found: ``host``, ``pyenv``, ``uv``, ``asdf``, ``mise``, ``system``, ``PATH`` or ``named``."""


@value
class _Wanted:
    """A request, understood."""

    label: str
    """As a person says it: ``3.12``, ``pypy 3.10``, ``>=3.11,<3.13``."""
    versions: SpecifierSet
    implementation: str = "cpython"

    def fits(self, version: str, implementation: str) -> bool:
        try:
            return implementation == self.implementation and self.versions.contains(Version(version), prereleases=True)
        except InvalidVersion:
            return False


def host() -> Interpreter:
    """Return the Python that runs mlenv: the installation's own, where mlenv lives in an environment."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    return Interpreter(
        path=base, version=platform.python_version(), implementation=sys.implementation.name, source="host"
    )


def listed(cache_dir: str | Path, environ: Mapping[str, str] | None = None) -> tuple[Interpreter, ...]:
    """Return every Python 3 found, one per file; the host's first, then newest first. Broken ones are left out.

    Cost: 0.1 ms per known folder; those on ``PATH`` are asked once (150 ms each), then remembered.
    """
    found = [host()]
    seen = {os.path.realpath(found[0].path)}
    rest = []
    for candidate in _candidates(os.environ if environ is None else environ):
        real = os.path.realpath(candidate.path)
        if real in seen:
            continue
        seen.add(real)
        if (known := candidate if candidate.version.count(".") > 1 else _told(candidate, cache_dir)) is not None:
            rest.append(known)
    return (*found, *sorted(rest, key=_newest_first))


def find(request: str | None, cache_dir: str | Path, environ: Mapping[str, str] | None = None) -> Interpreter:
    """Return the Python that a request means, started once to be sure that it works.

    Args:
        request: ``3.12``, ``3.12.1``, ``>=3.11,<3.13``, ``python3.12``, ``pypy3.10``, ``system``, the name of a pyenv
            version, a path; ``None`` or empty for the host's own. The host's own is taken where it fits, else the
            newest that does.

    Raises:
        MlenvError: ``python-not-found`` with what there is, ``python-broken`` where a named one does not work,
            ``python-request-invalid``.
    """
    request = (request or "").strip()
    environ = os.environ if environ is None else environ
    if not request:
        return host()
    if (path := _named_path(request, environ)) is not None:
        return _described(path, "named", cache_dir)
    wanted = _parse(request)
    pythons = listed(cache_dir, environ)
    broken: list[str] = []
    for python in pythons:
        if wanted.fits(python.version, python.implementation):
            try:
                return python if python.source == "host" else _described(python.path, python.source, cache_dir)
            except MlenvError as error:
                broken.append(f"{python.version} ({error.message})")
    raise _missing(wanted, pythons, broken, environ)


def _parse(request: str) -> _Wanted:
    if found := _NAMED.match(request.lower()):
        kind, version = found["kind"], found["version"]
        exact = f"=={version}" if version.count(".") == 2 else f"=={version}.*"
        implementation = kind if kind in ("pypy", "graalpy") else "cpython"
        label = version if implementation == "cpython" else f"{implementation} {version}"
        return _Wanted(label=label, versions=SpecifierSet(exact), implementation=implementation)
    try:
        return _Wanted(label=request, versions=SpecifierSet(request))
    except InvalidSpecifier as error:
        raise MlenvError(
            "python-request-invalid",
            f"'{' '.join(request.split())[:80]}' does not say which Python.",
            hint="3.12, 3.12.1, '>=3.11,<3.13' or the path of a Python",
        ) from error


def _named_path(request: str, environ: Mapping[str, str]) -> str | None:
    """Return the path that a request names: a file, an environment's folder, a pyenv version by its own name."""
    if request == "system":
        return next((candidate.path for candidate in _on_path(environ)), None)
    path = Path(request).expanduser()
    if "/" in request or "\\" in request or path.is_file():
        inside = _executable(path) if path.is_dir() else path
        return os.path.abspath(inside or path)
    folder = _home(environ, "PYENV_ROOT", ".pyenv") / "versions" / request
    if not _NAMED.match(request) and re.fullmatch(r"[\w.+-]+", request) and (python := _executable(folder)):
        return str(python)
    return None


def _described(path: str, source: str, cache_dir: str | Path) -> Interpreter:
    facts = ask(path, cache_dir)
    return Interpreter(path=facts.python, version=facts.version, implementation=facts.implementation, source=source)


def _told(candidate: Interpreter, cache_dir: str | Path) -> Interpreter | None:
    try:
        return _described(candidate.path, candidate.source, cache_dir)
    except MlenvError:
        return None


def _newest_first(python: Interpreter) -> tuple[bool, bool, tuple[int, ...]]:
    try:
        version = Version(python.version)
    except InvalidVersion:
        return True, True, ()
    return python.implementation != "cpython", version.is_prerelease, tuple(-part for part in version.release)


def _candidates(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield what looks like a Python, started or not; a version without its third part is only a guess."""
    for source, folder in _stores(environ):
        yield from _in_store(source, folder)
    yield from _on_path(environ)


def _stores(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the folders that hold one Python per subfolder."""
    yield "pyenv", _home(environ, "PYENV_ROOT", ".pyenv") / "versions"
    yield "pyenv", _home(environ, "PYENV_ROOT", ".pyenv") / "pyenv-win" / "versions"
    data = Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    yield "uv", Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    yield "asdf", _home(environ, "ASDF_DATA_DIR", ".asdf") / "installs" / "python"
    yield "mise", Path(environ.get("MISE_DATA_DIR") or data / "mise") / "installs" / "python"
    if sys.platform == "darwin":
        yield "system", Path("/Library/Frameworks/Python.framework/Versions")
    if sys.platform == "win32":
        yield "uv", Path(environ.get("APPDATA", "")) / "uv" / "data" / "python"


def _home(environ: Mapping[str, str], name: str, default: str) -> Path:
    return Path(environ.get(name) or Path.home() / default)


def _in_store(source: str, store: Path) -> Iterator[Interpreter]:
    try:
        names = sorted(os.listdir(store))
    except OSError:
        return
    for name in names:
        found = _FOLDER.match(name)
        if found is None or (python := _executable(store / name)) is None:
            continue
        kind = found["kind"] or "cpython"
        version = found["version"] if kind == "cpython" else found["version"].partition("-")[0]
        yield Interpreter(path=str(python), version=version, implementation=kind, source=source)


def _executable(folder: Path) -> Path | None:
    names = ("python.exe", "Scripts/python.exe") if sys.platform == "win32" else ("bin/python", "bin/python3")
    return next((folder / name for name in names if (folder / name).exists()), None)


def _on_path(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield the Pythons on ``PATH`` and in the system's own folders, without shims and without environments."""
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    system = [] if sys.platform == "win32" else ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    for folder in dict.fromkeys([*folders, *system]):
        if Path(folder).name == "shims" or os.path.exists(os.path.join(folder, os.pardir, "pyvenv.cfg")):
            continue
        try:
            names = sorted(name for name in os.listdir(folder) if _ON_PATH.match(name))
        except OSError:
            continue
        source = "system" if folder in system else "PATH"
        for name in names:
            kind = "pypy" if name.startswith("pypy") else "cpython"
            yield Interpreter(path=os.path.join(folder, name), version="", implementation=kind, source=source)


def _short(place: str) -> str:
    home = str(Path.home())
    return f"~{place[len(home) :]}" if place.startswith(home + os.sep) else place


def _missing(
    wanted: _Wanted, pythons: tuple[Interpreter, ...], broken: list[str], environ: Mapping[str, str]
) -> MlenvError:
    there = ", ".join(dict.fromkeys(python.version for python in pythons))
    not_working = f"; not working: {', '.join(broken)}" if broken else ""
    looked = [*(str(folder) for _, folder in _stores(environ)), "PATH"]
    rows = [f"{python.version}  {python.path}  ({python.source})" for python in pythons]
    install = f"uv python install {wanted.label}, or " if wanted.label[:1].isdigit() else ""
    return MlenvError(
        "python-not-found",
        f"There is no Python {wanted.label} on this machine; there are {there}{not_working}.",
        where=f"looked in {', '.join(_short(place) for place in looked)}",
        hint=f"{install}--python {pythons[0].version}",
        details="\n".join([*rows, "Looked in: " + ", ".join(looked)]),
    )
