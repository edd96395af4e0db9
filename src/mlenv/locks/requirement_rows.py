"""One row of a requirements file: a PEP 508 requirement, an address, a path or an editable."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

from packaging.markers import InvalidMarker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from mlenv.errors import MlenvError
from mlenv.locks.requirement_lines import decode_text
from mlenv.locks.source import inside, parse_reference
from mlenv.model import Pin, Source, value
from mlenv.requirement_text import parse_marker, parse_requirement
from mlenv.versions import normalise

__all__ = ["HINT", "Row", "archive_version", "is_plain", "parse_row"]

HINT = "Mend the line by hand: NAME, NAME==1.2, NAME>=1,<2 or NAME @ https://..."
_SHOWN = 80
_MARKER = re.compile(r";\s(?P<marker>.*)$|\s;\s*(?P<tight>.*)$")
_EXTRAS = re.compile(r"\[([\w\s,.-]*)\]$")
_ADDRESS = re.compile(r"^(?:[A-Za-z][\w+.-]*:|[./~]|[A-Za-z]:\\)|[/\\]|\.(?:whl|zip|tar\.\w+|tgz)(?:[#\[]|$)")
_NAMED = re.compile(r"\s*[\w.-]+\s*(?:\[[^\]]*\]\s*)?@\s")
_PLAIN_PIN = re.compile(
    r"([A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*)==([0-9]{1,9}(?:\.[0-9]{1,9}){0,9}(?:(?:a|b|rc|\.post|\.dev)[0-9]{1,9})?)"
)
_SETUP_NAME = re.compile(r"^\[metadata\][^\[]*?^name\s*=\s*(\S+)", re.MULTILINE | re.DOTALL)


@value
class Row:
    """One thing that a requirements file asks for."""

    name: str
    """Normalised; empty where neither the row nor the folder it names says it."""
    pin: Pin
    text: str
    """As PEP 508 would say it, without marker."""
    marker: str = ""
    hashes: tuple[str, ...] = ()
    constraint: bool = False
    file: str = ""
    at: str = ""
    """File and line."""
    written: str = ""

    @property
    def pinned(self) -> bool:
        """Whether the row leaves nothing open."""
        return self.pin.version is not None or self.pin.source.kind != "index"

    @property
    def local(self) -> bool:
        """Whether it is a folder of the project, whose content is open."""
        return self.pin.source.kind in ("path", "editable") and self.pin.version is None

    @property
    def text_with_marker(self) -> str:
        """The row as one PEP 508 text."""
        return f"{self.text} ; {self.marker}" if self.marker else self.text


def parse_row(
    text: str,
    where: str,
    at: str,
    load: Callable[[str], bytes | None],
    *,
    editable: bool = False,
    constraint: bool = False,
    hashes: tuple[str, ...] = (),
) -> Row:
    """Parse one row without its options.

    Args:
        text: the row.
        where: the file that holds it; local paths count from its folder's project.
        at: file and line for errors.
        load: reads files of the project, to learn the name of a local folder.
        editable: whether ``-e`` stands before it.
        constraint: whether it came through ``-c``.
        hashes: its ``--hash`` values.

    Raises:
        MlenvError: ``requirements-unreadable`` where it is neither a requirement nor an address.
    """
    pinned = None if editable else _pinned(text)
    requirement = None if editable or pinned else _requirement(text, at)
    if pinned:
        name, pin, plain, marker = pinned
    elif requirement is not None:
        name, pin, plain, marker = _plain(requirement)
    else:
        name, pin, plain, marker = _checked(text, at, load, editable)
    return Row(
        name=name, pin=pin, text=plain, marker=marker, hashes=hashes,
        constraint=constraint, file=where, at=at, written=text,
    )  # fmt: skip


def archive_version(address: str) -> tuple[str, str | None]:
    """Return the name and version that the file name of a wheel or sdist says; empty name where it is none."""
    file = unquote(urlsplit(address).path if "://" in address else address).replace("\\", "/").rpartition("/")[2]
    try:
        if file.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(file)
        else:
            name, version = parse_sdist_filename(file)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return "", None
    return str(name), str(version)


def is_plain(text: str) -> bool:
    """Say whether a text is ``name==1.2.3``, as locks write nearly all of their rows."""
    return _PLAIN_PIN.fullmatch(text) is not None


def _pinned(text: str) -> tuple[str, Pin, str, str] | None:
    """Return what a plain pin says, with its marker; ``None`` for any other row. (A tenth of the parser's time.)"""
    asked, _, condition = text.partition(";")
    match = _PLAIN_PIN.fullmatch(asked.strip())
    if match is None:
        return None
    try:
        marker = str(parse_marker(condition.strip())) if condition.strip() else ""
    except InvalidMarker:
        return None  # the parser says what is wrong with it
    name = normalise(match[1])
    return name, Pin(name=name, version=match[2]), match[0], marker


def _requirement(text: str, at: str) -> Requirement | None:
    try:
        return parse_requirement(text)
    except InvalidRequirement as problem:
        address = _ADDRESS.search(text.partition(";")[0].strip()) and not _NAMED.match(text)
        if address and text[0] not in "'\"`$-" and text.isprintable():
            return None
        reason = str(problem).splitlines()[0].rstrip(".")
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        message = f"{shown!r} is not a requirement: {reason[:1].lower()}{reason[1:]}."
        raise MlenvError("requirements-unreadable", message, where=at, hint=HINT) from None


def _plain(requirement: Requirement) -> tuple[str, Pin, str, str]:
    name = normalise(requirement.name)
    marker = str(requirement.marker or "")
    bare = str(requirement).partition(" ; ")[0].partition(";")[0] if not requirement.url else ""
    if requirement.url:
        source = parse_reference(requirement.url)
        version = archive_version(requirement.url)[1] if source.kind in ("url", "path") else None
        return name, Pin(name=name, version=version, source=source), _joined(requirement, requirement.url), marker
    version = _exact(requirement)
    specifier = "" if version is not None else str(requirement.specifier)
    return name, Pin(name=name, version=version, specifier=specifier), bare.strip(), marker


def _exact(requirement: Requirement) -> str | None:
    """Return the version that exactly one ``==`` or ``===`` asks for."""
    clauses = list(requirement.specifier)
    if len(clauses) != 1 or clauses[0].operator not in ("==", "===") or clauses[0].version.endswith(".*"):
        return None
    return clauses[0].version


def _checked(text: str, at: str, load: Callable[[str], bytes | None], editable: bool) -> tuple[str, Pin, str, str]:
    """Return what a direct reference says; all of it can be read again."""
    try:
        name, pin, plain, marker = _direct(text, load, editable)
        if name:
            parse_requirement(plain)
        if marker:
            parse_marker(marker)
    except (InvalidRequirement, InvalidMarker, ValueError) as problem:
        reason = str(problem).splitlines()[0].rstrip(".")
        raise MlenvError("requirements-unreadable", f"{text!r} cannot be read: {reason}.", where=at) from None
    return name, pin, plain, marker


def _direct(text: str, load: Callable[[str], bytes | None], editable: bool) -> tuple[str, Pin, str, str]:
    match = _MARKER.search(text)
    address, marker = (text[: match.start()], match["marker"] or match["tight"] or "") if match else (text, "")
    address = address.strip()
    extras = _EXTRAS.search(address.partition("#")[0])
    address = address.replace(extras[0], "", 1) if extras else address
    source = parse_reference(address, editable=editable)
    name, version = _named(address, source, load)
    plain = f"{name}{extras[0] if extras else ''} @ {_absolute(address, source)}" if name else address
    return name, Pin(name=name, version=version, source=source), plain, marker.strip()


def _absolute(address: str, source: Source) -> str:
    """Return an address that PEP 508 accepts: a bare path becomes a file address, relative as it was."""
    return f"file:{source.url}" if source.kind in ("path", "editable") else address.partition("#egg=")[0]


def _named(address: str, source: Source, load: Callable[[str], bytes | None]) -> tuple[str, str | None]:
    egg = parse_qs(urlsplit(address).fragment).get("egg", [""])[0]
    if egg:
        return normalise(egg.partition("[")[0]), archive_version(address)[1] if source.kind != "vcs" else None
    name, version = archive_version(source.url)
    if name or source.kind not in ("path", "editable"):
        return name, version
    return normalise(_folder_name(source.url, load)), None


def _folder_name(folder: str, load: Callable[[str], bytes | None]) -> str:
    """Return the name that a local project gives itself, empty where it cannot be read without running it."""
    pyproject = inside(f"{folder}/pyproject.toml", "")
    data = load(pyproject) if pyproject else None
    if data is not None and pyproject is not None:
        import tomllib  # only for requirements that are folders

        try:
            name = tomllib.loads(decode_text(data, pyproject)).get("project", {}).get("name")
        except (ValueError, RecursionError, AttributeError):  # no TOML, or no table of a project
            name = None
        if isinstance(name, str):
            return name
    setup = inside(f"{folder}/setup.cfg", "")
    data = load(setup) if setup else None
    match = _SETUP_NAME.search(decode_text(data, setup)) if data is not None and setup else None
    return match[1] if match else ""


def _joined(requirement: Requirement, address: str) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras} @ {address}"
