"""Where a package was installed from, and whether another machine could install it from there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from mlenv.freezing.values import Package
from mlenv.installed import without_user
from mlenv.model import Distribution

__all__ = ["NOWHERE_ELSE", "address", "why_local"]

NOWHERE_ELSE = {
    "editable": "installed editable from a local folder",
    "local": "installed from a local file or folder",
    "conda": "installed by conda",
    "address": "installed from an address that is neither https nor ssh",
    "unpinned": "installed from a repository without a recorded commit",
}


def why_local(distribution: Distribution, package: Package) -> str:
    """Return why no other machine could install this from where it came; empty where it could."""
    kind = distribution.source.kind
    if kind == "editable":
        return "editable"
    if package.installer == "conda":
        return "conda"
    if kind in {"url", "vcs"}:
        if address(package.direct_url) is None:
            return "address" if "://" in distribution.source.url and not _is_file(distribution.source.url) else "local"
        return "unpinned" if kind == "vcs" and not distribution.source.commit else ""
    return "local" if kind == "path" else ""


def _is_file(url: str) -> bool:
    return urlsplit(url).scheme in {"file", "git+file"}


def address(direct_url: str) -> str | None:
    """Return a direct reference that any machine can fetch, ``None`` for anything else; never user information.

    Source: PEP 610 to PEP 508, as ``pip freeze`` writes it.
    """
    try:
        content = json.loads(direct_url)
        url = str(content["url"])
        vcs, archive = content.get("vcs_info") or {}, content.get("archive_info") or {}
        prefix = f"{vcs['vcs']}+" if vcs else ""
        commit = f"@{vcs['commit_id']}" if vcs.get("commit_id") else ""
        hashes: Sequence[str] = [f"{key}={text}" for key, text in sorted((archive.get("hashes") or {}).items())]
        parts = [f"subdirectory={content['subdirectory']}"] if content.get("subdirectory") else []
        place = urlsplit(url)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if place.scheme not in ({"https", "ssh"} if vcs else {"https"}):
        return None
    login = "git@" if place.scheme == "ssh" and place.username == "git" else ""
    scheme, _, rest = without_user(url).partition("://")
    fragment = "&".join([*parts, *hashes[:1]])
    return f"{prefix}{scheme}://{login}{rest}{commit}" + (f"#{fragment}" if fragment else "")
