"""Addresses and paths of direct references, as :class:`mlenv.model.Source` keeps them."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from mlenv.model import Source

__all__ = ["file_name", "inside", "parse_reference", "plain_url", "relative"]

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_VCS = re.compile(r"(git|hg|svn|bzr)\+(.+)", re.DOTALL)


def plain_url(url: str) -> str:
    """Return an address without user information, fragment and surrounding space."""
    parts = urlsplit(url.strip())
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def file_name(address: str) -> str:
    """Return the file name at the end of an address or a path. (A lock holds thousands: ``urlsplit`` is ten times
    slower.)"""
    plain = address.partition("#")[0].partition("?")[0].replace("\\", "/").rpartition("/")[2]
    return unquote(plain) if "%" in plain else plain


def relative(path: str) -> str:
    """Return a path with forward slashes, without ``./`` and a trailing slash; ``.`` for the project itself."""
    parts = path.replace("\\", "/").split("/")
    kept = [part for index, part in enumerate(parts) if part != "." and (part or index == 0)]
    return "/".join(kept) or ("/" if path.startswith("/") else ".")


def inside(path: str, where: str) -> str | None:
    """Return a path that stands in a file as a path from the project's root; ``None`` where it leads outside."""
    if "://" in path or re.match(r"(file:|[/\\~]|[A-Za-z]:)", path):
        return None
    parts: list[str] = where.replace("\\", "/").split("/")[:-1]
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def parse_reference(url: str, *, editable: bool = False) -> Source:
    """Say what the address of a direct reference means (``name @ <address>``, or a bare address in a file).

    ``git+https://host/x@<rev>`` is ``vcs``, its commit only told where the revision is a full hash; ``file:`` and bare
    paths are ``path`` (or ``editable``); the rest is ``url``.

    Source: PEP 508, PEP 610, pip's documentation of VCS support.
    """
    match = _VCS.fullmatch(url.strip())
    if match:
        return _vcs(match[2])
    scheme = urlsplit(url.strip()).scheme
    if scheme == "file" or len(scheme) < 2:  # one letter is a Windows drive
        return Source(kind="editable" if editable else "path", url=_local(url.strip(), scheme))
    return Source(kind="url", url=plain_url(url), subdirectory=_subdirectory(url))


def _vcs(address: str) -> Source:
    plain, folder = plain_url(address), _subdirectory(address)
    base, at, revision = plain.rpartition("@")
    if not at or "/" not in base.partition("://")[2] or base.endswith("/"):
        return Source(kind="vcs", url=plain, subdirectory=folder)
    commit = revision if _COMMIT.fullmatch(revision) else ""
    return Source(kind="vcs", url=base, commit=commit, subdirectory=folder)


def _subdirectory(address: str) -> str:
    """Return the folder that a fragment names: ``...#egg=demo&subdirectory=python``."""
    return parse_qs(urlsplit(address.strip()).fragment).get("subdirectory", [""])[0]


def _local(address: str, scheme: str) -> str:
    if scheme != "file":
        return relative(address.partition("#")[0])
    path = unquote(urlsplit(address).path)
    return relative(path[1:] if re.match(r"/[A-Za-z]:", path) else path)
