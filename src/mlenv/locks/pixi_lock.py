"""Read ``pixi.lock``, versions 1 to 7: the packages of each environment and platform, of conda and of the index.

Versions 1 to 3 have conda-lock's shape and one environment. From 4 on, environments name packages by their address
and a list says what they are. ``default`` counts unless another environment is named.

Source: rattler's ``rattler_lock`` (``src/parse``); pixi's documentation, "Lock File".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from mlenv.locks.conda_content import conda_content, no_platform
from mlenv.locks.conda_rows import (
    CondaRow,
    PipRow,
    archive_of,
    check_whole,
    once,
    pip_row,
    pypi_name,
    spec_name,
    subdir_of,
)
from mlenv.locks.content import LockContent
from mlenv.locks.limits import check_packages
from mlenv.locks.place import Place, Table
from mlenv.locks.target import Target
from mlenv.locks.yaml_text import parse_yaml
from mlenv.model import Finding

__all__ = ["DEFAULT", "EMULATED", "parse_pixi_lock"]

DEFAULT = "default"
_HINT = "Take the file back from version control, or make it anew: pixi lock"
_NEWEST = 7
EMULATED = {"osx-arm64": "osx-64", "win-arm64": "win-64"}
"""What pixi takes where an environment is not made for the platform itself."""
_SOURCE = re.compile(r"(?P<name>[^\[\s]+)\[[^\]]*\]\s*@\s*(?P<place>.+)")
_Rows = Mapping[str, list[tuple[Table, Place]]]


def parse_pixi_lock(text: str, where: str, target: Target, environment: str | None = None) -> LockContent:
    """Read a ``pixi.lock`` and select what one of its environments asks of one interpreter.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter; its platform chooses the packages.
        environment: its name; ``None`` for ``default``.

    Raises:
        MlenvError: ``lock-unreadable``, ``lock-truncated`` or ``lock-ambiguous`` with the place,
            ``lock-version-unsupported``, ``group-unknown``.

    Cost: that of the YAML; 2,000 packages (1.6 MB) 0.25 s.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table = parse_yaml(text, place)
    version = place.need(table, "version", str)
    if not version.isdecimal() or not 1 <= int(version) <= _NEWEST:
        message = f"pixi.lock of version {version} is not known; 1 to {_NEWEST} are."
        raise place.at("version").error(message, code="lock-version-unsupported", hint="Upgrade mlenv.")
    if int(version) <= 3:
        if environment not in (None, DEFAULT):
            raise _unknown(environment, (DEFAULT,), place)
        return _first_shape(table, target, place)
    name = environment or DEFAULT
    environments = place.need(table, "environments", dict)
    spot = place.at("environments")
    if name not in environments:
        raise _unknown(name, environments, spot)
    groups = () if name == DEFAULT else (name,)
    chosen, at = spot.need(environments, name, dict), spot.at(name)
    by_platform = at.need(chosen, "packages", dict)
    platforms = _platform(by_platform, _subdirs(table, place), subdir_of(target))
    if not platforms:
        return no_platform(where, subdir_of(target), by_platform) if by_platform else conda_content((), ())
    platform = platforms[0]
    if any(by_platform[other] != by_platform[platform] for other in platforms):
        return _which(where, platforms)
    known = _known(table, place)
    rows = list(_selected(at.at("packages").tables(by_platform, platform), known, int(version)))
    check_packages(len(rows), at)
    found = once(rows)
    return conda_content(*found, groups=groups, findings=tuple(_dangling(where, found[0])))


def _dangling(where: str, rows: list[CondaRow]) -> Iterator[Finding]:
    """Say what the packages need and the lock does not hold: pixi would make it anew."""
    there = {row.name for row in rows}
    for row in rows:
        missing = [name for name in row.depends if name not in there and not name.startswith("__")]
        if missing:
            reason = f"{row.name} in {where} needs {missing[0]}, which {where} does not hold."
            yield Finding(kind="relock", reason=reason, package=row.name, locked=row.version)


def _unknown(name: str | None, there: Iterable[str], place: Place) -> Exception:
    message = f"There is no environment {name!r} in it; there is: {', '.join(sorted(there))}."
    return place.error(message, code="group-unknown", hint="Choose one of them with --group.")


def _subdirs(table: Table, place: Place) -> Mapping[str, str]:
    """Return what conda calls the platforms that have names of their own (version 7)."""
    rows = place.tables(table, "platforms")
    return {at.need(row, "name", str): at.get(row, "subdir", str) or at.need(row, "name", str) for row, at in rows}


def _platform(there: Iterable[str], subdirs: Mapping[str, str], wanted: str) -> tuple[str, ...]:
    """Return the platforms of the lock that can be this one: the one of its name, else those that only differ in what
    the machine must have (version 7)."""
    for subdir in (wanted, EMULATED.get(wanted)):
        fitting = tuple(sorted(name for name in there if subdirs.get(name, name) == subdir))
        if fitting:
            return (subdir,) if subdir in fitting else fitting
    return ()


def _which(file: str, platforms: Iterable[str]) -> LockContent:
    reason = (
        f"{file} has several platforms that can be this one: {', '.join(platforms)}; only pixi tells which it took."
    )
    return LockContent(exact=False, findings=(Finding(kind="undecidable", reason=reason),))


def _known(table: Table, place: Place) -> _Rows:
    """Return the packages by their address: several may be built from one folder."""
    found: dict[str, list[tuple[Table, Place]]] = {}
    for row, at in place.tables(table, "packages"):
        given = [at.get(row, key, str) for key in ("conda", "conda_source", "pypi", "url", "path")]
        address = next((text for text in given if text is not None), None)
        if address is None:
            raise at.error("None of 'conda', 'conda_source', 'pypi', 'url' and 'path' is here.")
        found.setdefault(address, []).append((row, at))
    return found


def _selected(
    selectors: Iterable[tuple[Table, Place]], known: _Rows, version: int
) -> Iterator[tuple[CondaRow | PipRow, Place]]:
    for selector, at in selectors:
        kind = next((kind for kind in ("conda", "conda_source", "pypi") if kind in selector), None)
        if kind is None:
            raise at.error("None of 'conda', 'conda_source' and 'pypi' is here.")
        address = at.need(selector, kind, str)
        rows = known.get(address)
        if rows is None:
            message = f"{address.rpartition('/')[2]} is not among the packages: the file was cut short or edited."
            raise at.error(message, code="lock-truncated")
        if kind == "pypi":
            yield _pypi(*rows[-1], address), rows[-1][1]
        else:
            yield _conda(selector, rows, address, kind), at


def _pypi(row: Table, at: Place, address: str) -> PipRow:
    digest = at.get(row, "sha256", str)
    found = pip_row(
        at.need(row, "name", str), at.get(row, "version", str), address, f"sha256:{digest}" if digest else "", at
    )
    return found.editable() if at.get(row, "editable", str) == "true" else found


def _conda(selector: Table, rows: list[tuple[Table, Place]], address: str, kind: str) -> CondaRow:
    """Return a conda package; of several from one folder the one that the selector's further keys name."""
    asked = {key: selector[key] for key in ("name", "version", "build", "subdir") if key in selector}
    fitting = [(row, at) for row, at in rows if all(row.get(key) == text for key, text in asked.items())]
    row, at = fitting[-1] if fitting else rows[-1]
    source = _SOURCE.fullmatch(address) if kind == "conda_source" else None
    archive = archive_of(address) or (None, None, None)
    name = at.get(row, "name", str) or (source["name"] if source else archive[0])
    if not name:
        raise at.error("'name' is missing here.")
    alone = len({(other.get("version"), other.get("build")) for other, _ in fitting}) <= 1
    return CondaRow(
        name=name,
        version=(at.get(row, "version", str) or archive[1]) if alone else None,
        build=(at.get(row, "build", str) or archive[2] or "") if alone else "",
        index_name=pypi_name(at.texts(row, "purls")),
        depends=tuple(map(spec_name, at.texts(row, "depends"))),
    )


def _first_shape(table: Table, target: Target, place: Place) -> LockContent:
    """Read versions 1 to 3: rows that say their platform themselves."""
    metadata = place.need(table, "metadata", dict)
    platforms = place.at("metadata").texts(metadata, "platforms")
    wanted = subdir_of(target)
    fitting = _platform(platforms, {}, wanted)
    if not fitting:
        return no_platform(place.file, wanted, platforms)
    subdir = fitting[0]
    tables = [row for row in place.tables(table, "package") if row[1].need(row[0], "platform", str) == subdir]
    check_packages(len(tables), place)
    rows = [(_first_row(row, at), at) for row, at in tables]
    check_whole(rows)
    return conda_content(*once(rows))


def _first_row(row: Table, at: Place) -> CondaRow | PipRow:
    name, url, version = at.need(row, "name", str), at.need(row, "url", str), at.need(row, "version", str)
    manager = at.need(row, "manager", str)
    if manager == "conda":
        given = row.get("dependencies")
        specs = tuple(given) if isinstance(given, dict) else at.texts(row, "dependencies")
        archive = archive_of(url)
        return CondaRow(
            name=name,
            version=version,
            build=at.get(row, "build", str) or (archive[2] if archive else ""),
            index_name=pypi_name(at.texts(row, "purls")),
            depends=tuple(map(spec_name, specs)),
        )
    if manager not in ("pip", "pypi"):
        raise at.at("manager").error(f"{manager!r} is not known; conda and pypi are.")
    digest = at.at("hash").get(at.table(row, "hash"), "sha256", str)
    return pip_row(name, version, url, f"sha256:{digest}" if digest else "", at)
