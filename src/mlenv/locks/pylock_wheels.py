"""The wheels of a ``pylock.toml``: thousands in a large lock, nearly all written the same way.

``packaging`` makes a value, an address and a set of tags of each, which took half of the time of reading a lock. Here
the same rules are checked on the texts; wheels that are written in any other way go to ``packaging`` as before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from mlenv.locks.hashes import is_hash
from mlenv.locks.place import Table
from mlenv.locks.source import file_name

__all__ = ["hashes_of", "least_bytes", "lightened", "wheel_names"]

_TAGS = re.compile(r"-[\w.]+-[\w.]+-[\w.]+\.whl")
_ODD_ADDRESS = re.compile(r"[%?#;\[\]\\\s]")
_KEYS = frozenset({"name", "url", "path", "size", "upload-time", "hashes"})


def lightened(table: Table) -> Table:
    """Return the lock for ``packaging``, with one wheel for each package whose wheels are all plain and right.

    Their rules (``packaging.pylock.Package``): known types, an address, a hash, a file name of this name and version.
    """
    packages = table.get("packages")
    if not isinstance(packages, list):
        return table
    return {**table, "packages": [_light(row) if isinstance(row, dict) else row for row in packages]}


def wheel_names(row: Table) -> Iterator[str]:
    """Yield the file names of a package's wheels; the lock has been validated."""
    for wheel in row.get("wheels") or ():
        yield wheel.get("name") or file_name(wheel.get("path") or wheel.get("url") or "")


def least_bytes(row: Table) -> int:
    """Return the size of the smallest wheel of a package, 0 where one does not tell; the lock has been validated."""
    return min((wheel.get("size") or 0 for wheel in row.get("wheels") or ()), default=0)


def hashes_of(row: Table) -> tuple[str, ...]:
    """Return ``sha256:...`` of each file of a package; the lock has been validated."""
    sdist = row.get("sdist")
    files = [*(row.get("wheels") or ()), *([sdist] if sdist else [])]
    return tuple(f"{kind}:{digest}" for file in files for kind, digest in sorted(file["hashes"].items()))


def _light(row: dict[str, Any]) -> dict[str, Any]:
    name, version, wheels = row.get("name"), row.get("version"), row.get("wheels")
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(wheels, list) or len(wheels) < 2:
        return row
    stem = name.replace("-", "_")
    return {**row, "wheels": wheels[:1]} if all(_plain(wheel, stem, version) for wheel in wheels) else row


def _plain(wheel: object, stem: str, version: str) -> bool:
    """Say whether one wheel keeps all rules, as texts can tell; ``False`` where ``packaging`` is to tell."""
    if not isinstance(wheel, dict) or not _KEYS.issuperset(wheel) or not _typed(wheel):
        return False
    address, named = wheel.get("url"), wheel.get("name", "")
    if not isinstance(address, str) or not isinstance(named, str) or not address or _ODD_ADDRESS.search(address):
        return False
    file = named or address.rpartition("/")[2]
    end = len(stem) + 1 + len(version)
    return (
        file[: len(stem)].lower().replace(".", "_") == stem
        and file[len(stem) : end] == f"-{version}"
        and _TAGS.fullmatch(file, end) is not None
    )


def _typed(wheel: Mapping[str, Any]) -> bool:
    hashes, size, uploaded = wheel.get("hashes"), wheel.get("size", 0), wheel.get("upload-time")
    return (
        isinstance(hashes, dict)
        and bool(hashes)
        and all(isinstance(digest, str) and is_hash(digest) for digest in hashes.values())
        and isinstance(size, int)
        and not isinstance(size, bool)
        and (uploaded is None or isinstance(uploaded, datetime))
        and "path" not in wheel
    )
