"""What every lock of the conda world shares: platforms, file names of packages, rows of conda and rows of pip.

A conda row becomes a pin whose source has the kind ``conda``: its name is conda's own, its build stands in
``Source.commit`` and the index name of what it holds in ``Source.url`` where the lock tells another one than conda's.
A pip row becomes an ordinary pin. Both may be there under one name, for conda's names are not the index's.

Source: conda's documentation, "Package naming conventions"; ``conda/base/constants.py`` (platforms).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlenv.locks.place import Place
from mlenv.locks.requirement_rows import archive_version
from mlenv.locks.source import file_name, parse_reference, plain_url
from mlenv.locks.target import Target
from mlenv.model import Pin, Source, value
from mlenv.versions import normalise

__all__ = [
    "CondaRow", "PipRow", "archive_of", "check_whole", "once", "pip_row", "pip_source",
    "pypi_name", "spec_name", "subdir_of",
]  # fmt: skip

_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win", "emscripten": "emscripten", "wasi": "wasi"}
_MACHINES = {
    "x86_64": "64", "amd64": "64", "i386": "32", "i686": "32", "x86": "32", "aarch64": "aarch64", "arm64": "arm64",
    "armv6l": "armv6l", "armv7l": "armv7l", "ppc64le": "ppc64le", "ppc64": "ppc64", "s390x": "s390x",
    "riscv32": "riscv32", "riscv64": "riscv64", "wasm32": "wasm32",
}  # fmt: skip
_ARCHIVE = re.compile(r"(.+)-([^-/]+)-([^-/]+?)(?:\.conda|\.tar\.bz2)$")
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar")
_SPEC_NAME = re.compile(r"(?:.*::)?\s*([^\s=<>!~\[]+)")
_PURL = re.compile(r"pkg:pypi/([A-Za-z0-9._-]+)")


@value
class CondaRow:
    """One package that conda installs."""

    name: str
    version: str | None = None
    build: str = ""
    index_name: str = ""
    """Normalised name under which the package index knows what it holds; empty where the lock does not tell."""
    specifier: str = ""
    """What conda matches versions with (``=1.26``), where no exact version is given."""
    depends: tuple[str, ...] = ()
    """Names of conda packages that it needs."""

    @property
    def pin(self) -> Pin:
        told = f"pkg:pypi/{self.index_name}" if self.index_name not in ("", normalise(self.name)) else ""
        source = Source(kind="conda", url=told, commit=self.build)
        return Pin(name=self.name, version=self.version, source=source, specifier=self.specifier)


@value
class PipRow:
    """One package that pip (or pixi's uv) installs."""

    name: str
    """Normalised."""
    version: str | None = None
    source: Source = Source(kind="index")
    file: str = ""
    """Name of its file."""
    hash: str = ""
    """``sha256:...``; empty where the lock has none."""
    depends: tuple[str, ...] = ()
    requires_python: str = ""

    @property
    def pin(self) -> Pin:
        return Pin(name=self.name, version=self.version, source=self.source)

    def editable(self) -> PipRow:
        """Return the row of a folder that is installed in place."""
        return replace(self, version=None, source=Source(kind="editable", url=self.source.url))


def subdir_of(target: Target) -> str:
    """Return what conda calls the platform of an interpreter: ``linux-64``, ``osx-arm64``, ``win-64``, ..."""
    system = target.markers.get("sys_platform", "")
    machine = target.markers.get("platform_machine", "").lower()
    if system == "linux" and machine == "arm64":
        machine = "aarch64"
    return f"{_SYSTEMS.get(system, system)}-{_MACHINES.get(machine, machine)}"


def archive_of(url: str) -> tuple[str, str, str] | None:
    """Return name, version and build that the file name of a conda package says; ``None`` where it is none."""
    match = _ARCHIVE.fullmatch(file_name(url))
    return None if match is None else (match[1], match[2], match[3])


def pypi_name(purls: Iterable[str]) -> str:
    """Return the normalised index name that package URLs (``pkg:pypi/torch``) tell; empty where none does."""
    return next((normalise(match[1]) for match in map(_PURL.match, purls) if match), "")


def spec_name(spec: str) -> str:
    """Return the name of the package that a match specification (``conda-forge::numpy >=1.26,<2``) is about."""
    match = _SPEC_NAME.match(spec.strip())
    return match[1].lower() if match else ""


def pip_source(address: str) -> Source:
    """Say where a pip row comes from.

    A file at an address is the index's: conda-lock installs it by that address, pixi and pip by its version, so both
    agree (``any``). ``direct+`` stands before addresses that a person gave.
    """
    if address.startswith("direct+"):
        return parse_reference(address.removeprefix("direct+"))
    if address.startswith("git+"):
        plain, _, commit = address.partition("#")
        source = parse_reference(plain.partition("?")[0])
        return Source(kind="vcs", url=source.url, commit=source.commit or commit)
    if re.match(r"https?://", address):
        return Source(kind="any", url=plain_url(address))
    return parse_reference(address)


def once(rows: Iterable[tuple[CondaRow | PipRow, Place]]) -> tuple[list[CondaRow], list[PipRow]]:
    """Return each package of conda, and each of pip, once: a lock may have a row of it for each category.

    Raises:
        MlenvError: ``lock-ambiguous`` where two versions of one package are there.
    """
    found: dict[tuple[bool, str], CondaRow | PipRow] = {}
    for row, place in rows:
        other = found.setdefault((isinstance(row, CondaRow), row.name), row)
        if other.version != row.version:
            message = f"{row.name} is there as {other.version} and as {row.version} for one platform."
            raise place.error(message, code="lock-ambiguous")
    every = found.values()
    return [row for row in every if isinstance(row, CondaRow)], [row for row in every if isinstance(row, PipRow)]


def check_whole(rows: Sequence[tuple[CondaRow | PipRow, Place]]) -> None:
    """Refuse a list whose conda packages need others that it does not hold: it was cut between two rows.

    Raises:
        MlenvError: ``lock-truncated``.
    """
    there = {row.name for row, _ in rows}
    for row, place in rows:
        missing = [name for name in row.depends if name not in there and not name.startswith("__")]
        if isinstance(row, CondaRow) and missing:
            message = f"{row.name} needs {missing[0]}, which is not there: the file was cut short or edited."
            raise place.at("dependencies").error(message, code="lock-truncated")


def pip_row(name: str, version: str | None, address: str, digest: str, place: Place) -> PipRow:
    """Return one pip row of a lock that says an address or a path for it.

    Raises:
        MlenvError: ``place.code`` where it is no address, or nothing says the name.
    """
    try:
        source = pip_source(address)
    except ValueError as problem:  # of urlsplit: brackets that hold no address
        raise place.error(f"{address[:80]!r} is no address: {problem}.") from None
    folder = source.kind in ("path", "editable") and not address.endswith(_ARCHIVES)
    if version is None and not folder:
        version = archive_version(source.url)[1]
    if not name:
        raise place.error("'name' is missing here.")
    file = file_name(address) if address.endswith(_ARCHIVES) else ""
    # The version of a folder is what its files say now.
    return PipRow(
        name=normalise(name), version=None if folder else version, source=source, file=file, hash=digest
    )  # fmt: skip
