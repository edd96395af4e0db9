"""Read ``pylock.toml`` and ``pylock.<name>.toml`` (PEP 751).

Tools tried: uv 0.13, pip 26.3, PDM 2.29 and mlenv itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from packaging.pylock import (
    Package,
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockUnsupportedVersionError,
    PylockValidationError,
)
from packaging.specifiers import SpecifierSet

from mlenv.locks.content import LockContent
from mlenv.locks.hashes import is_hash
from mlenv.locks.limits import check_packages, check_texts
from mlenv.locks.place import Place, Table
from mlenv.locks.pylock_wheels import hashes_of, least_bytes, lightened, wheel_names
from mlenv.locks.sealing import parse_sealed
from mlenv.locks.source import plain_url, relative
from mlenv.locks.target import Target, holds
from mlenv.model import Finding, Pin, Source
from mlenv.versions import normalise

__all__ = ["parse_pylock"]

_OWN_GROUP = "default"
"""PDM's name for the project's own dependencies, as a group among the others."""
_PARSED = ("version", "marker", "requires-python")
"""What ``packaging`` makes a value of for each package, chosen or not."""
_VERSION = re.compile(r"1\.[0-9]{1,9}")
_HINT = "Take the file back from version control, or make it anew: mlenv lock"


def parse_pylock(
    text: str, where: str, target: Target, extras: Iterable[str] = (), groups: Iterable[str] | None = ()
) -> LockContent:
    """Read a PEP 751 lock and select what it asks of one interpreter.

    Wheels are not chosen here: a pin without a wheel for the target stays a pin (see ``buildable``). An interpreter
    that the lock was not made for is a finding of kind ``python``; its pins are told all the same.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter.
        extras: chosen extras.
        groups: chosen dependency groups; ``None`` for the lock's own default groups.

    Raises:
        MlenvError: ``lock-unreadable``, ``lock-version-unsupported`` or ``lock-truncated`` with the place, also
            where two entries of one name apply.

    Source: PEP 751, "Installation"; the steps that ``packaging.pylock.Pylock.select`` numbers.
    Cost: about 0.2 s for 500 packages with hashes.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    table, sealed = parse_sealed(text, place)
    lock = _validated(_as_known(table, place), place)
    _check_hashes(lock, place)
    chosen_extras = frozenset(normalise(extra) for extra in extras)
    chosen_groups = _groups(lock, groups)
    chosen = {"extras": chosen_extras, "dependency_groups": chosen_groups}
    selected = _selected(lock, {**target.environment, **chosen}, place)
    packages = {name: package for name, (_, package) in selected.items()}
    rows = {name: table["packages"][index] for name, (index, _) in selected.items()}
    return LockContent(
        pins=tuple(sorted((_pin(package) for package in packages.values()), key=lambda pin: pin.name)),
        requires_python=str(lock.requires_python or ""),
        recorded=sealed.requirements if sealed else None,
        recorded_python=sealed.requires_python if sealed else "",
        wheels={name: tuple(wheel_names(rows[name])) for name in packages},
        sizes={name: size for name in packages if (size := least_bytes(rows[name]))},
        hashes={name: hashes_of(rows[name]) for name in packages},
        archives={
            name: f"sha256:{package.archive.hashes['sha256']}"
            for name, package in packages.items()
            if package.archive and "sha256" in package.archive.hashes
        },
        sdists=frozenset(name for name, package in packages.items() if package.sdist),
        dependencies=_dependencies(packages),
        findings=(
            *(sealed.findings if sealed else ()),
            *_newer(table, where),
            *_python_findings(lock, packages, target, where),
        ),
        extras=tuple(sorted({*chosen_extras.intersection(lock.extras or ()), *(sealed.extras if sealed else ())})),
        groups=tuple(sorted({*(chosen_groups - {_OWN_GROUP}), *(sealed.groups if sealed else ())})),
    )


def _groups(lock: Pylock, groups: Iterable[str] | None) -> frozenset[str]:
    """Return the groups of the lock that count; the project's own dependencies always do."""
    known, default = frozenset(lock.dependency_groups or ()), frozenset(lock.default_groups or ())
    if groups is None:
        return default
    asked = {normalise(group) for group in groups}
    return frozenset(group for group in known if normalise(group) in asked) | (default & {_OWN_GROUP})


def _as_known(table: Table, place: Place) -> Table:
    """Return the lock as one of version 1.0: a newer minor one only adds, and ``packaging`` would print a warning."""
    said = table.get("lock-version")
    if not isinstance(said, str) or not said.startswith("1."):
        return table  # none, or one that packaging refuses
    if _VERSION.fullmatch(said) is None:
        raise place.at("lock-version").error(f"{said[:40]!r} is not a version of this format.")
    return {**table, "lock-version": "1.0"}


def _newer(table: Table, where: str) -> tuple[Finding, ...]:
    said = table["lock-version"]
    reason = f"{where} is written in version {said} of its format, of which mlenv knows 1.0."
    return () if said in ("1", "1.0") else (Finding(kind="note", reason=reason),)


def _validated(table: Mapping[str, Any], place: Place) -> Pylock:
    if not table:
        raise place.error("The file is empty.", code="lock-truncated")
    try:
        check_texts([table.get("requires-python"), *place.items(table, "environments", str)], place)
        Pylock.from_dict({**table, "packages": []})  # a newer version first: its packages may look like anything
        packages = place.items(table, "packages", dict)
        check_packages(len(packages), place)
        check_texts((row.get(key) for row in packages for key in _PARSED), place)
        return Pylock.from_dict(lightened(table))
    except PylockUnsupportedVersionError as problem:
        hint = "Upgrade mlenv, or make the lock anew: mlenv lock"
        raise place.at("lock-version").error(
            f"{str(problem).capitalize()}.", code="lock-version-unsupported", hint=hint
        ) from None
    except PylockValidationError as problem:
        spot = place.at(problem.context) if problem.context else place
        raise spot.error(f"{problem.message.splitlines()[0].rstrip('.')}.") from None
    except (RecursionError, ValueError) as problem:  # a marker nested too deep, a version with thousands of digits
        raise place.error(f"The lock cannot be read: {str(problem).splitlines()[0]}.") from None


def _check_hashes(lock: Pylock, place: Place) -> None:
    """Refuse what cannot be the hash that it says it is: an installer would find it wrong only after the download."""
    for index, package in enumerate(lock.packages):
        spot = place.item("packages", index)
        files: list[tuple[Place, PackageWheel | PackageSdist | PackageArchive]]
        files = [(spot.item("wheels", number), wheel) for number, wheel in enumerate(package.wheels or ())]
        files += [(spot.at("sdist"), package.sdist)] if package.sdist else []
        files += [(spot.at("archive"), package.archive)] if package.archive else []
        for at, file in files:
            for kind, text in file.hashes.items():
                if not is_hash(text):
                    raise at.at("hashes").error(f"This is no {kind}: {text[:40]!r}.")


def _selected(lock: Pylock, environment: Mapping[str, Any], place: Place) -> dict[str, tuple[int, Package]]:
    selected: dict[str, tuple[int, Package]] = {}
    for index, package in enumerate(lock.packages):
        # PEP 751: skip what has a marker that does not hold; two entries of one name are an error.
        spot = f"{place.file}: packages[{index}].marker"
        if package.marker and not holds(package.marker, environment, spot, "lock_file"):
            continue
        if package.name in selected:
            message = (
                f"{package.name} is there twice for this Python; the first is packages[{selected[package.name][0]}]."
            )
            raise place.item("packages", index).error(message)
        selected[package.name] = index, package
    return selected


def _pin(package: Package) -> Pin:
    return Pin(
        name=str(package.name),
        version=None if package.version is None else str(package.version),
        source=_source(package),
    )


def _source(package: Package) -> Source:
    if package.vcs:
        url = plain_url(package.vcs.url) if package.vcs.url else relative(package.vcs.path or "")
        folder = package.vcs.subdirectory or ""
        return Source(kind="vcs", url=url, commit=package.vcs.commit_id, subdirectory=folder)
    if package.directory:
        return Source(kind="editable" if package.directory.editable else "path", url=relative(package.directory.path))
    if package.archive:
        if package.archive.url:
            folder = package.archive.subdirectory or ""
            return Source(kind="url", url=plain_url(package.archive.url), subdirectory=folder)
        return Source(kind="path", url=relative(package.archive.path or ""))
    return Source(kind="index")


def _dependencies(packages: Mapping[str, Package]) -> dict[str, tuple[str, ...]]:
    """Return the edges that the lock tells; empty where no entry tells any, for then absence means nothing."""
    if not any(package.dependencies for package in packages.values()):
        return {}
    return {
        name: tuple(str(edge["name"]) for edge in package.dependencies or () if edge.get("name") in packages)
        for name, package in packages.items()
    }


def _python_findings(lock: Pylock, packages: Mapping[str, Package], target: Target, where: str) -> list[Finding]:
    found = []
    if _outside(lock.requires_python, target):
        found.append(
            Finding(
                kind="python",
                reason=f"{where} asks for Python {lock.requires_python}; this is Python {target.python}.",
                locked=str(lock.requires_python),
                installed=target.python,
            )
        )
    for name, package in packages.items():
        if _outside(package.requires_python, target):
            reason = f"{name} {package.version} in {where} asks for Python {package.requires_python}."
            found.append(
                Finding(
                    kind="python",
                    reason=reason,
                    package=name,
                    locked=str(package.requires_python),
                    installed=target.python,
                )
            )
    if lock.environments and not any(
        holds(marker, target.environment, f"{where}: environments", "requirement") for marker in lock.environments
    ):
        made = " or ".join(str(marker) for marker in lock.environments)
        found.append(Finding(kind="python", reason=f"{where} was made for other environments: {made}."))
    return found


def _outside(wanted: SpecifierSet | None, target: Target) -> bool:
    # A development build of Python calls itself 3.14.0+.
    try:
        return wanted is not None and not wanted.contains(target.python.rstrip("+"), prereleases=True)
    except ValueError:  # a version with thousands of digits
        return True
