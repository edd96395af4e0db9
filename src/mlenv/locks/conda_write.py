"""Write ``conda-lock.yml`` (version 1) that says its own end, and check that end.

The file is one that conda-lock, rattler and mlenv read: head and end are comments. The same rows give the same bytes.

Source: conda-lock's documentation, "Output"; ``conda_lock/lockfile/v1/models.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from mlenv.locks.place import Place
from mlenv.locks.sealing import digest
from mlenv.model import Finding, value

__all__ = ["CondaLock", "LockedPackage", "check_conda_seal", "fingerprint_of", "is_ours", "render_conda_lock"]

_HEAD = "# This file was made by mlenv; `mlenv lock` makes it anew, and its end says whether it is whole.\n"
_OURS = re.compile(r"^# (?:This file was made by mlenv\b|mlenv: \d+ packages)", re.MULTILINE)
_END = re.compile(r"^# mlenv: (\d+) packages, (sha256:[0-9a-f]{64})[ \t]*$", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SAID_OTHERWISE = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


@value
class LockedPackage:
    """One row of the lock."""

    name: str
    version: str
    manager: str
    """``conda`` or ``pip``."""
    platform: str
    """``linux-64``, also of packages for every platform."""
    url: str
    """Without credentials."""
    sha256: str = ""
    md5: str = ""
    depends: tuple[str, ...] = ()
    """As the package says them: ``numpy >=1.26,<2``."""


@value
class CondaLock:
    channels: tuple[str, ...]
    """Without credentials, in their order."""
    platforms: tuple[str, ...]
    source: str
    """The manifest's name."""
    fingerprint: str
    """Digest of what the manifest declared."""
    packages: tuple[LockedPackage, ...]


def render_conda_lock(lock: CondaLock) -> str:
    """Return the text of the lock, sealed by its last line."""
    lines = ["version: 1", "metadata:", "  content_hash:"]
    lines += [f"    {platform}: {_scalar(lock.fingerprint)}" for platform in lock.platforms]
    lines += _listed("  channels:", (f"- url: {_scalar(url)}\n    used_env_vars: []" for url in lock.channels))
    lines += _listed("  platforms:", (f"- {_scalar(platform)}" for platform in lock.platforms))
    lines += _listed("  sources:", [f"- {_scalar(lock.source)}"])
    rows = sorted(lock.packages, key=lambda row: (row.platform, row.manager, row.name))
    lines += ["package:", *(_package(row) for row in rows)] if rows else ["package: []"]
    body = _HEAD + "\n".join(lines) + "\n"
    return f"{body}# mlenv: {len(rows)} packages, {digest(body)}\n"


def _listed(key: str, rows: Iterable[str]) -> list[str]:
    found = [f"  {row}" for row in rows]
    return [key, *found] if found else [f"{key} []"]


def _package(row: LockedPackage) -> str:
    needs = _needs(row.depends)
    lines = [
        f"- name: {_scalar(row.name)}",
        f"  version: {_scalar(row.version)}",
        f"  manager: {row.manager}",
        f"  platform: {_scalar(row.platform)}",
        *(["  dependencies:", *needs] if needs else ["  dependencies: {}"]),
        f"  url: {_scalar(row.url)}",
        "  hash:",
        *([f"    md5: {_scalar(row.md5)}"] if row.md5 else []),
        *([f"    sha256: {_scalar(row.sha256)}"] if row.sha256 else []),
        "  category: main",
        "  optional: false",
    ]
    return "\n".join(
        lines if row.md5 or row.sha256 else [line if line != "  hash:" else "  hash: {}" for line in lines]
    )


def _needs(depends: Sequence[str]) -> list[str]:
    """Return a mapping's rows: name of the package -> what of it; a package that is told twice stands there once."""
    told: dict[str, str] = {}
    for spec in depends:
        name, _, asked = spec.strip().partition(" ")
        asked = asked.strip() or "*"
        told[name] = asked if told.get(name, "*") == "*" else f"{told[name]},{asked}"
    return [f"    {_scalar(name)}: {_scalar(asked)}" for name, asked in sorted(told.items())]


def _scalar(text: str) -> str:
    """Return a YAML scalar: in quotes where a plain one could be read as a number, a date or a word of YAML's."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _SAID_OTHERWISE
    return text if plain else json.dumps(text)


def is_ours(text: str) -> bool:
    """Whether mlenv made a lock: by either of its ends."""
    return _OURS.search(text) is not None


def check_conda_seal(text: str, place: Place) -> tuple[Finding, ...]:
    """Check the end of a lock that mlenv wrote; one that another tool wrote passes.

    Returns:
        ``relock`` where somebody edited the text above the end.

    Raises:
        MlenvError: ``lock-truncated`` where the end is missing.
    """
    plain = text.replace("\r\n", "\n")
    if not is_ours(plain):
        return ()
    ends = list(_END.finditer(plain))
    if not ends:
        raise place.error("The lock is not whole: its end is missing.", code="lock-truncated")
    body, rest = plain[: ends[-1].start()], plain[ends[-1].end() :]
    if digest(body) == ends[-1][2] and not rest.strip():
        return ()
    return (Finding(kind="relock", reason=f"{place.file} was edited by hand after mlenv made it."),)


def fingerprint_of(parts: Mapping[str, Sequence[str]]) -> str:
    """Return the digest of what a manifest declares; its order counts only where it means something."""
    return digest(json.dumps(parts, sort_keys=True)).removeprefix("sha256:")
