"""Change what a ``pyproject.toml`` declares."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from tomlkit.exceptions import TOMLKitError

from mlenv.errors import MlenvError
from mlenv.manifest_edit.array import insert_item, item_texts, remove_item, replace_item
from mlenv.manifest_edit.rows import (
    matching_rows,
    merged_row,
    not_declared,
    parse_maybe,
    parse_row,
    row_place,
    row_text,
    same_name,
    same_newlines,
)

__all__ = [
    "add_dependencies",
    "as_poetry_project",
    "is_poetrys",
    "new_pyproject",
    "parse_document",
    "remove_dependencies",
    "set_requires_python",
]


def add_dependencies(text: str, requirements: Sequence[str], group: str | None = None) -> str:
    """Declare requirements in a ``pyproject.toml``, or change the rows that are already there.

    Args:
        text: the whole file.
        requirements: PEP 508 texts (``numpy<2``, ``rich[jupyter]``, ``six @ https://...``).
        group: a group of ``[dependency-groups]``; default ``[project].dependencies``.

    Returns:
        The whole file. A name that is declared already is changed at its place: the new specifier or address
        replaces the old one, extras are joined, a marker stays unless the new requirement brings one; without a
        specifier nothing is changed. New rows go in by name where the rows are sorted, else to the end.

    Raises:
        MlenvError: ``requirement-invalid``; ``manifest-unreadable`` for invalid TOML; ``manifest-no-project`` where
            there is no ``[project]`` to write into; ``manifest-dynamic`` where a build tool makes the dependencies;
            ``requirement-itself`` for the project's own name without extras, which every engine takes as met.
    """
    wanted = [parse_row(row) for row in requirements]
    _refuse_itself(text, wanted)

    def edit(array: str) -> str:
        for requirement in wanted:
            array = _add_to_array(array, requirement)
        return array

    return _edit_array(text, group, edit)


def remove_dependencies(text: str, names: Iterable[str], group: str | None = None) -> str:
    """Remove every row of these names from a ``pyproject.toml`` (as :func:`add_dependencies` finds it).

    Raises:
        MlenvError: ``not-declared`` if a name has no row there; nothing is removed then.
    """

    def edit(array: str) -> str:
        for name in names:
            rows = [at for at, row in enumerate(_array_rows(array)) if row and same_name(row.name, name)]
            if not rows:
                raise not_declared(name, f"pyproject.toml [{group}]" if group else "pyproject.toml")
            for at in reversed(rows):
                array = remove_item(array, at)
        return array

    return _edit_array(text, group, edit)


def set_requires_python(text: str, specifier: str) -> str:
    """Write ``[project].requires-python``; raises as :func:`add_dependencies`."""
    document = parse_document(text)
    _project(document)["requires-python"] = specifier
    return same_newlines(document.as_string(), text)


def new_pyproject(name: str, requires_python: str, dependencies: Sequence[str]) -> str:
    """Return the text of a new ``pyproject.toml``: one dependency per line, in the order given."""
    lines = ["[project]", f"name = {_basic(name)}", 'version = "0.1.0"', f"requires-python = {_basic(requires_python)}"]
    rows = [f"    {_basic(row)}," for row in dependencies]
    lines += ["dependencies = [", *rows, "]"] if rows else ["dependencies = []"]
    return "\n".join(lines) + "\n"


def as_poetry_project(text: str) -> str:
    """Return a ``pyproject.toml`` that Poetry takes for an application: it installs packages, and builds none."""
    own = tomllib.loads(text).get("tool", {}).get("poetry", {})
    if "package-mode" in own or "name" in own:
        return text
    line, header = "package-mode = false", re.search(r"(?m)^\s*\[tool\.poetry\][^\n]*$", text)
    if header is not None:
        return same_newlines(f"{text[: header.end()]}\n{line}{text[header.end() :]}", text)
    return same_newlines(f"{text.rstrip()}\n\n[tool.poetry]\n{line}\n", text)


def is_poetrys(text: str) -> bool:
    """Whether a ``pyproject.toml`` is Poetry's: it has settings of it beyond its indexes, or is built by it."""
    table = tomllib.loads(text)
    own, build = table.get("tool", {}).get("poetry", {}), table.get("build-system", {})
    return bool(own.keys() - {"source", "requires-plugins"}) or str(build.get("build-backend", "")).startswith("poetry")


def parse_document(text: str) -> tomlkit.TOMLDocument:
    """Read a ``pyproject.toml`` so that it can be written as it was; raises ``manifest-unreadable``."""
    try:
        return tomlkit.parse(text.replace("\r\n", "\n"))
    except RecursionError as error:
        raise _unreadable("pyproject.toml is nested too deep to be read") from error
    except (TOMLKitError, ValueError) as error:
        raise _unreadable(f"pyproject.toml is not valid TOML: {error}") from error


def _unreadable(message: str) -> MlenvError:
    return MlenvError("manifest-unreadable", message, where="pyproject.toml")


def _project(document: tomlkit.TOMLDocument) -> Any:
    if "project" in document:
        return _as_table(document["project"], "project")
    poetry = "poetry" in _as_table(document.get("tool", {}), "tool")
    raise MlenvError(
        "manifest-no-project",
        "pyproject.toml has no [project] table to write into",
        where="pyproject.toml",
        hint="poetry add NAME" if poetry else 'add a [project] table with name and version = "0.1.0"',
    )


def _as_table(found: Any, name: str) -> Any:
    if not isinstance(found, MutableMapping):
        raise _unreadable(f"{name} in pyproject.toml is not a table")
    return found


def _refuse_itself(text: str, wanted: Iterable[Requirement]) -> None:
    project = parse_document(text).get("project")
    name = project.get("name") if isinstance(project, MutableMapping) else None
    for row in wanted:
        if isinstance(name, str) and same_name(row.name, name) and not row.extras:
            message = f"this project is itself named {name}, so {row.name} would not be installed"
            hint = f'name = "{name}-project" in [project], then the same line again'
            raise MlenvError("requirement-itself", message, where="pyproject.toml: project.name", hint=hint)


def _edit_array(text: str, group: str | None, edit: Callable[[str], str]) -> str:
    document = parse_document(text)
    table, key = _table(document, group)
    if key in table and not isinstance(table[key], list):
        raise _unreadable(f"{key} in pyproject.toml is not a list of requirements")
    old = table[key].as_string() if key in table else "[]"
    try:
        new = edit(old)
    except ValueError as error:
        raise _unreadable(f"{key} in pyproject.toml is not a list of requirements") from error
    if new != old:
        table[key] = tomlkit.parse(f"x = {new}\n").item("x")
    return same_newlines(document.as_string(), text) if new != old else text


def _table(document: tomlkit.TOMLDocument, group: str | None) -> tuple[Any, str]:
    if group is None:
        project = _project(document)
        dynamic = project.get("dynamic", [])
        if isinstance(dynamic, list) and "dependencies" in dynamic:
            raise MlenvError(
                "manifest-dynamic",
                "the build tool of this project makes its dependencies (dynamic), so mlenv cannot declare one",
                where="pyproject.toml: project.dynamic",
                hint="declare it where the build tool reads it, or use --group NAME",
            )
        return project, "dependencies"
    if "dependency-groups" not in document:
        document["dependency-groups"] = tomlkit.table()
    groups = _as_table(document["dependency-groups"], "dependency-groups")
    known = next((name for name in groups if same_name(str(name), group)), group)
    return groups, str(known)


def _array_rows(array: str) -> list[Requirement | None]:
    """Return the requirement of each item; ``None`` for what is none (``{include-group = ...}``)."""
    items = tomlkit.parse(f"x = {array}\n")["x"]
    return [parse_maybe(str(item)) if isinstance(item, str) else None for item in items]


def _add_to_array(array: str, new: Requirement) -> str:
    rows = _array_rows(array)
    matching = matching_rows(rows, new)
    for at in matching:
        old = rows[at]
        assert old is not None  # noqa: S101 - _matching returns only rows that are requirements
        text = str(tomlkit.parse(f"x = {item_texts(array)[at]}\n")["x"])
        array = replace_item(array, at, merged) if (merged := merged_row(old, text, new)) != text else array
    return array if matching else insert_item(array, row_place(rows, new), row_text(new))


def _basic(text: str) -> str:
    return tomlkit.string(text).as_string()
