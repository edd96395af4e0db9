"""Which Python an environment is, who made it, and whether it can start: told from files, nothing is run.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from mlenv.installed import parse_pyvenv_cfg
from mlenv.model import EnvironmentFacts, Finding

__all__ = ["UNFINISHED", "environment_facts", "interpreter", "is_guarded", "read_marker"]

_MARKER = "mlenv-ready.json"
UNFINISHED = "the environment is being made, or its making was cut off"
"""What a guard file means: where links cannot be, environments are made at their place, behind one."""
_LIBRARY = re.compile(r"^(?:python|pypy)(\d+\.\d+)t?$")
_INTERPRETER = re.compile(r"^(?:python|pypy)(\d+\.\d+)t?(?:\.exe)?$")
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+)?")
_ACTIVATE = re.compile(r"""^\s*(?:export )?VIRTUAL_ENV=(['"]?)(/[^'"$\n]+)\1\s*$""", re.MULTILINE)
_CONDA_PYTHON = re.compile(r"^python-(\d+\.\d+[^-]*)-[^-]+\.json$")


def environment_facts(prefix: str) -> EnvironmentFacts:
    """Tell what is known of an environment without starting anything.

    Args:
        prefix: ``<root>/.venv`` or any other environment or Python installation; kept as given in the result.

    The result's ``problem`` is ``no-env`` (nothing there) or ``broken`` (interpreter gone, base Python replaced
    by another minor version, made for another folder, half-made); ``sites`` is filled as far as it
    can be told even then.

    Source: PEP 405; the files of venv, virtualenv, uv and conda. Cost: about ten small file operations.
    """
    if not os.path.lexists(prefix):
        missing = Finding(kind="no-env", reason=f"there is no environment at {prefix}")
        return EnvironmentFacts(prefix=prefix, problem=missing)
    if not os.path.isdir(prefix):
        reason = f"{prefix} points to a folder that is gone" if os.path.islink(prefix) else f"{prefix} is not a folder"
        return EnvironmentFacts(prefix=prefix, problem=Finding(kind="broken", reason=reason))
    cfg = parse_pyvenv_cfg(_text(os.path.join(prefix, "pyvenv.cfg")))
    conda = os.path.isdir(os.path.join(prefix, "conda-meta"))
    libraries = _libraries(prefix)
    version = _version(prefix, cfg, conda, libraries)
    actual = _actual_minor(prefix)
    reason = _problem(prefix, cfg, conda, libraries, actual)
    if actual and _minor(version) != actual and actual in libraries:
        version = actual
    own, inherited = _sites(prefix, cfg, libraries, actual or _minor(version))
    return EnvironmentFacts(
        prefix=prefix,
        python=version or actual or None,
        engine=_engine(cfg, conda),
        problem=Finding(kind="broken", reason=reason) if reason else None,
        sites=tuple(dict.fromkeys((*own, *inherited))),
        inherited=tuple(dict.fromkeys((*inherited, *map(os.path.realpath, inherited)))),
    )


def interpreter(prefix: str) -> str:
    """Return the path at which an environment's interpreter lies, links not followed, whether or not it is there."""
    candidates = [os.path.join(prefix, "Scripts", "python.exe"), os.path.join(prefix, "python.exe")]
    if os.name != "nt":
        candidates = [os.path.join(prefix, "bin", "python"), os.path.join(prefix, "bin", "python3")]
    return next((path for path in candidates if os.path.lexists(path)), candidates[0])


def is_guarded(root: str) -> bool:
    """Whether a guard file says that an environment of this project is being made at its place."""
    return os.path.exists(os.path.join(root, ".mlenv", "unfinished.json"))


def read_marker(prefix: str) -> Optional[Dict[str, Any]]:
    """Return the ready marker that mlenv wrote last into an environment; ``None`` where it is missing or cut short."""
    try:
        with open(os.path.join(prefix, _MARKER), encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _listing(folder: str) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2]) if version else ""


def _libraries(prefix: str) -> Mapping[str, str]:
    """Return minor version -> its site-packages folder below this prefix."""
    if os.name == "nt":
        return {}
    found = {}
    for entry in _listing(os.path.join(prefix, "lib")):
        match = _LIBRARY.match(entry)
        folder = os.path.join(prefix, "lib", entry, "site-packages")
        if match and os.path.isdir(folder):
            found[match[1]] = folder
    return found


def _version(prefix: str, cfg: Mapping[str, str], conda: bool, libraries: Mapping[str, str]) -> str:
    """Return the full version that the environment was made with, a bare minor one, or nothing."""
    # venv writes `version`, uv and virtualenv `version_info` (virtualenv with a tail: 3.12.1.final.0).
    written = _VERSION.match(cfg.get("version") or cfg.get("version_info") or "")
    if written:
        return written[0]
    if conda:
        for entry in _listing(os.path.join(prefix, "conda-meta")):
            match = _CONDA_PYTHON.match(entry)
            if match:
                return match[1]
    return next(iter(libraries)) if len(libraries) == 1 else ""


def _actual_minor(prefix: str) -> str:
    """Return the minor version of the interpreter that would start, from its real name; empty where it cannot tell."""
    real = os.path.realpath(interpreter(prefix))
    match = _INTERPRETER.match(os.path.basename(real))
    if match:
        return match[1]
    # Some builds call it just `python3`: then the library beside it tells, if there is exactly one.
    base = os.path.dirname(os.path.dirname(real))
    if base == os.path.realpath(prefix):
        return ""
    minors = [m[1] for m in map(_LIBRARY.match, _listing(os.path.join(base, "lib"))) if m]
    return minors[0] if len(minors) == 1 else ""


def _problem(prefix: str, cfg: Mapping[str, str], conda: bool, libraries: Mapping[str, str], actual: str) -> str:
    """Return why the environment cannot be used, the plainest reason first; empty where nothing is wrong."""
    python = interpreter(prefix)
    if is_guarded(os.path.dirname(prefix)):
        return UNFINISHED
    real_prefix = os.path.realpath(prefix)
    linked = os.path.islink(python) and not os.path.realpath(python).startswith(real_prefix + os.sep)
    if not os.path.lexists(python):
        return "the environment has no Python interpreter: it was not finished, or part of it was removed"
    if not os.path.exists(python):
        return f"its Python is gone: {python} points to {os.path.realpath(python)}, which does not exist"
    if not os.path.isfile(python) or not os.access(python, os.X_OK):
        return f"its Python cannot be started: {python} is not an executable file"
    if "home" not in cfg and not conda and (linked or os.path.exists(os.path.join(prefix, "pyvenv.cfg"))):
        return "the environment is half made: pyvenv.cfg is missing or empty"
    home = cfg.get("home", "")
    if home and not linked and not os.path.isdir(home):
        return f"its base Python is gone: there is no folder {home}"
    if actual and libraries and actual not in libraries:
        old = ", ".join(libraries)
        return f"Base Python changed {old} \N{RIGHTWARDS ARROW} {actual}, remake from lock"
    return _marker_problem(prefix, real_prefix)


def _marker_problem(prefix: str, real_prefix: str) -> str:
    marker = read_marker(prefix)
    if marker is not None:
        made_for = marker.get("path")
        if isinstance(made_for, str) and os.path.normcase(made_for) != os.path.normcase(real_prefix):
            return f"the environment was made for another folder ({made_for}): it was moved or copied"
        return ""
    envs, name = os.path.split(real_prefix)
    if envs.endswith(os.path.join(".mlenv", "envs")):
        # Asked of a generation that is being made (not through the link), a missing marker is no news.
        unfinished = os.path.islink(prefix) and not name.startswith("adopted-")
        return "the environment was not finished: its ready marker is missing" if unfinished else ""
    made_for = _made_for(prefix)
    if made_for and os.path.realpath(made_for) != real_prefix:
        return f"the environment was made for another folder ({made_for}): its programs lead there"
    return ""


def _made_for(prefix: str) -> str:
    """Return the folder for which venv, virtualenv or uv wrote the environment's programs; empty where none is fixed.

    In a copy of an environment ``pip`` installs into the original: the first line of the script names it.
    """
    match = _ACTIVATE.search(_text(os.path.join(prefix, "bin", "activate")))
    return match[2] if match else ""


def _engine(cfg: Mapping[str, str], conda: bool) -> Optional[str]:
    if conda:
        return "conda"
    if "uv" in cfg:
        return "uv"
    if "virtualenv" in cfg:
        return "virtualenv"
    return "venv" if "home" in cfg else None


def _sites(
    prefix: str, cfg: Mapping[str, str], libraries: Mapping[str, str], minor: str
) -> Tuple[List[str], List[str]]:
    """Return the site-packages folders in the order of ``sys.path``: own and extended, and the system's if seen."""
    if os.name == "nt":
        own = [os.path.join(prefix, "Lib", "site-packages")]
    elif minor in libraries:
        own = [libraries[minor]]
        # Fedora keeps compiled packages in lib64, a folder of its own outside environments.
        wide = os.path.join(prefix, "lib64", os.path.basename(os.path.dirname(own[0])), "site-packages")
        if os.path.isdir(wide) and not os.path.samefile(wide, own[0]):
            own.append(wide)
    else:
        own = list(libraries.values())
    extended = cfg.get("extends-environment", "")
    if extended and os.path.isdir(extended) and not os.path.samefile(extended, prefix):
        # `uv run --with`: an overlay over another environment (which never extends a third).
        own += _sites(extended, {}, _libraries(extended), minor)[0]
    system: List[str] = []
    if cfg.get("include-system-site-packages", "").lower() == "true":
        base = os.path.dirname(cfg.get("home", ""))
        places = (
            f"/usr/local/lib/python{minor}/dist-packages",  # Debian and its children
            os.path.join(base, "lib", f"python{minor}", "site-packages"),
            os.path.join(base, "lib", "python3", "dist-packages"),
        )
        system = [
            place for place in places if os.path.isdir(place) and (base == "/usr" or not place.startswith("/usr"))
        ]
    return own, system
