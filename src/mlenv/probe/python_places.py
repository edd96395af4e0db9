"""Where Pythons lie on a machine: the folders of version managers, ``PATH``, the registry. Nothing is started here.

These folders are listed here (0.1 ms): neither uv nor virtualenv finds pyenv's versions unless they are active, and
the shims on ``PATH`` are shell scripts that start whatever is active elsewhere.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlenv.model import value
from mlenv.probe import conda_places

__all__ = ["Interpreter", "candidates", "executable", "is_of_machine", "looked_in", "on_path", "pyenv_versions"]

_FOLDER = re.compile(
    r"^(?:(?P<kind>cpython|pypy|graalpy)[-@]?)?(?P<version>3(?:\.\d+){1,2}(?:(?:a|b|rc)\d+)?)(?P<t>t)?(?P<rest>[-+].*)?$"
)
_ON_PATH = re.compile(r"^(?:python3(?:\.\d+t?)?|pypy3(?:\.\d+)?)(?:\.exe)?$|^python\.exe$")
_PROGRAM = re.compile(r"^(?:python|pypy)[0-9.]*t?(?:\.exe)?$")
_CONDA_PYTHON = re.compile(r"^python-(\d+\.\d+\.\d+[^-]*)-([^-]+)\.json$")
_BREW = ("/opt/homebrew/", "/home/linuxbrew/", "/usr/local/Cellar/", "/usr/local/opt/")
_REGISTRY_S = "10"


@value
class Interpreter:
    """One Python that environments can be made from."""

    path: str
    """Absolute, not resolved through links."""
    version: str
    """``3.12.1``."""
    implementation: str = "cpython"
    source: str = ""
    """Where it was found: ``host``, ``pyenv``, ``uv``, ``conda``, ``asdf``, ``mise``, ``Rye``, ``PDM``, ``Poetry``,
    ``Homebrew``, ``registry``, ``system``, ``PATH`` or ``named``."""
    variant: str = ""
    """``freethreaded`` or ``debug``: taken only where it is asked for."""
    why: str = ""
    """Why it was chosen, where it was."""


def candidates(environ: Mapping[str, str], cache_dir: str | Path) -> Iterator[Interpreter]:
    """Yield what looks like a Python, started or not; a version without its third part is only a guess."""
    for source, folder in _stores(environ):
        yield from _in_store(source, folder)
    yield from on_path(environ)
    yield from _in_registry(environ, cache_dir)
    yield from _in_conda(environ)


def looked_in(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the places, as they are told where a Python is missing."""
    conda = [str(Path.home() / ".conda" / "environments.txt")]
    conda += [str(root) for root in conda_places.roots(environ) if root.is_dir()]
    registry = ["the registry"] if sys.platform == "win32" else []
    return (*(str(folder) for _, folder in _stores(environ)), "PATH", *registry, *conda)


def pyenv_versions(environ: Mapping[str, str]) -> Path:
    """Return the folder with pyenv's Pythons and virtual environments, which its shims may refuse."""
    return _home(environ, "PYENV_ROOT", ".pyenv") / "versions"


def executable(folder: Path) -> Path | None:
    """Return the Python inside an installation's or environment's folder."""
    names = ("python.exe", "Scripts/python.exe") if sys.platform == "win32" else ("bin/python", "bin/python3")
    return next((folder / name for name in names if (folder / name).exists()), None)


def on_path(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield the Pythons on ``PATH`` and in the system's own folders, without shims and without environments."""
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    system = [] if sys.platform == "win32" else ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    for folder in dict.fromkeys([*folders, *system]):
        above = os.path.join(folder, os.pardir)
        if Path(folder).name == "shims" or os.path.exists(os.path.join(above, "pyvenv.cfg")):
            continue
        if conda_places.is_environment(above):  # told by conda's own records
            continue
        try:
            names = sorted(name for name in os.listdir(folder) if _ON_PATH.match(name))
        except OSError:
            continue
        for name in names:
            path = os.path.join(folder, name)
            brewed = os.path.realpath(path).startswith(_BREW)
            source = "Homebrew" if brewed else "system" if folder in system else "PATH"
            kind = "pypy" if name.startswith("pypy") else "cpython"
            yield Interpreter(path=path, version="", implementation=kind, source=source)


def is_of_machine(program: str, environ: Mapping[str, str]) -> bool:
    """Whether a program is, its links followed, a Python in one of the places where this machine has its own.

    The place decides, not the name of a link: an environment that came with a project can link to anything in it.
    Cost: about 0.5 ms; nothing is started.
    """
    real = os.path.realpath(program)
    if not _PROGRAM.match(os.path.basename(real)):
        return False
    own = [sys.base_prefix, *(str(folder) for _, folder in _stores(environ))]
    own += [str(root) for root in conda_places.roots(environ)]
    if any(real.startswith(os.path.realpath(folder) + os.sep) for folder in own):
        return True
    return any(os.path.realpath(python.path) == real for python in on_path(environ))


def _stores(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the folders that hold one Python per subfolder."""
    yield "pyenv", pyenv_versions(environ)
    if sys.platform == "win32":
        yield "pyenv", _home(environ, "PYENV_ROOT", ".pyenv") / "pyenv-win" / "versions"
    data = Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    yield "uv", Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    yield "asdf", _home(environ, "ASDF_DATA_DIR", ".asdf") / "installs" / "python"
    yield "mise", Path(environ.get("MISE_DATA_DIR") or data / "mise") / "installs" / "python"
    yield "Rye", _home(environ, "RYE_HOME", ".rye") / "py"
    yield "PDM", data / "pdm" / "python"
    yield "Poetry", data / "pypoetry" / "python"
    if sys.platform == "darwin":
        yield "system", Path("/Library/Frameworks/Python.framework/Versions")
    if sys.platform == "win32":
        yield "uv", Path(environ.get("APPDATA", "")) / "uv" / "data" / "python"


def _home(environ: Mapping[str, str], name: str, default: str) -> Path:
    return Path(environ.get(name) or Path.home() / default)


def _in_store(source: str, store: Path) -> Iterator[Interpreter]:
    """Yield by the folders' names: what cannot be one of Python 3 is never started."""
    try:
        names = os.listdir(store)
    except OSError:
        return
    found = [match for match in map(_FOLDER.match, names) if match is not None]
    # uv and asdf keep a link `3.12` beside `3.12.1`: what does not move is listed first, and so listed.
    for match in sorted(found, key=lambda match: (match["version"].count(".") < 2, match[0])):
        if (python := executable(store / match[0])) is None:
            continue
        variant = "freethreaded" if match["t"] or "freethreaded" in (match["rest"] or "") else ""
        variant = "debug" if "debug" in (match["rest"] or "") else variant
        kind = match["kind"] or "cpython"
        yield Interpreter(
            path=str(python), version=match["version"], implementation=kind, source=source, variant=variant
        )


def _in_conda(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    for prefix in conda_places.environments(environ):
        if (python := executable(prefix)) is None:
            continue
        records = map(_CONDA_PYTHON.match, sorted(os.listdir(prefix / "conda-meta")))
        found = next((record for record in records if record is not None), None)
        if found is not None:
            kind = "pypy" if "pypy" in found[2] else "cpython"
            variant = "freethreaded" if found[2].endswith("t") else ""
            yield Interpreter(path=str(python), version=found[1], implementation=kind, source="conda", variant=variant)


def _in_registry(environ: Mapping[str, str], cache_dir: str | Path) -> Iterator[Interpreter]:
    """Yield what Windows' installers registered (PEP 514), as the launcher `py` lists it; untested here."""
    if sys.platform != "win32":
        return
    from python_discovery import DiskCache, iter_interpreters

    # Only the registry is asked for: the other places are listed here, without starting what lies there.
    quiet = {**environ, "PATH": "", "UV_PYTHON_INSTALL_DIR": str(cache_dir), "PY_DISCOVERY_TIMEOUT": _REGISTRY_S}
    for found in iter_interpreters(None, None, DiskCache(Path(cache_dir) / "python-discovery"), quiet):
        if found.executable and found.version_info.major == 3:
            version = ".".join(map(str, found.version_info[:3]))
            kind = found.implementation.lower()
            yield Interpreter(path=found.executable, version=version, implementation=kind, source="registry")
