"""Read ``conda-lock.yml`` (version 1): one row for each package, platform and category, of conda and of pip.

Source: conda-lock's documentation, "Output"; ``conda_lock/lockfile/v1/models.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlenv.locks.conda_content import conda_content, no_platform
from mlenv.locks.conda_rows import CondaRow, PipRow, archive_of, check_whole, once, pip_row, spec_name, subdir_of
from mlenv.locks.conda_write import check_conda_seal, is_ours
from mlenv.locks.content import LockContent
from mlenv.locks.limits import check_packages
from mlenv.locks.place import Place, Table
from mlenv.locks.target import Target
from mlenv.locks.yaml_text import parse_yaml
from mlenv.model import value

__all__ = ["parse_conda_lock"]

_HINT = "Take the file back from version control, or make it anew: conda-lock lock"
_MAIN, _DEV = "main", "dev"


@value
class _Row:
    row: CondaRow | PipRow
    category: str
    place: Place


def parse_conda_lock(text: str, where: str, target: Target, groups: Iterable[str] | None = None) -> LockContent:
    """Read a ``conda-lock.yml`` and select what it asks of one interpreter.

    Args:
        text: the file's text.
        where: its path for errors and findings.
        target: the interpreter; its platform chooses the rows.
        groups: chosen categories beside ``main``. As ``conda-lock install`` has it, ``dev`` is always with them;
            an empty tuple leaves it out.

    Raises:
        MlenvError: ``lock-unreadable`` or ``lock-truncated`` with the place, ``lock-version-unsupported``,
            ``lock-ambiguous`` where a package is there twice.

    Cost: that of the YAML; 500 packages for four platforms about 0.4 s.
    """
    place = Place(file=where, code="lock-unreadable", hint=_HINT)
    edited = check_conda_seal(text, place)
    table = parse_yaml(text, place)
    _check_version(table, place)
    metadata = place.need(table, "metadata", dict)
    platforms = place.at("metadata").texts(metadata, "platforms")
    tables = place.tables(table, "package")
    check_packages(len(tables) // max(1, len(platforms)), place)
    subdir = subdir_of(target)
    if subdir not in platforms:
        return no_platform(where, subdir, platforms)
    rows = [_read(row, at) for row, at in tables if at.need(row, "platform", str) == subdir]
    check_whole([(row.row, row.place) for row in rows])
    wanted = {_MAIN, *_categories(groups, {str(row.get("category", _MAIN)) for row, _ in tables}, place)}
    held = sorted({row.category for row in rows} & wanted - {_MAIN})
    found = once((row.row, row.place) for row in rows if row.category in wanted)
    content = conda_content(*found, findings=edited, groups=tuple(held))
    # conda-lock's own digest cannot be made without it; what mlenv wrote is known again.
    hashes = place.at("metadata").table(metadata, "content_hash") if is_ours(text) else {}
    return replace(content, fingerprint=str(hashes.get(subdir, "")))


def _categories(groups: Iterable[str] | None, there: set[str], place: Place) -> tuple[str, ...]:
    asked = None if groups is None else tuple(groups)
    unknown = set(asked or ()) - there - {_DEV}
    if unknown:
        message = f"There is no category {min(unknown)!r} in it; there is: {', '.join(sorted(there))}."
        raise place.error(message, code="group-unknown", hint="Choose one of them with --group.")
    return () if asked == () else (_DEV, *(asked or ()))


def _check_version(table: Table, place: Place) -> None:
    found = place.get(table, "version", str) or "1"  # the first ones had none
    if found != "1":
        message = f"conda-lock.yml of version {found} is not known; 1 is."
        raise place.at("version").error(message, code="lock-version-unsupported", hint="Upgrade mlenv.")


def _read(row: Table, at: Place) -> _Row:
    name, manager = at.need(row, "name", str), at.need(row, "manager", str)
    category = at.need(row, "category", str)  # one of the last keys: without it the row was cut short
    version, url = at.need(row, "version", str), at.need(row, "url", str)
    digests = at.table(row, "hash")
    depends = tuple(map(spec_name, at.table(row, "dependencies")))
    if manager == "conda":
        archive = archive_of(url)
        build = at.get(row, "build", str) or (archive[2] if archive else "")
        return _Row(row=CondaRow(name=name, version=version, build=build, depends=depends), category=category, place=at)
    if manager != "pip":
        raise at.at("manager").error(f"{manager!r} is not known; conda and pip are.")
    digest = at.at("hash").get(digests, "sha256", str)
    found = pip_row(name, version, url, f"sha256:{digest}" if digest else "", at)
    given = row.get("source")
    if isinstance(given, dict):  # a person gave the address; rattler writes the channel there, which tells nothing
        found = pip_row(name, version, f"direct+{at.at('source').need(given, 'url', str)}", found.hash, at)
    return _Row(row=found, category=category, place=at)
