"""What packages brought along that a person may want to know of: read from files, nothing of it is run.

Standard library only, Python 3.9+, like the rest of this package.
"""

from __future__ import annotations

import os
import re
from typing import Dict, Iterator, List, Tuple

from mlenv.installed import parse_record
from mlenv.model import Distribution, Installed
from mlenv.probe.scanning import listing, metadata, text_of
from mlenv.versions import normalise

__all__ = ["planted"]

_STARTERS = ("sitecustomize.py", "usercustomize.py")
_PROGRAMS = re.compile(r"(?:python|pip|uv|git|sh|bash|sudo|ssh|ls|cd|jupyter|conda)[\d.]*(?:\.exe)?", re.IGNORECASE)
_OWN_PROGRAMS = {"pip": "pip", "uv": "uv", "conda": "conda", "jupyter": "jupyter-core"}
_JUPYTER = (
    ("share/jupyter/kernels/", "a kernel"),
    ("etc/jupyter/", "settings of a Jupyter server"),
    ("etc/ipython/", "settings of IPython"),
    ("share/jupyter/labextensions/", "an extension of JupyterLab"),
)
_KNOWN_PTH = ("import os; var = 'SETUPTOOLS_USE_DISTUTILS'", "import _virtualenv", "import __editable__")
_SHOWN = 80


def planted(installed: Installed) -> Tuple[str, ...]:
    """Return one sentence for each oddity of the installed packages, sorted by package.

    ``.pth`` files and start-up modules that run at every start; rows of ``RECORD`` that lie outside the environment or
    in another package's metadata; kernels, server settings and extensions for Jupyter; programs named like well-known
    ones; metadata under another name; names that differ only in case. Cost: 8,000 files about 30 ms.
    """
    found: List[str] = []
    owners: Dict[str, str] = {}
    for distribution in sorted(installed.distributions, key=lambda one: one.name):
        rows = [path for path, _, _ in parse_record(text_of(f"{distribution.site}/{distribution.folder}/RECORD"))]
        owners.update((path, distribution.name) for path in rows if "/" not in path)
        found += _of_rows(distribution, rows)
        found += _lies(distribution)
    sites = sorted({distribution.site for distribution in installed.distributions})
    return (*found, *(note for site in sites for note in _at_start(site, owners)))


def _of_rows(distribution: Distribution, rows: List[str]) -> Iterator[str]:
    name, site = distribution.name, distribution.site
    prefix = os.path.normpath(os.path.join(site, "..", "..", ".."))
    places = {path: os.path.normpath(os.path.join(site, path)) for path in rows}
    outside = [path for path, place in places.items() if not place.startswith(prefix + os.sep)]
    if outside:
        yield f"{name} lists files outside the environment as its own: {_some(outside)}"
    metadata_rows = [path for path in rows if path.partition("/")[0].endswith(".dist-info")]
    others = [path for path in metadata_rows if not path.startswith(f"{distribution.folder}/")]
    if others:
        yield f"{name} lists files of another package as its own: {_some(others)}"
    inside = [os.path.relpath(place, prefix).replace(os.sep, "/") for place in places.values()]
    for start, what in _JUPYTER:
        brought = sorted({"/".join(path.split("/")[:4]) for path in inside if path.startswith(start)})
        if brought and name != "ipykernel":
            yield f"{name} brings {what}: {_some(brought)}"
    programs = [path for path in inside if path.startswith(("bin/", "Scripts/"))]
    taken = [path for path in programs if _PROGRAMS.fullmatch(os.path.basename(path)) and not _own(name, path)]
    if taken:
        yield f"{name} brings a program with the name of a well-known one: {_some(taken)}"
    folded: Dict[str, str] = {}
    clash = [path for path in rows if folded.setdefault(path.casefold(), path) != path]
    if clash:
        yield f"{name} brings files whose names differ only in case: {_some(clash)}"


def _own(name: str, path: str) -> bool:
    program = re.sub(r"[\d.]*(?:\.exe)?$", "", os.path.basename(path).lower())
    return _OWN_PROGRAMS.get(program) == name


def _lies(distribution: Distribution) -> Iterator[str]:
    if not distribution.folder.endswith(".dist-info"):
        return
    said = metadata(distribution).name
    if said and normalise(said) != distribution.name:
        yield f"{distribution.name} says in its metadata that it is {said[:_SHOWN]}"


def _at_start(site: str, owners: Dict[str, str]) -> Iterator[str]:
    for entry in sorted(listing(site)):
        whose = owners.get(entry, "no package")
        if entry in _STARTERS:
            yield f"{entry} of {whose} runs at every start of this Python"
        elif entry.endswith(".pth"):
            lines = [line.strip() for line in text_of(f"{site}/{entry}").splitlines()]
            code = [
                line for line in lines if line.startswith(("import ", "import\t")) and not line.startswith(_KNOWN_PTH)
            ]
            if code:
                shown = "".join(char if char.isprintable() else "?" for char in code[0])
                yield f"{entry} of {whose} runs code at every start of this Python: {shown[:_SHOWN]}"


def _some(paths: List[str]) -> str:
    shown = ", ".join("".join(char if char.isprintable() else "?" for char in path)[:_SHOWN] for path in paths[:3])
    return shown + (f", and {len(paths) - 3} more" if len(paths) > 3 else "")
