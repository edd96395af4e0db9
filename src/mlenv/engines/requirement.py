"""Requirements that a person typed, checked before any engine sees them.

pip and uv obey an option that is passed in a requirement's place (``--index-url=http://...``), also from an argument
list: so every text is parsed (PEP 508) and rebuilt here first.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from mlenv.errors import MlenvError
from mlenv.versions import is_name, normalise

__all__ = ["checked_name", "checked_requirement", "needs_build", "unsafe_address"]

_LONGEST = 4096
_ALLOWED = "a package's name, with versions where you want some: NAME, 'NAME<2', 'NAME[extra]>=1.2'"
_NAME_PART = re.compile(r"[^\[<>=!~;@( ]*")
_URL_SCHEMES = frozenset({"https", "git+https", "git+ssh"})
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]"
)
"""Control characters, and what cannot be seen or told from a space."""
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9a-f:.]+")
_PATH = re.compile(r"^(?:\.{1,2}(?:[/\\]|$)|[/\\~]|[A-Za-z]:[/\\])|^[^@\[;<>=!~ ]*[/\\]|\.(?:whl|tar\.gz|zip)$")
_VERSION_LIKE = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:=\s*|\s+v?)(\d[^\s=<>!~,;@]*)$")


def checked_requirement(text: str) -> Requirement:
    """Parse one requirement as a person typed it; ``str()`` of the result is what engines may be given.

    Direct references are taken as ``name @ https://...`` and ``name @ git+https://...``.

    Raises:
        MlenvError: ``requirement-invalid`` with the position of the first bad character and what to type instead;
            ``requirement-secret`` where an address carries a password; ``requirement-variable`` where it names one.
    """
    text = text.strip(" ")
    _refuse_what_is_no_requirement(text)
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        message, _, picture = str(error).partition("\n")
        _refuse(text, f"{_lowered(message)}.", _caret(picture), _guess(text))
    except RecursionError:
        _refuse(text, "it is nested too deep.", 0)
    if requirement.url is not None:
        _check_url(text, requirement.name, requirement.url)
    return requirement


def checked_name(text: str, what: str = "package") -> str:
    """Return the normal form (PEP 503) of the name of a package or a group, which a path or an option may be made of.

    Raises:
        MlenvError: ``name-invalid``.
    """
    if not is_name(text):
        shown = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _without_userinfo(text))[:80]
        raise MlenvError(
            "name-invalid", f"'{shown}' is not the name of a {what}", hint="letters, digits, and . _ - between them"
        )
    return normalise(text)


def needs_build(requirement: Requirement) -> bool:
    """Whether installing this direct reference runs code of the package: all but wheels do."""
    return requirement.url is not None and not urlsplit(requirement.url).path.endswith(".whl")


def _refuse_what_is_no_requirement(text: str) -> None:
    if not text:
        raise MlenvError("requirement-invalid", "A requirement is empty.", hint="mlenv add numpy")
    if len(text) > _LONGEST:
        _refuse(text, f"it is longer than {_LONGEST} characters.", _LONGEST)
    if bad := _UNPRINTABLE.search(text):
        _refuse(text, "it contains a character that cannot be seen.", bad.start())
    if foreign := next((letter for letter in _name_part(text) if not letter.isascii()), ""):
        called = unicodedata.name(foreign, "no Latin letter").lower()
        _refuse(text, f"'{foreign}' is {called}; names of packages are Latin letters.", text.index(foreign))
    if text.startswith("-"):
        _refuse(text, "this is an option, not a requirement.", 0, "mlenv add NAME, or NAME @ https://...")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        _refuse(text, "an address needs the package's name before it.", 0, f"NAME @ {_without_userinfo(text)}")
    if _PATH.search(text) and "@" not in text:
        _refuse(text, "this is a path, not a package.", 0, "NAME @ https://..., or declare the path in pyproject.toml")


def _name_part(text: str) -> str:
    found = _NAME_PART.match(text)
    return found[0] if found else ""


def _check_url(text: str, name: str, url: str) -> None:
    place = max(text.find(url), 0)
    if "${" in url:
        raise MlenvError(
            "requirement-variable",
            f"The address of {name} names a variable, which would be sent to that host.",
            hint="Write the address without ${...}.",
        )
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError as error:
        _refuse(text, f"its address cannot be read ({_lowered(str(error))}).", place)
    if parts.scheme not in _URL_SCHEMES:
        allowed = "https://, git+https:// or git+ssh://"
        _refuse(text, f"addresses of packages start with {allowed}.", place, f"{name} @ https://...")
    if reason := unsafe_address(url):
        _refuse(text, f"{reason}.", place)
    if not _HOST.fullmatch(parts.hostname or ""):
        _refuse(text, "its address names no host.", place)
    if password is not None or (parts.scheme != "git+ssh" and parts.username):
        raise MlenvError(
            "requirement-secret",
            f"The address of {name} carries credentials, which would end up in the project's files.",
            hint=f"{name} @ {_without_userinfo(url)}, with the credentials in ~/.netrc or git's credential helper",
        )


def unsafe_address(url: str) -> str:
    """Say why no engine may be given this address, whoever wrote it; empty where it may.

    git hands a host or a revision that starts with a dash on as an option (``git+ssh://-oProxyCommand=...``).
    """
    if "${" in url:
        return "it names a variable, whose value would be sent to that host"
    try:
        parts = urlsplit(url)
        names = (unquote(parts.username or ""), unquote(parts.hostname or ""))
    except ValueError as error:
        return f"it cannot be read ({_lowered(str(error))})"
    if any(name.startswith("-") for name in names):
        return "its host starts like an option"
    if "+" in parts.scheme and "@-" in unquote(parts.path):
        return "its revision starts like an option"
    return "it holds what cannot be seen" if _UNPRINTABLE.search(url) else ""


def _without_userinfo(url: str) -> str:
    return re.sub(r"(?<=://)[^/@\s]*@", "", url)


def _guess(text: str) -> str:
    if found := _VERSION_LIKE.match(text):
        return f"{found[1]}=={found[2]}"
    if re.fullmatch(r"[\w.-]+(?:,[\w.-]+)+", text):
        return f"mlenv add {text.replace(',', ' ')}"
    return ""


def _caret(picture: str) -> int:
    """Return where packaging's error points: its second line marks the text, which is indented by four."""
    lines = picture.splitlines()
    mark = re.search(r"[~^]", lines[1]) if len(lines) > 1 else None
    return max(mark.start() - 4, 0) if mark else 0


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")


def _refuse(text: str, reason: str, position: int, hint: str = "") -> NoReturn:
    shown = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _without_userinfo(text))
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    raise MlenvError(
        "requirement-invalid",
        f"'{shown}' is not a requirement: {reason}",
        where=f"character {position + 1}",
        hint=hint or _ALLOWED,
    )
