"""A failure of an engine, and the text that it is read from."""

from __future__ import annotations

import re

from mlenv.model import value
from mlenv.render import mask_secrets

__all__ = ["Failure", "Printed", "last_words", "masked"]

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FILE = r"([A-Za-z0-9][A-Za-z0-9_.]*)-\d[^\s/]*\.(?:whl|tar\.gz|zip)"
_PACKAGE = (
    rf"Failed to (?:install|download and build|download|build)(?:: \S+ \(| [`'])({_NAME})",
    rf"Hash mismatch for `({_NAME})",
    rf"Package metadata (?:name|version) .* given name `({_NAME})`",
    rf"/simple/({_NAME})/",
    rf"because (?:all versions of )?({_NAME})[^\s,]* (?:was not found|has no usable wheels|have no usable wheels)",
    rf"Could not install requirement ({_NAME})",
    rf"satisfies the requirement ({_NAME})",
    rf"Installing collected packages: ({_NAME})$",
    rf"^    ({_NAME})==\S+ --hash",
    # Beside the failure only: pip names the files that came well, too.
    rf"(?:Failed to fetch|Max retries exceeded with url|for url)[^\n]*?/{_FILE}",
    rf"after connection broken[^\n]*?/{_FILE}",
)
_HOST = (r"https?://(?:[^/\s@]*@)?([^/:\s'`\"]+)", r"host='([^']+)'")


@value
class Failure:
    """Why an engine failed, for a person: message and hint together have at most five lines."""

    code: str
    message: str
    package: str | None = None
    cause: str = ""
    hint: str = ""
    where: str = ""
    """The file or folder that it is about, where the text tells."""
    requirement: str = ""
    """What has no wheel for this Python, as an engine may be asked for it; empty for every other failure."""


@value
class Printed:
    """What an engine printed, without control codes and secrets."""

    tool: str
    text: str
    errors: str
    allow_build: bool = False
    offline: bool = False

    def has(self, pattern: str) -> bool:
        return re.search(pattern, self.text, re.IGNORECASE) is not None

    def find(self, *patterns: str) -> re.Match[str] | None:
        """Return the first match of the first pattern that matches."""
        found = (re.search(pattern, self.text, re.MULTILINE) for pattern in patterns)
        return next((match for match in found if match is not None), None)

    def package(self) -> str | None:
        """Return the name of the package that the failure is about, where the text tells."""
        found = next(
            (match for p in _PACKAGE if (match := re.search(p, self.text, re.IGNORECASE | re.MULTILINE))), None
        )
        return found[1].rstrip(".") if found else None

    def host(self) -> str:
        """Return the host that was asked: the one beside the failure rather than the first that is named."""
        found = self.find(*(rf"(?:[Ff]etch|URL|url|unable to access|host)[^\n]*?{host}" for host in _HOST), *_HOST)
        return found[1] if found else "the package index"


def masked(text: str) -> str:
    """Return printed text without control codes, and without the credentials of addresses."""
    plain = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n"))
    return mask_secrets(plain)


def last_words(text: str) -> str:
    """Return the line that most likely says what happened: ``error:`` with its cause, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if found := re.match(r"(?:error|ERROR): (.+)", line):
            follows = lines[number + 1] if number + 1 < len(lines) else ""
            cause = re.match(r"cause: (.+)", follows)
            return f"{found[1]}: {cause[1]}"[:300] if cause else found[1][:300]
    return lines[-1][:300] if lines else ""
