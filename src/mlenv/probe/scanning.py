"""What is installed, read from folder names; files are opened only where a name cannot tell.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import os
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from mlenv.installed import (
    Metadata,
    entry_name,
    parse_direct_url,
    parse_folder_name,
    parse_metadata,
    parse_record,
    parse_requires,
    top_levels,
)
from mlenv.model import Distribution, Installed, Source
from mlenv.probe.conda_meta import owners, records
from mlenv.versions import normalise

__all__ = ["listing", "metadata", "needs", "required_names", "scan", "text_of", "tops"]

_INDEX = Source(kind="index")
_OLDER = (".egg-info", ".egg-link", ".egg")
_MOST_BYTES = 16 << 20
"""Of one file of metadata: the largest RECORD at hand has 2 million."""


def scan(sites: Sequence[str], before: Optional[Installed] = None) -> Installed:
    """Read what the site-packages folders hold, from folder names; files are opened only where a name cannot tell.

    Args:
        sites: in the order of ``sys.path``: the first folder that has a name wins, and hides it in later ones.
        before: an earlier scan: what its folder names told already is not read out of them again.

    A folder that is missing or cannot be listed counts as empty. Cost: 300 distributions in one folder < 1.5 ms,
    half of it where an earlier scan is given.
    """
    known = _told_by_name(before) if before is not None else {}
    found: Dict[str, Distribution] = {}
    duplicates: List[Distribution] = []
    leftovers: List[str] = []
    damaged: List[Tuple[str, str]] = []
    for site in dict.fromkeys(sites):
        here: Dict[str, Distribution] = {}
        for entry in _metadata_entries(site, leftovers):
            distribution = _distribution(site, entry, known.get((site, entry)))
            if distribution is None:
                continue
            if distribution.name in here:
                duplicates.append(distribution)
            else:
                here[distribution.name] = distribution
                if not distribution.version:
                    damaged.append((distribution.name, f"{entry} does not say which version it is"))
        for name, distribution in here.items():
            found.setdefault(name, distribution)
    conda = records(sites)
    owned, overwritten = owners(found.values(), conda) if conda else ((), ())
    return Installed(
        distributions=tuple(found.values()),
        duplicates=tuple(duplicates),
        damaged=tuple(damaged),
        leftovers=tuple(sorted(leftovers)),
        conda=conda,
        owned=owned,
        overwritten=overwritten,
    )


def listing(folder: str) -> List[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _metadata_entries(site: str, leftovers: List[str]) -> List[str]:
    """Return the names of metadata folders, ``.dist-info`` before older kinds; ``~`` folders go to ``leftovers``."""
    names = listing(site)
    entries = sorted([name for name in names if name.endswith(".dist-info") and name[0] != "~"])
    for name in sorted([name for name in names if name[0] == "~" or name.endswith(_OLDER)]):
        if name[0] == "~":
            leftovers.append(f"{site}/{name}")
        else:
            entries.append(name)
    return entries


def _told_by_name(before: Installed) -> Dict[Tuple[str, str], Distribution]:
    """Return what nothing but the folder's name has told, by site and that name."""
    rows = before.distributions
    return {(row.site, row.folder): row for row in rows if row.source is _INDEX and f"-{row.version}." in row.folder}


def _distribution(site: str, entry: str, known: Optional[Distribution]) -> Optional[Distribution]:
    # One call per package, the dearest part of a scan; unlike a stat it raises nothing where there is no such file.
    direct = os.access(f"{site}/{entry}/direct_url.json", os.F_OK)
    if known is not None and not direct:
        return known
    if entry.endswith(".egg-link"):
        return _development_install(site, entry)
    named = parse_folder_name(entry)
    if named is None:
        return None
    name, version = named
    if not version[:1].isdigit() or "_" in version:
        # Not what PEP 440 allows: only the metadata itself can tell.
        version = _metadata_of(f"{site}/{entry}").version or version
    source = _direct_source(f"{site}/{entry}") if direct else _INDEX
    return Distribution(name=name, version=version, source=source, folder=entry, site=site)


def _direct_source(folder: str) -> Source:
    source = parse_direct_url(text_of(os.path.join(folder, "direct_url.json")))
    # conda packages carry the address of the machine that built them, which is nobody's source.
    if source.kind == "path" and text_of(os.path.join(folder, "INSTALLER")).strip() == "conda":
        return _INDEX
    return source


def _development_install(site: str, entry: str) -> Optional[Distribution]:
    """Read an ``.egg-link`` (``setup.py develop``): the first line is the folder that holds the ``.egg-info``."""
    lines = text_of(os.path.join(site, entry)).splitlines()
    if not lines or not lines[0].strip():
        return None
    folder = lines[0].strip()
    name = normalise(entry[: -len(".egg-link")])
    for other in listing(folder):
        known = parse_folder_name(other)
        if known is not None and known[0] == name:
            version = known[1] or _metadata_of(os.path.join(folder, other)).version
            source = Source(kind="editable", url=folder)
            return Distribution(name=name, version=version, source=source, folder=entry, site=site)
    return None


def text_of(path: str) -> str:
    try:
        # A thousand environments are ten thousand of these: a text stream takes twice as long to open.
        with open(path, "rb", buffering=0) as file:
            text = file.read(_MOST_BYTES).decode("utf-8", errors="replace")
    except (OSError, ValueError):  # a name with a null character is no file's
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _metadata_of(folder: str) -> Metadata:
    # A folder or, from distutils, one file; `.egg` folders keep it one level further down.
    candidates = (folder, f"{folder}/METADATA", f"{folder}/PKG-INFO", f"{folder}/EGG-INFO/PKG-INFO")
    return parse_metadata(next((text for text in map(text_of, candidates) if text), ""))


def metadata(distribution: Distribution) -> Metadata:
    """Read the metadata headers of one distribution; all empty where there are none. Cost: one small file."""
    return _metadata_of(_folder(distribution))


def _folder(distribution: Distribution) -> str:
    if distribution.folder.endswith(".egg-link"):
        for entry in listing(distribution.source.url):
            known = parse_folder_name(entry)
            if known is not None and known[0] == distribution.name:
                return os.path.join(distribution.source.url, entry)
    return os.path.join(distribution.site, distribution.folder)


def required_names(distribution: Distribution) -> Tuple[str, ...]:
    """Return the normalised names that one distribution requires whatever its extras. Cost: one small file."""
    return tuple(dict.fromkeys(name for name, _ in parse_requires(metadata(distribution).requires)))


def needs(installed: Installed, asked: Iterable[str] = ()) -> Mapping[str, Tuple[str, ...]]:
    """Return installed name -> names that it requires, the extras that anybody asks for included.

    Args:
        installed: n distributions.
        asked: requirement texts of the project (``uvicorn[standard]``), for their extras.

    Markers other than ``extra`` are not evaluated. Cost: n small files; 300 packages about 20 ms, so ask
    :func:`mlenv.drift.needs_matter` first.
    """
    texts = {distribution.name: metadata(distribution).requires for distribution in installed.distributions}
    extras: Dict[str, Set[str]] = {}
    for name, asks in parse_requires(asked):
        extras.setdefault(name, set()).update(asks)
    rows: Dict[str, Tuple[Tuple[str, Tuple[str, ...]], ...]] = {}
    waiting = list(texts)
    while waiting:
        name = waiting.pop()
        rows[name] = parse_requires(texts[name], extras.get(name, ()))
        for other, asks in rows[name]:
            known = extras.setdefault(other, set())
            if not known.issuperset(asks):
                known.update(asks)
                if other in texts:
                    waiting.append(other)
    return {name: tuple(other for other, _ in row) for name, row in rows.items()}


def tops(distribution: Distribution, record: Optional[str] = None) -> Tuple[str, ...]:
    """Return the sorted top-level import names of one distribution, for an editable one those of its sources.

    Args:
        record: the text of its ``RECORD``, where that has been read.

    Cost: one file (``RECORD``), two more for editable and old installs.
    """
    folder = _folder(distribution)
    if record is None:
        record = text_of(f"{folder}/RECORD")
    editable = distribution.source.kind == "editable"
    if record and not editable:
        return top_levels(record)
    top_level = text_of(f"{folder}/top_level.txt")
    return _linked_tops(distribution.site, record) if editable and not top_level else top_levels("", top_level)


def _linked_tops(site: str, record: str) -> Tuple[str, ...]:
    """Return the names in the folders that an editable install's ``.pth`` files add to ``sys.path``."""
    names: Set[str] = set()
    for path, _, _ in parse_record(record):
        if "/" in path or not path.endswith(".pth"):
            continue
        for line in text_of(os.path.join(site, path)).splitlines():
            if line.startswith(("import ", "import\t", "#")):
                continue
            linked = line.strip()
            names.update(entry_name(entry) for entry in listing(linked) if linked and _importable(linked, entry))
    names.discard("")
    return tuple(sorted(names))


def _importable(folder: str, entry: str) -> bool:
    if entry.endswith((".py", ".so", ".pyd")):
        return entry != "setup.py"
    return os.path.isfile(os.path.join(folder, entry, "__init__.py"))
