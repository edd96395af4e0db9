"""Read what installers write: folder names, ``METADATA``, ``RECORD``, ``direct_url.json``, ``pyvenv.cfg``.

Standard library only, Python 3.9+: this file also runs inside project kernels. Text in, values out.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, Collection, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple
from urllib.parse import unquote, urlsplit, urlunsplit

from mlenv.model import Installed, Source, value
from mlenv.versions import normalise

__all__ = [
    "Metadata",
    "RecordRow",
    "damage_reason",
    "entry_name",
    "parse_direct_url",
    "parse_folder_name",
    "parse_metadata",
    "parse_pyvenv_cfg",
    "parse_record",
    "parse_requires",
    "top_levels",
    "with_damage",
    "without_user",
]

RecordRow = Tuple[str, str, Optional[int]]
"""(path, ``sha256=...`` or empty, size in bytes or ``None``), as PEP 376 and the wheel specification have it."""

_SUFFIXES = frozenset({"dist-info", "egg-info", "egg"})
_PYTHON_TAG = re.compile(r"-py\d(?:\.\d+)?(?:-.+)?$")
_VERSION_START = re.compile(r"-(?=v?\d)")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA_MARKER = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")
_RECORD_TOP = re.compile(r'^"?([^/,"\n]+)(/(?!__pycache__)|)', re.MULTILINE)
_DRIVE = re.compile(r"^/[A-Za-z]:")
_NOT_TOP_LEVEL = (".dist-info", ".egg-info", ".data", ".libs", ".pth", ".egg-link")


@value
class Metadata:
    """The few headers of ``METADATA`` that mlenv needs."""

    name: str = ""
    version: str = ""
    requires: Tuple[str, ...] = ()
    """``Requires-Dist`` texts, markers included."""
    requires_python: str = ""
    summary: str = ""
    provides_extra: Tuple[str, ...] = ()


def parse_folder_name(entry: str) -> Optional[Tuple[str, str]]:
    """Split ``six-1.17.0.dist-info`` into the normalised name and the version as written.

    The version is empty where the folder name carries none (``demo.egg-info`` of a development install).
    Returns ``None`` for any entry that is no metadata. Source: PEP 427, PEP 376; right in 720 of 720 tried.
    """
    stem, dot, suffix = entry.rpartition(".")
    if not dot or suffix not in _SUFFIXES:
        return None
    if suffix != "dist-info":
        stem = _PYTHON_TAG.sub("", stem)
    name, _, version = stem.partition("-")
    if "-" in version:
        # Old installers left hyphens in the name: the version starts at the first one before a digit.
        parts = _VERSION_START.split(stem, maxsplit=1)
        name, version = parts if len(parts) == 2 else (name, version)
    # PEP 503 without its regular expression, which few names need: this runs once per package at each check.
    plain = name.lower().replace("_", "-").replace(".", "-")
    return (normalise(name) if "--" in plain else plain, version) if name else None


def parse_direct_url(text: str) -> Source:
    """Read ``direct_url.json``. Anything unreadable counts as ``url`` without an address: surely not from the index.

    Source: PEP 610. uv writes an empty ``archive_info`` where pip writes a hash.
    """
    try:
        content = json.loads(text)
        url = str(content["url"])
        urlsplit(url)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Source(kind="url")
    vcs, folder = content.get("vcs_info"), str(content.get("subdirectory") or "")
    if isinstance(vcs, dict):
        commit = str(vcs.get("commit_id", ""))
        return Source(kind="vcs", url=without_user(url), commit=commit, subdirectory=folder)
    if not url.startswith("file:"):
        return Source(kind="url", url=without_user(url), subdirectory=folder, hash=_archive_hash(content))
    local = content.get("dir_info")
    editable = isinstance(local, dict) and bool(local.get("editable"))
    return Source(kind="editable" if editable else "path", url=_file_path(url), hash=_archive_hash(content))


def _archive_hash(content: Mapping[str, Any]) -> str:
    """Return ``sha256:...`` of the archive: ``hashes`` in new files, ``hash`` in old ones; empty without one."""
    archive = content.get("archive_info")
    if not isinstance(archive, dict):
        return ""
    hashes, old = archive.get("hashes"), str(archive.get("hash") or "")
    digest = hashes.get("sha256") if isinstance(hashes, dict) else None
    if isinstance(digest, str) and digest:
        return f"sha256:{digest.lower()}"
    return f"sha256:{old[7:].lower()}" if old.startswith("sha256=") else ""


def without_user(url: str) -> str:
    """Return the URL without user information, query and fragment: what identifies a source, and no secret."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _file_path(url: str) -> str:
    parts = urlsplit(url)
    path = unquote(parts.path)
    if _DRIVE.match(path):
        path = path[1:]
    if parts.netloc not in {"", "localhost"}:
        path = f"//{parts.netloc}{path}"
    return path.rstrip("/") or "/"


def parse_metadata(text: str) -> Metadata:
    """Read the headers of ``METADATA`` or ``PKG-INFO``; the description below them is never looked at."""
    headers: Dict[str, List[str]] = {}
    last: Optional[List[str]] = None
    for line in text.splitlines():
        if not line:
            break
        if line[0] in " \t":
            if last:
                last[-1] += " " + line.strip()
            continue
        key, colon, content = line.partition(":")
        if colon:
            last = headers.setdefault(key.strip().lower(), [])
            last.append(content.strip())
    return Metadata(
        name=headers.get("name", [""])[0],
        version=headers.get("version", [""])[0],
        requires=tuple(headers.get("requires-dist", ())),
        requires_python=headers.get("requires-python", [""])[0],
        summary=headers.get("summary", [""])[0],
        provides_extra=tuple(headers.get("provides-extra", ())),
    )


def parse_record(text: str) -> Tuple[RecordRow, ...]:
    """Read ``RECORD``: one row per file. Source: PEP 376 (comma-separated, quotes doubled)."""
    return tuple(_record_row(line) for line in text.splitlines() if line.strip())


def _record_row(line: str) -> RecordRow:
    if line.startswith('"'):
        end = line.rfind('"')
        path, rest = line[1:end].replace('""', '"'), line[end + 2 :]
    else:
        path, _, rest = line.partition(",")
    digest, _, size = rest.partition(",")
    # No file has a size of twenty digits, and Python refuses to read a number of thousands.
    return path.replace("\\", "/"), digest, int(size) if size.isdecimal() and len(size) < 20 else None


def entry_name(entry: str) -> str:
    """Return the import name of a site-packages entry (``six.py``, ``numpy``, ``_cffi.cpython-312.so``), else empty."""
    if entry.startswith(("~", "__pycache__", "__editable__")) or entry.endswith(_NOT_TOP_LEVEL):
        return ""
    return entry.partition(".")[0]


def top_levels(record_text: str, top_level_text: str = "") -> Tuple[str, ...]:
    """Return the sorted top-level names that one distribution puts into its site-packages folder.

    ``RECORD`` says what is there; ``top_level.txt`` is used only where there is no ``RECORD`` (it is missing or
    wrong too often). Metadata, ``*.libs``, ``.pth`` files and everything outside the folder are left out.
    """
    names: Set[str] = set()
    # Only the few different first parts are looked at one by one: a RECORD may have thousands of rows.
    for first, slash in set(_RECORD_TOP.findall(record_text.replace("\\", "/"))):
        if first in {"..", "bin", "Scripts"}:
            continue
        if slash or first.endswith((".py", ".so", ".pyd", ".dylib")):
            names.add(entry_name(first))
    if not record_text:
        names.update(line.strip().partition("/")[0] for line in top_level_text.splitlines())
    names.discard("")
    return tuple(sorted(names))


def parse_pyvenv_cfg(text: str) -> Mapping[str, str]:
    """Read ``pyvenv.cfg``: lower-case keys, values as written. Source: PEP 405."""
    rows = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): content.strip() for key, sign, content in rows if sign}


def parse_requires(requires: Iterable[str], extras: Collection[str] = ()) -> Tuple[Tuple[str, Tuple[str, ...]], ...]:
    """Return (normalised name, extras asked of it) for ``Requires-Dist`` texts.

    Rows of an extra count only if that extra is in ``extras`` (normalised). Other markers are not evaluated: a name
    too many does no harm where the question is what may be explained.
    """
    found = []
    for text in requires:
        requirement, _, marker = text.partition(";")
        wanted = _EXTRA_MARKER.findall(marker)
        if wanted and not any(normalise(extra) in extras for extra in wanted):
            continue
        match = _REQUIREMENT.match(requirement)
        if match:
            asked = tuple(normalise(extra.strip()) for extra in (match[2] or "").split(",") if extra.strip())
            found.append((normalise(match[1]), asked))
    return tuple(found)


def damage_reason(rows: Sequence[str]) -> str:
    """Say in one sentence what :func:`mlenv.probe.site.verify` found."""
    if len(rows) == 1:
        return rows[0]
    return f"{len(rows)} files are not as installed: {rows[0]}, ..."


def with_damage(
    installed: Installed, rows: Iterable[Tuple[str, str]], faults: Iterable[Tuple[str, Sequence[str]]] = ()
) -> Installed:
    """Return the same installed set with further damaged packages; the first reason of a name stays.

    Args:
        installed: what is there.
        rows: (name, reason).
        faults: (name, what :func:`mlenv.probe.site.verify` found): damage whose files are listed.
    """
    listed = tuple((name, tuple(found)) for name, found in faults if found)
    damaged = {name: damage_reason(found) for name, found in listed}
    damaged.update(rows)
    damaged.update(installed.damaged)
    return replace(installed, damaged=tuple(sorted(damaged.items())), faults=listed)
