"""Addresses of git repositories: which ones are given to git, and how one is written into a notebook."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["Repository", "is_repository", "parse_repository", "public_address"]

_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)([\w./~+-]+)")
_ADDRESS = re.compile(r"(?:git\+)?(https?|ssh|git|file)://[^\s\x00-\x1f'\"]+")
_REF = re.compile(r"[A-Za-z0-9][\w./+-]{0,199}")


@value
class Repository:
    """A repository, and perhaps the branch, tag or commit that is meant."""

    url: str
    ref: str = ""

    @property
    def folder(self) -> str:
        """The name of the folder that a clone gets."""
        name = re.split(r"[/:]", self.url.rstrip("/"))[-1].removesuffix(".git")
        plain = re.sub(r"[^\w.-]+", "-", name).lstrip(".-")
        return plain or "project"


def is_repository(text: str) -> bool:
    """Whether this is an address of git's, and no path."""
    return bool(_ADDRESS.fullmatch(text)) or (_SCP.fullmatch(text) is not None and "@" in text.partition(":")[0])


def parse_repository(text: str) -> Repository:
    """Read ``https://host/user/name.git``, with ``@REF`` behind it where a branch, a tag or a commit is meant.

    Raises:
        MlenvError: ``address-unsafe`` for any other transport (git runs programs for some), credentials, or a
            reference that git could take for an option.
    """
    text = text.removeprefix("git+")
    start = max(text.find("/", text.find("://") + 3) if "://" in text else text.find(":"), 0)
    path, found, ref = text[start:].partition("@")
    plain = text[:start] + path
    parts = urlsplit(plain) if "://" in plain else None
    secret = parts is not None and (parts.password is not None or (parts.username and parts.scheme.startswith("http")))
    if not is_repository(plain) or secret or (found and (not _REF.fullmatch(ref) or ".." in ref)):
        why = "it carries credentials" if secret else "it is no plain address of a git repository"
        raise MlenvError(
            "address-unsafe",
            f"the address is not passed on to git: {why}",
            hint="https://HOST/USER/NAME.git, with @BRANCH behind it where one is meant; credentials: ~/.netrc",
        )
    return Repository(url=plain, ref=ref)


def public_address(remote: str) -> str:
    """Return how anybody clones a remote: by https, without user and token; empty for a path of this machine."""
    scp = _SCP.fullmatch(remote)
    if scp and "/" in scp[2]:
        return f"https://{scp[1]}/{scp[2].lstrip('/')}"
    parts = urlsplit(remote)
    if parts.scheme not in {"http", "https", "ssh", "git"} or not parts.hostname:
        return ""
    port = f":{parts.port}" if parts.port and parts.scheme in {"http", "https"} else ""
    scheme = "http" if parts.scheme == "http" else "https"
    return f"{scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}"
