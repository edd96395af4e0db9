"""What conda installed, from the names in ``conda-meta``; its records are opened only where a name cannot tell.

Standard library only, Python 3.9+: this file also runs inside project kernels.

Source: conda's documentation, "conda-meta"; background: conda's packages carry dist-info folders of their own.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Tuple

from mlenv.installed import parse_folder_name
from mlenv.model import Distribution, Source
from mlenv.versions import normalise, same

__all__ = ["conda_folders", "owners", "records"]

_FOLDER = re.compile(r'"[^"\n]*?site-packages/([^/"\n]+\.(?:dist-info|egg-info|egg))(?=[/"])')
_MOST_CHARACTERS = 64 << 20


def conda_folders(sites: Sequence[str]) -> Tuple[str, ...]:
    """Return where conda keeps its records of the environments that site-packages folders belong to, there or not.

    Cost: 2 us; nothing is looked at.
    """
    return tuple(dict.fromkeys(folder for folder in map(_conda_meta, sites) if folder))


def records(sites: Sequence[str]) -> Tuple[Distribution, ...]:
    """Return conda's records of the environment that site-packages folders belong to, by their file names.

    Cost: one failing look-up where there is no ``conda-meta``; 300 records 0.3 ms.
    """
    for folder in conda_folders(sites):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        if names:
            return _told(folder, tuple(sorted(names)))
    return ()


@lru_cache(maxsize=8)
def _told(folder: str, entries: Tuple[str, ...]) -> Tuple[Distribution, ...]:
    """Return what the names of records say, kept: 450 cost 1.5 ms, and a kernel asks after every cell that installs."""
    found = [_record(folder, entry) for entry in entries]
    return tuple(sorted([row for row in found if row is not None], key=lambda row: row.name))


@lru_cache(maxsize=256)
def _conda_meta(site: str) -> str:
    """Return where conda would keep its records of a ``.../lib/python3.12/site-packages`` or ``Lib/site-packages``."""
    parent = os.path.dirname(site.rstrip("/\\"))
    prefix = os.path.dirname(parent)
    if os.path.basename(parent).startswith(("python", "pypy")):
        prefix = os.path.dirname(prefix)
    return os.path.join(prefix, "conda-meta") if prefix else ""


def _record(folder: str, entry: str) -> Optional[Distribution]:
    parts = entry[: -len(".json")].rsplit("-", 2) if entry.endswith(".json") else []
    if len(parts) != 3 or not all(parts):
        return None
    name, version, build = parts
    return Distribution(
        name=name, version=version, source=Source(kind="conda", commit=build), folder=entry, site=folder
    )  # fmt: skip


def owners(
    found: Iterable[Distribution], conda: Sequence[Distribution]
) -> Tuple[Tuple[str, ...], Tuple[Tuple[str, str], ...]]:
    """Say which distributions conda put there, and which of its packages something was put over.

    Args:
        found: what lies in the site-packages folders.
        conda: conda's records; one at least.

    Returns:
        Names of distributions; (name of a conda package, version that lies there now: empty where its files are gone).

    Cost: names tell nearly all; records are read, once in a process, for what pip installed or conda calls otherwise.
    """
    folder, entries = conda[0].site, tuple([row.folder for row in conda])
    named = _versions(folder, entries)
    owned: List[str] = []
    unsure: List[Distribution] = []
    for row in found:
        version = named.get(row.name)
        if version is not None and (version == row.version or same(version, row.version)):
            owned.append(row.name)
        else:
            unsure.append(row)
    overwritten: Dict[str, str] = {}
    by_folder, by_name = _folders(folder, entries) if unsure else ({}, {})
    for row in unsure:
        if row.folder in by_folder:
            owned.append(row.name)
        elif row.name in by_name:
            overwritten[by_name[row.name]] = row.version
    there = {row.name for row in found}
    for row in conda:
        # Only builds of Python packages are named so; what calls itself otherwise than its record is read, once.
        if row.source.commit.startswith("py") and normalise(row.name) not in there and row.name not in overwritten:
            listed = _listed(os.path.join(folder, row.folder))
            if listed and not any(one.folder in listed for one in found):
                overwritten[row.name] = ""
    return tuple(owned), tuple(sorted(overwritten.items()))


@lru_cache(maxsize=8)
def _versions(folder: str, entries: Tuple[str, ...]) -> Mapping[str, str]:
    """Return name, as the index would write it -> version."""
    return {normalise(row.name): row.version for row in _told(folder, entries)}


@lru_cache(maxsize=8)
def _folders(folder: str, entries: Tuple[str, ...]) -> Tuple[Mapping[str, str], Mapping[str, str]]:
    """Return metadata folder -> conda package, and name of a distribution -> conda package."""
    by_folder: Dict[str, str] = {}
    by_name: Dict[str, str] = {}
    for record in _told(folder, entries):
        for listed in _listed(os.path.join(folder, record.folder)):
            by_folder[listed] = record.name
            told = parse_folder_name(listed)
            if told is not None:
                by_name[told[0]] = record.name
    return by_folder, by_name


@lru_cache(maxsize=4096)
def _listed(path: str) -> FrozenSet[str]:
    """Return the metadata folders among a record's files. A record's name has its version and build in it."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(_MOST_CHARACTERS)
    except OSError:
        return frozenset()
    return frozenset(_FOLDER.findall(text))
