"""One pin of a lock against the distribution that is installed under its name.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import posixpath
import re
from typing import Callable, Optional, Sequence, Tuple

from mlenv.installed import without_user
from mlenv.model import Distribution, Finding, Pin, Source
from mlenv.versions import same, satisfies

__all__ = ["SamePlace", "fits", "full_path", "locked_text", "pin_finding"]

SamePlace = Callable[[str, str], bool]
"""Whether two absolute paths lead to the same place, through whatever links."""

_LISTS = ("requirements", "conda")
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def pin_finding(
    pin: Pin,
    distribution: Optional[Distribution],
    roots: Sequence[str],
    kind: Optional[str] = None,
    same_place: Optional[SamePlace] = None,
) -> Optional[Finding]:
    """Compare one pin of a lock of this kind with what is installed under its name."""
    plain = pin.source.kind == "index"
    if (
        distribution is not None
        and plain
        and pin.version == distribution.version
        and distribution.source.kind == "index"
    ):
        return None  # nearly every pin of nearly every check
    locked = locked_text(pin)
    if distribution is None:
        reason = f"{pin.name} is locked and not installed"
        return Finding(kind="missing", package=pin.name, locked=locked, reason=reason)
    found, reason = _version_drift(pin, distribution, kind)
    if not found:
        reason = _source_drift(pin.source, distribution.source, roots, same_place)
        found = "source" if reason else ""
    if not found:
        return None
    return Finding(kind=found, package=pin.name, locked=locked, installed=distribution.version, reason=reason)


def fits(locked: str, there: str, kind: Optional[str]) -> Optional[bool]:
    """Return whether an installed version is the locked one; ``None`` where it cannot be told.

    A requirements file (and the ``pip:`` part of ``environment.yml``) asks by PEP 440's ``==``, which takes any build
    of a version: ``torch==2.5.1`` is satisfied by ``2.5.1+cu121``. Other locks name the very file.
    """
    return satisfies(there, f"=={locked}") if kind in _LISTS else same(there, locked)


def _version_drift(pin: Pin, distribution: Distribution, kind: Optional[str]) -> Tuple[str, str]:
    """Return (kind, reason); the kind is empty where the versions agree or none is asked for."""
    wanted, there = pin.version or pin.specifier, distribution.version
    if not wanted or wanted == there or pin.source.kind == "editable":
        # The version of an editable package is whatever its sources say today (uv leaves it out of its locks).
        return "", ""
    agrees = fits(wanted, there, kind) if pin.version else satisfies(there, pin.specifier)
    if agrees is None:
        return "undecidable", f"cannot tell whether {there} satisfies {wanted}"
    if agrees:
        return "", ""
    return "different", f"{wanted} is locked, {there} is installed"


def _source_drift(locked: Source, there: Source, roots: Sequence[str], same_place: Optional[SamePlace] = None) -> str:
    """Return why two sources differ; empty where they agree. Source: PEP 610, and what uv and pip write."""
    if locked.kind == "any" and (there.kind == "index" or _plain_url(locked.url) == _plain_url(there.url)):
        return ""
    if locked.kind == there.kind and _same_source(locked, there, roots, same_place):
        if locked.hash and there.hash and locked.hash != there.hash and locked.kind != "editable":
            return (
                f"another file was at {_source_text(there)}: {locked.hash[:19]} is locked, {there.hash[:19]} installed"
            )
        return ""
    return f"locked from {_source_text(locked)}, installed from {_source_text(there)}"


def _same_source(locked: Source, there: Source, roots: Sequence[str], same_place: Optional[SamePlace]) -> bool:
    if locked.kind == "index":
        return True
    if locked.subdirectory.strip("/") != there.subdirectory.strip("/"):
        return False
    if locked.kind == "vcs" and locked.commit and there.commit:
        short, long = sorted((locked.commit.lower(), there.commit.lower()), key=len)
        return len(short) >= 7 and long.startswith(short)
    if locked.kind in {"path", "editable"}:
        wanted = {full_path(locked.url, root) for root in roots}
        place = full_path(there.url, roots[0])
        return place in wanted or (same_place is not None and any(same_place(path, place) for path in wanted))
    return _plain_url(locked.url) == _plain_url(there.url)


def full_path(path: str, root: str) -> str:
    """Return an absolute path as text, links not followed (that would touch the disk)."""
    if path.startswith("file:"):
        path = path[5:].removeprefix("//")
    windows = bool(_DRIVE.match(root) or _DRIVE.match(path))
    if windows:
        path, root = path.replace("\\", "/"), root.replace("\\", "/")
        path = path if _DRIVE.match(path) else posixpath.join(root, path)
        return posixpath.normpath(path).casefold()
    return posixpath.normpath(posixpath.join(root, path or "."))


def _plain_url(url: str) -> str:
    return without_user(url.removeprefix("git+")).rstrip("/").removesuffix(".git")


def _source_text(source: Source) -> str:
    folder = f", folder {source.subdirectory}" if source.subdirectory else ""
    if source.kind == "index":
        return "the package index"
    if source.kind == "editable":
        return f"{source.url or 'a folder'} (editable)"
    if source.kind == "vcs":
        commit = f" at {source.commit[:12]}" if source.commit else ""
        return f"{without_user(source.url)}{commit}{folder}"
    if source.kind == "url":
        return f"{without_user(source.url)}{folder}" if source.url else "an address that cannot be read"
    return source.url or "a local folder"


def locked_text(pin: Pin) -> str:
    """Return what a table shows as locked: version, range, or where it comes from."""
    return pin.version or pin.specifier or ("any" if pin.source.kind == "index" else _source_text(pin.source))
