"""Whether what is installed is all there: files against their ``RECORD``.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import os
from typing import Dict, Mapping, Optional, Sequence, Set, Tuple

from mlenv.installed import entry_name, parse_record
from mlenv.model import Distribution, Installed
from mlenv.probe.scanning import listing, text_of, tops

__all__ = ["missing_tops", "verify"]

_CHUNK_BYTES = 1 << 20
_FOREIGN = frozenset({"conda", "debian", "rpm"})
"""Installers that keep their own lists of files."""
_NO_RECORD = "its installation was not finished (no RECORD)"
_NO_LAST_ROW = "its installation was not finished (RECORD lacks its last row)"


def missing_tops(installed: Installed, index: Mapping[str, Sequence[str]]) -> Tuple[Tuple[str, str], ...]:
    """Return (name, reason) of packages whose modules are gone from their folder while their metadata is there.

    Args:
        index: name -> what :func:`mlenv.probe.site.tops` says, which ``RECORD`` tells even when the files are gone;
            where a name is not in it, its ``RECORD`` is read now.

    Cost: one listing per site folder; 300 ``RECORD`` files about 5 ms where the index is empty.
    """
    there: Dict[str, Set[str]] = {}
    damaged = []
    for distribution in installed.distributions:
        if distribution.source.kind == "editable" or not distribution.site:
            continue
        if distribution.site not in there:
            there[distribution.site] = {entry_name(entry) for entry in listing(distribution.site)}
        names = index.get(distribution.name)
        if names is None:
            record = text_of(f"{distribution.site}/{distribution.folder}/RECORD")
            unfinished = _unfinished(distribution, record)
            if unfinished:
                damaged.append((distribution.name, unfinished))
                continue
            names = tops(distribution, record or None)
        gone = [name for name in names if name not in there[distribution.site]]
        if gone:
            damaged.append((distribution.name, f"its files are gone: {', '.join(gone[:3])}"))
    return tuple(damaged)


def _unfinished(distribution: Distribution, record: str) -> str:
    """Say why an installation cannot have come to its end; empty where it has, or where its kind is never judged."""
    if not distribution.folder.endswith(".dist-info"):
        return ""
    folder = f"{distribution.site}/{distribution.folder}"
    last_row = ".dist-info/INSTALLER" in record
    if last_row and os.path.isfile(f"{folder}/METADATA"):
        return ""
    if text_of(f"{folder}/INSTALLER").strip() in _FOREIGN:
        return ""
    if not record:
        return _NO_RECORD
    return f"{distribution.folder}/METADATA is missing" if last_row else _NO_LAST_ROW


def verify(distribution: Distribution, deep: bool = False) -> Tuple[str, ...]:
    """Compare the files of one distribution with its ``RECORD``; return one sentence per fault, none if it is whole.

    Args:
        deep: compare contents (sha256), too, not only presence and size.

    ``.pyc`` rows are skipped (virtualenv's pip lists ones that do not exist), and so are rows outside the environment.
    An installation is finished only when ``RECORD`` lists ``INSTALLER``: pip and uv write it last. Old kinds of
    metadata are never judged, packages of conda and Linux distributions by presence only.
    Cost: 8,000 files about 70 ms.
    """
    folder = os.path.join(distribution.site, distribution.folder)
    if not distribution.folder.endswith(".dist-info"):
        return ()
    if not os.path.isfile(f"{folder}/METADATA"):
        return (f"{distribution.folder}/METADATA is missing",)
    record, installer = text_of(f"{folder}/RECORD"), text_of(f"{folder}/INSTALLER").strip()
    foreign = installer in _FOREIGN
    if not record:
        return () if foreign else (_NO_RECORD,)
    rows = parse_record(record)
    if not foreign and not any(path.endswith(".dist-info/INSTALLER") for path, _, _ in rows):
        return (_NO_LAST_ROW,)
    prefix = _prefix_of(distribution.site)
    faults = []
    for path, digest, size in rows:
        if path.endswith((".pyc", "__pycache__/")):
            continue
        file = os.path.normpath(os.path.join(distribution.site, path))
        if file.startswith(prefix + os.sep):
            # RECORD cannot tell its own size, though some builders let it try.
            present_only = foreign or path.endswith(".dist-info/RECORD")
            fault = _fault(file, "" if present_only else digest, None if present_only else size, deep)
            if fault:
                faults.append(f"{path} {fault}")
    return tuple(faults)


def _prefix_of(site: str) -> str:
    """Return the folder that a site's files may lie in: the environment's, or the folder itself (``pip --target``)."""
    place = os.path.normpath(site)
    if os.path.basename(place) != "site-packages":
        return place
    return os.path.normpath(os.path.join(place, "..", ".." if os.name == "nt" else os.path.join("..", "..")))


def _fault(file: str, digest: str, size: Optional[int], deep: bool) -> str:
    try:
        seen = os.stat(file)
    except (OSError, ValueError):  # a name with a null character is no file's
        return "is missing"
    if size is not None and seen.st_size != size:
        return "has another size"
    return "was changed" if deep and digest.startswith("sha256=") and _sha256(file) != digest[7:] else ""


def _sha256(path: str) -> str:
    """Return the digest as RECORD writes it: URL-safe base64 without padding; empty where it cannot be read."""
    import base64
    import hashlib

    total = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                total.update(chunk)
    except OSError:
        return ""
    return base64.urlsafe_b64encode(total.digest()).rstrip(b"=").decode("ascii")
