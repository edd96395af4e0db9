"""What a file really is that is not what its name says: a web page, JSON, a conda list, what pip printed."""

from __future__ import annotations

import re

from mlenv.model import value

__all__ = ["Mistaken", "ini_instead_of_toml", "mistaken"]

_HEAD = 4000
"""Characters that are looked at."""


@value
class Mistaken:
    """What a file is instead, and what to do about it."""

    what: str
    """``a web page (HTML)``."""
    hint: str
    line: int
    """Where it shows: the first line that says something."""


_OWN_NAME = "Give the file the name of its format, and take the right one back from version control."
_CONDA = "conda create --file FILE makes an environment of it; for a list that pip reads: pip freeze > requirements.txt"
_PRINTED = "pip freeze > requirements.txt writes a list that can be read again."
_KINDS = (
    (r"<!doctype\s+html|<html|<\?xml", "a web page (HTML)", "Fetch the file itself, not the page that shows it."),
    (r"version https://git-lfs\.", "a pointer of Git LFS, whose file was not fetched", "git lfs pull"),
    (r"@EXPLICIT\b", "a conda list (@EXPLICIT)", _CONDA),
    (r"_?[a-z][\w.-]*=[^=\s]+=\w+\s*$", "a conda list (NAME=VERSION=BUILD)", _CONDA),
    (r"(?:name|channels|dependencies|platforms|prefix|version|environments|metadata|packages?):(?:\s|$)", "YAML",
     _OWN_NAME),
    (r"\[\[?[\w.:\"' -]+\]\]?\s*(?:#.*)?$", "TOML or INI", _OWN_NAME),
    (r"\{\s*(?:[\"}]|$)|\[\s*(?:[\"{]|$)", "JSON", _OWN_NAME),
    (r"(?-i:Collecting|Downloading|Obtaining|Processing) [\w./]|Requirement already satisfied:|Looking in indexes:",
     "what pip install printed", _PRINTED),
    (r"Package\s+Version\b", "what pip list printed", _PRINTED),
    (r"#!", "a script", _OWN_NAME),
)  # fmt: skip
_SIGNS = tuple((re.compile(pattern, re.IGNORECASE), what, hint) for pattern, what, hint in _KINDS)
_INI_VALUE = re.compile(r"^[\w.-]+\s*[=:]\s*(?![\"'\[{\d+-]|true\b|false\b|inf\b|nan\b)\S", re.MULTILINE)
_TOML_VALUE = re.compile(r"^[\w.\"'-]+\s*=\s*(?:[\"'\[{\d+-]|true\b|false\b)", re.MULTILINE)
_HEADER = re.compile(r"^\[[^\[\]\n]+\]\s*$", re.MULTILINE)


def mistaken(text: str, expected: str = "") -> Mistaken | None:
    """Say what a file is that cannot be read as what it should be; ``None`` where its head does not tell.

    Args:
        text: the file's text.
        expected: a format that is no mistake (``TOML``).

    Cost: a few microseconds; only the first line that says something is looked at.
    """
    for number, line in enumerate(text[:_HEAD].lstrip("\ufeff").splitlines(), start=1):
        plain = line.strip()
        if not plain or (plain.startswith("#") and not plain.startswith("#!")):
            continue
        for sign, what, hint in _SIGNS:
            if sign.match(plain) and not (expected and what.startswith(expected)):
                return Mistaken(what=what, hint=hint, line=number)
        return None
    return None


def ini_instead_of_toml(text: str) -> bool:
    """Say whether a file is INI, as ``setup.cfg`` is, from its first section to its last: no value is TOML's."""
    return bool(_HEADER.search(text) and _INI_VALUE.search(text)) and not _TOML_VALUE.search(text)
