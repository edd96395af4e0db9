"""Read explicit lists of conda packages (``@EXPLICIT``): one address for each, for one platform.

conda writes them (``conda list --explicit --md5``), so do conda-lock (``conda-linux-64.lock``, with what pip is to
install behind ``# pip``) and pixi (``pixi workspace export conda-explicit-spec``).

Source: conda's documentation, "Building identical conda environments"; ``conda_lock/conda_lock.py``.
"""

from __future__ import annotations

import re

from mlenv.locks.conda_content import conda_content, no_platform
from mlenv.locks.conda_rows import CondaRow, PipRow, archive_of, once, pip_row, subdir_of
from mlenv.locks.content import LockContent
from mlenv.locks.hashes import is_hash
from mlenv.locks.limits import check_lines, check_packages
from mlenv.locks.place import Place, conflict_line
from mlenv.locks.target import Target

__all__ = ["explicit_rows", "is_explicit", "parse_explicit"]

_HINT = "Take the file back from version control, or make it anew: conda list --explicit --md5"
_MARK = re.compile(r"^@EXPLICIT\s*$", re.MULTILINE)
_PLATFORM = re.compile(r"^#\s*platform:\s*(\S+)\s*$", re.MULTILINE)
_PIP = re.compile(
    r"#\s*pip\s+(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*"
    r"(?:@\s*(?P<url>\S+)|==\s*(?P<version>\S+))(?P<rest>.*)$"
)
_SUBDIR = re.compile(r"/(noarch|(?:linux|osx|win|emscripten|wasi|zos)-[a-z0-9_]+)/[^/]+$")
_DIGITS = {32: "md5", 64: "sha256"}


def is_explicit(text: str) -> bool:
    """Say whether a text is an explicit list, whatever its file is called."""
    return _MARK.search(text) is not None


def parse_explicit(text: str, where: str, target: Target) -> LockContent:
    """Read an explicit list.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter; a list for another platform says nothing to it.

    Raises:
        MlenvError: ``lock-unreadable`` or ``lock-truncated`` with the line, ``lock-ambiguous`` where a package is
            there twice.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    check_lines(text, place)
    line = conflict_line(text)
    if line is not None:
        raise place.at(f"line {line}").error("The file holds merge-conflict markers.")
    if not is_explicit(text):
        raise place.error("No line '@EXPLICIT' is in the file, so it is no explicit list of conda packages.")
    rows: list[tuple[CondaRow | PipRow, Place]] = []
    subdirs: set[str] = set()
    for number, written in enumerate(text.splitlines(), start=1):
        row = written.strip()
        pip = _PIP.match(row)
        if not pip and (not row or row.startswith(("#", "@"))):
            continue
        at = place.at(f"line {number}")
        check_packages(len(rows) + 1, at)
        if pip:
            rows.append((_pip(pip, at), at))
        else:
            rows.append((_conda(row, at), at))
            subdir = _SUBDIR.search(row.partition("#")[0].replace("\\", "/"))
            subdirs.update([subdir[1]] if subdir else [])
    said = _PLATFORM.search(text)
    made_for = {said[1]} if said else subdirs - {"noarch"}
    if made_for and subdir_of(target) not in made_for:
        return no_platform(where, subdir_of(target), made_for)
    return conda_content(*once(rows))


def explicit_rows(text: str) -> tuple[tuple[str, str, str, str, str, str], ...]:
    """Return the conda rows of a list that :func:`parse_explicit` has read.

    Each is (name, version, build, url, md5, sha256); digests are empty where the list has none.
    """
    found = []
    for line in text.splitlines():
        address, _, digest = line.strip().partition("#")
        archive = archive_of(address)
        if archive is None:
            continue
        digest = digest.removeprefix("sha256:").removeprefix("md5:")
        kind = _DIGITS.get(len(digest), "")
        found.append((*archive, address, digest if kind == "md5" else "", digest if kind == "sha256" else ""))
    return tuple(found)


def _conda(row: str, at: Place) -> CondaRow:
    address, mark, digest = row.partition("#")
    digest = digest.removeprefix("sha256:").removeprefix("md5:")
    if mark and (len(digest) not in _DIGITS or not is_hash(digest)):
        raise at.error("The digest at the end of the line is not whole: 32 or 64 hexadecimal digits are expected.")
    archive = archive_of(address)
    if archive is None:
        message = "The address of a conda package (https://.../linux-64/NAME-VERSION-BUILD.conda) is expected here."
        raise at.error(message)
    name, version, build = archive
    return CondaRow(name=name, version=version, build=build)


def _pip(match: re.Match[str], at: Place) -> PipRow:
    if match["version"]:
        digest = re.search(r"--hash=(sha256:[0-9a-fA-F]+)", match["rest"])
        return PipRow(name=match["name"].lower(), version=match["version"], hash=digest[1] if digest else "")
    address, _, digest_text = match["url"].partition("#")
    digest_of_url = digest_text.replace("=", ":", 1) if digest_text.startswith("sha256=") else ""
    return pip_row(match["name"], None, address, digest_of_url, at)
