"""Keep secrets, user names and machine paths out of what mlenv prints.

Standard library only, Python 3.9+: this file also runs inside project kernels.
"""

from __future__ import annotations

import re

__all__ = ["hide_places", "mask_secrets", "shorten"]

_USER_INFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}://)(?P<user>[^\s/?#\"'<>]*)@")
_QUERY = re.compile(
    r"(?P<name>[?&;][\w.-]*(?:token|key|secret|passw(?:or)?d|pwd|auth|sig|signature|credential|session)[\w.-]*=)"
    r"[^&#\s\"'<>]+",
    re.IGNORECASE,
)
_HEADER = re.compile(r"(?P<name>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_HOME = re.compile(r"(?<![\w.~-])(?:/home/[^/\s'\"<>:;,)]+|/Users/[^/\s'\"<>:;,)]+|/root)(?=$|[/\s'\"<>:;,).])")
_WINDOWS_HOME = re.compile(r"\b[A-Za-z]:[\\/]Users[\\/][^\\/\s'\"<>:;,)]+")


_PLACE = re.compile(
    r"(?<![\w.~/\\-])(?:file://)?(?:/[^/\s'\"<>:;,()]+){2,}/?"  # /usr/lib/python3.11
    r"|(?<![\w/\\])[A-Za-z]:[\\/][^\s'\"<>:;,()]+"  # C:\Program
    r"|(?<![\w/\\])\\\\[^\s'\"<>:;,()]+"  # \\server\share
)

_SEPARATOR = re.compile(r"[/\\]")
_SLASHES = "/\\"


def hide_places(text: str) -> str:
    """Return the text with absolute paths replaced by ``.../`` and their last part; addresses of the web stay."""
    return _PLACE.sub(lambda match: f".../{_SEPARATOR.split(match[0].rstrip(_SLASHES))[-1]}", text)


def mask_secrets(text: str) -> str:
    """Return the text with user information and secret query values of URLs, and bearer tokens, replaced by ``***``.

    The user ``git`` of ``ssh://git@host`` stays: it is an address, and no secret.
    """
    text = _USER_INFO.sub(_masked_user, text)
    text = _QUERY.sub(lambda match: f"{match['name']}***", text)
    return _HEADER.sub(lambda match: f"{match['name']}***", text)


def _masked_user(match: re.Match[str]) -> str:
    return match[0] if match["user"] == "git" else f"{match['scheme']}***@"


def shorten(text: str, root: str = "", home: str = "") -> str:
    """Return the text with paths relative to the project or to the home folder (``~/...``).

    Args:
        root: the project folder; its own path becomes ``.``.
        home: the user's home folder where the caller knows it; the usual places of home folders are recognised anyway,
            so that no user name gets into a notebook.
    """
    if len(root) > 1:
        text = re.sub(rf"(?<![\w./\\-]){re.escape(root)}(?:[/\\](?=[\w.~-])|(?![\w-]))", _relative, text)
    if len(home) > 1:
        text = re.sub(rf"(?<![\w./\\-]){re.escape(home)}(?![\w-])", "~", text)
    return _WINDOWS_HOME.sub("~", _HOME.sub("~", text))


def _relative(match: re.Match[str]) -> str:
    return "" if match[0][-1] in "/\\" else "."
