"""Change what a ``Pipfile`` declares.

Source: Pipenv's documentation, "Pipfile & Pipfile.lock" (categories, ``version``, ``extras``, ``markers``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from tomlkit.exceptions import TOMLKitError

from mlenv.errors import MlenvError
from mlenv.manifest_edit.rows import not_declared, parse_row, same_name, same_newlines

__all__ = ["add_to_pipfile", "remove_from_pipfile"]


def add_to_pipfile(text: str, requirements: Sequence[str], group: str | None = None) -> str:
    """Declare requirements in a ``Pipfile``; a name that is there already is declared anew where more is said of it.

    Args:
        text: the whole file.
        requirements: PEP 508 texts.
        group: ``dev`` for ``[dev-packages]``, or a category of that name; default ``[packages]``.

    Raises:
        MlenvError: ``requirement-invalid``; ``manifest-unreadable`` for invalid TOML.
    """
    wanted = [parse_row(row) for row in requirements]
    document = _parse(text)
    table: Any = document.setdefault(_category(group), tomlkit.table())
    for requirement in wanted:
        old = next((name for name in table if same_name(name, requirement.name)), None)
        if old is None or str(requirement) != requirement.name:
            table[old or requirement.name] = _entry(requirement)
    return same_newlines(document.as_string(), text)


def remove_from_pipfile(text: str, names: Iterable[str], group: str | None = None) -> str:
    """Take names out of a ``Pipfile``: of one category, or of each where none is named.

    Raises:
        MlenvError: ``not-declared`` if a name is nowhere there; nothing is removed then.
    """
    document: Any = _parse(text)
    apart = {"source", "requires", "scripts", "pipenv"}
    tables = [_category(group)] if group else [key for key in document if key not in apart]
    for name in names:
        found = [(key, own) for key in tables for own in document.get(key, {}) if same_name(own, name)]
        if not found:
            raise not_declared(name, f"Pipfile [{_category(group)}]" if group else "Pipfile")
        for key, own in found:
            del document[key][own]
    return same_newlines(str(document.as_string()), text)


def _category(group: str | None) -> str:
    return "packages" if group is None else "dev-packages" if group == "dev" else group


def _entry(requirement: Requirement) -> Any:
    """Return a row's value: a version alone as text, more of it as a table in one line."""
    version = str(requirement.specifier) or "*"
    if not requirement.extras and requirement.marker is None and not requirement.url:
        return version
    row: Any = tomlkit.inline_table()
    if requirement.url:
        row["file"] = requirement.url
    else:
        row["version"] = version
    if requirement.extras:
        row["extras"] = sorted(requirement.extras)
    if requirement.marker is not None:
        row["markers"] = str(requirement.marker)
    return row


def _parse(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise MlenvError("manifest-unreadable", f"The TOML is not valid: {error}", where="Pipfile") from None
