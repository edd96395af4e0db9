"""Find the Python that a request means among those of this machine; never download one."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from mlenv.errors import MlenvError
from mlenv.model import value
from mlenv.probe import python_places
from mlenv.probe.ask import ask
from mlenv.probe.python_places import Interpreter

__all__ = ["Interpreter", "find", "host", "listed", "short"]

_NAMED = re.compile(
    r"^(?:(?P<kind>cpython|python|py|pypy|graalpy)[-@ ]?)?(?P<version>\d+(?:\.\d+){0,2}(?:(?:a|b|rc)\d+)?)"
    r"(?P<t>t|\+freethreaded)?(?P<rest>-.*)?$"
)
_VARIANTS = {"t": "freethreaded", "d": "debug", "td": "freethreaded"}
"""Letters of the ABI -> variant."""


@value
class _Wanted:
    """A request, understood."""

    label: str
    """As a person says it: ``3.12``, ``pypy 3.10``, ``>=3.11,<3.13``."""
    versions: SpecifierSet
    implementation: str = "cpython"
    variant: str = ""

    def fits(self, python: Interpreter) -> bool:
        if (python.implementation, python.variant) != (self.implementation, self.variant):
            return False
        try:
            return self.versions.contains(Version(python.version), prereleases=True)
        except InvalidVersion:
            return False


def host() -> Interpreter:
    """Return the Python that runs mlenv: the installation's own, where mlenv lives in an environment."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    return Interpreter(
        path=base,
        version=platform.python_version(),
        implementation=sys.implementation.name,
        source="host",
        variant=_VARIANTS.get(getattr(sys, "abiflags", ""), ""),
    )


def listed(cache_dir: str | Path, environ: Mapping[str, str] | None = None) -> tuple[Interpreter, ...]:
    """Return every Python 3 found, one per file: the host's first, then newest first, conda's last.

    Those whose folder tells their version are not started here; broken ones among the others are left out.
    Cost: 0.1 ms per known folder; those on ``PATH`` are asked once (150 ms each), then remembered.
    """
    found = [host()]
    seen = {os.path.realpath(found[0].path)}
    rest = []
    for candidate in python_places.candidates(os.environ if environ is None else environ, cache_dir):
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
        request: ``3.12``, ``3.12.1``, ``3.13t``, ``>=3.11,<3.13``, ``python3.12``, ``pypy3.10``, ``system``, the name
            of a pyenv version, a path; ``None`` or empty for the host's own. The host's own is taken where it fits,
            else the newest that does.

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
        if wanted.fits(python):
            try:
                return python if python.source == "host" else _described(python.path, python.source, cache_dir)
            except MlenvError as error:
                broken.append(f"{python.version} ({error.message})")
    raise _missing(wanted, pythons, broken, environ)


def short(place: str) -> str:
    """Return a path with ``~`` for the home folder."""
    home = str(Path.home())
    return f"~{place[len(home) :]}" if place.startswith(home + os.sep) else place


def _parse(request: str) -> _Wanted:
    if found := _NAMED.match(request.lower()):
        kind, version = found["kind"], found["version"]
        exact = (
            f"=={version}" if version.count(".") == 2 or not version.replace(".", "").isdecimal() else f"=={version}.*"
        )
        implementation = kind if kind in ("pypy", "graalpy") else "cpython"
        label = version if implementation == "cpython" else f"{implementation} {version}"
        return _Wanted(
            label=f"{label}{'t' if found['t'] else ''}",
            versions=SpecifierSet(exact),
            implementation=implementation,
            variant="freethreaded" if found["t"] else "",
        )
    try:
        return _Wanted(label=request, versions=SpecifierSet(request))
    except InvalidSpecifier as error:
        raise MlenvError(
            "python-request-invalid",
            f"'{' '.join(request.split())[:80]}' does not say which Python.",
            hint="3.12, 3.12.1, '>=3.11,<3.13' or the path of a Python; mlenv pythons lists them",
        ) from error


def _named_path(request: str, environ: Mapping[str, str]) -> str | None:
    """Return the path that a request names: a file, an environment's folder, a pyenv version by its own name."""
    if request == "system":
        return next((candidate.path for candidate in python_places.on_path(environ)), None)
    path = Path(request).expanduser()
    if "/" in request or "\\" in request or path.is_file():
        inside = python_places.executable(path) if path.is_dir() else path
        return os.path.abspath(inside or path)
    folder = python_places.pyenv_versions(environ) / request
    plain = not _NAMED.match(request) and re.fullmatch(r"[\w.+-]+", request) and request not in {".", ".."}
    if plain and (python := python_places.executable(folder)):
        return str(python)
    return None


def _described(path: str, source: str, cache_dir: str | Path) -> Interpreter:
    facts = ask(path, cache_dir)
    variant = _VARIANTS.get(facts.abiflags, "")
    return Interpreter(
        path=facts.python, version=facts.version, implementation=facts.implementation, source=source, variant=variant
    )


def _told(candidate: Interpreter, cache_dir: str | Path) -> Interpreter | None:
    try:
        return _described(candidate.path, candidate.source, cache_dir)
    except MlenvError:
        return None


def _newest_first(python: Interpreter) -> tuple[bool, bool, bool, bool, tuple[int, ...]]:
    try:
        version = Version(python.version)
    except InvalidVersion:
        return True, True, True, True, ()
    # An environment made from conda's Python breaks when that one is updated or removed.
    odd = python.implementation != "cpython", bool(python.variant)
    return (*odd, python.source == "conda", version.is_prerelease, tuple(-part for part in version.release))


def _missing(
    wanted: _Wanted, pythons: tuple[Interpreter, ...], broken: list[str], environ: Mapping[str, str]
) -> MlenvError:
    there = ", ".join(dict.fromkeys(python.version for python in pythons))
    not_working = f"; not working: {', '.join(broken)}" if broken else ""
    looked = python_places.looked_in(environ)
    rows = [f"{python.version}  {python.path}  ({python.source})" for python in pythons]
    install = f"uv python install {wanted.label}, or " if wanted.label[:1].isdigit() else ""
    return MlenvError(
        "python-not-found",
        f"There is no Python {wanted.label} on this machine; there are {there}{not_working}.",
        where=f"looked in {', '.join(short(place) for place in looked)}",
        hint=f"{install}--python {pythons[0].version}",
        details="\n".join([*rows, "Looked in: " + ", ".join(looked)]),
    )
