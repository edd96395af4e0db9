"""Read ``environment.yml``: with exact pins in every row it is a lock, else a manifest.

Rows of conda are match specifications; every ``pip:`` part is a requirements file, options and ``-r`` included.
``name``, ``channels``, ``prefix`` and ``variables`` change nothing of what is compared.

Source: conda's documentation, "Managing environments"; conda-lock's for the selectors behind ``#``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from mlenv.locks.conda_content import conda_content
from mlenv.locks.conda_rows import subdir_of
from mlenv.locks.conda_spec import CondaSpec, parse_spec
from mlenv.locks.conda_write import fingerprint_of
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.limits import check_packages
from mlenv.locks.place import Place, Table
from mlenv.locks.requirements import Requirements, as_lock, parse_requirements
from mlenv.locks.target import Target
from mlenv.locks.yaml_text import parse_yaml
from mlenv.model import value

__all__ = ["Environment", "as_environment_lock", "as_environment_manifest", "parse_environment"]

_HINT = "Mend the row by hand: NAME, NAME=1.2 or 'NAME >=1,<2'; rows for pip stand below '- pip:'."
_SELECTED = re.compile(r"\s*-\s*(?P<spec>[^#]+)#[^\[]*\[(?P<selector>[^\[\]]+)\]\s*")
_PLATFORMS = re.compile(r"unix|(linux|osx|win)(-?[a-z0-9_]+)?|arm64|aarch64|ppc64le|x86_64|64|32")
_LONGEST_ROW = 500
_ALWAYS_THERE = frozenset({"pip"})
"""conda wants it named where there is a ``pip:`` part."""


@value
class Environment:
    """An ``environment.yml``."""

    specs: tuple[CondaSpec, ...] = ()
    pip: Requirements = Requirements()
    selected: frozenset[str] = frozenset()
    """Names of conda rows behind which a selector (``# [linux]``) stands that is not this platform's."""
    channels: tuple[str, ...] = ()
    """As written, the first one first."""
    platforms: tuple[str, ...] = ()
    """Those that conda-lock is to lock for; empty where the file does not say."""
    piped: tuple[str, ...] = ()
    """The rows of the ``pip:`` parts, as written."""
    where: str = ""

    @property
    def fingerprint(self) -> str:
        """The digest of what a lock hangs on: channels in their order, rows in any."""
        specs = sorted(spec.text for spec in self.specs)
        return fingerprint_of({"channels": self.channels, "specs": specs, "pip": sorted(self.piped)})

    @property
    def pinned(self) -> bool:
        """Whether every row says its version (``pip`` itself may be bare)."""
        rows = [spec for spec in self.specs if spec.name not in _ALWAYS_THERE or spec.version]
        piped = bool(self.pip.pins) or bool(self.pip.requirements)
        return bool(rows or piped) and all(spec.pinned for spec in rows) and (self.pip.pinned or not piped)


def parse_environment(text: str, where: str, target: Target, load: Callable[[str], bytes | None]) -> Environment:
    """Read an ``environment.yml``.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter: markers of pip rows are for it.
        load: reads further files of the project, for ``-r`` in a ``pip:`` part.

    Raises:
        MlenvError: ``environment-unreadable`` with the place; what a requirements file raises.
    """
    place = Place(file=where, code="environment-unreadable", hint=_HINT)
    table = parse_yaml(text, place)
    rows = place.get(table, "dependencies", list) or []
    check_packages(len(rows), place)
    specs: list[CondaSpec] = []
    piped: list[str] = []
    for index, row in enumerate(rows):
        at = place.item("dependencies", index)
        if isinstance(row, dict):
            piped += _pip_rows(row, at)
        elif isinstance(row, str):
            specs.append(parse_spec(row, at))
        else:
            raise at.error("A match specification or a 'pip:' part is expected here.")
    pip = parse_requirements("\n".join(piped), where, target, load) if piped else Requirements()
    return Environment(
        specs=tuple(specs),
        pip=pip,
        selected=_not_here(text, subdir_of(target)),
        channels=_texts(table, "channels", place),
        platforms=_texts(table, "platforms", place),
        piped=tuple(piped),
        where=where,
    )


def _texts(table: Table, key: str, place: Place) -> tuple[str, ...]:
    return tuple(row for row in place.get(table, key, list) or [] if isinstance(row, str))


def _pip_rows(part: Table, at: Place) -> list[str]:
    other = next((key for key in part if key != "pip"), None)
    if other is not None:
        raise at.error(f"{other!r} is not known here; 'pip' is.")
    return [row.replace("\n", " ") for row in at.texts(part, "pip")]


def _not_here(text: str, subdir: str) -> frozenset[str]:
    """Return the names of rows that conda-lock takes for other platforms (``- pywin32  # [win]``)."""
    system, _, bits = subdir.partition("-")
    names = {system, subdir, f"{system}{bits}", *(["unix"] if system in ("linux", "osx") else []), bits}
    found = set()
    rows = (_SELECTED.fullmatch(line) for line in text.splitlines() if "#" in line and len(line) < _LONGEST_ROW)
    for match in filter(None, rows):
        selector = match["selector"].strip()
        if selector not in names and _PLATFORMS.fullmatch(selector):
            spec = match["spec"].strip(" '\"").rpartition("::")[2]
            found.add(re.split(r"[\s=<>!~\[]", spec, maxsplit=1)[0].lower())
    return frozenset(found)


def as_environment_lock(environment: Environment) -> LockContent:
    """Return it as a lock: exact only where every row of conda says its build, as ``conda env export`` writes them."""
    rows = [spec.row() for spec in environment.specs if spec.pinned]
    closed = bool(rows) and len(rows) == len(environment.specs) and all(row.build for row in rows)
    content = conda_content(rows, ())
    piped = as_lock(environment.pip)
    pins = sorted((*piped.pins, *content.pins), key=lambda pin: (pin.name, pin.source.kind == "conda"))
    return replace(piped, pins=tuple(pins), exact=closed)


def as_environment_manifest(environment: Environment) -> Manifest:
    """Return it as a manifest."""
    rows = [spec for spec in environment.specs if spec.name not in environment.selected]
    return Manifest(
        declared=(*(spec.declared(environment.where) for spec in rows), *environment.pip.declared),
        specs=tuple(rows),
        requirements=environment.pip.requirements,
        everything=environment.pip.requirements,
        declares=True,
        options=environment.pip.options,
        fingerprints={"conda-lock": frozenset({environment.fingerprint})},
        findings=environment.pip.findings,
    )
