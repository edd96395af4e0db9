"""Change a setting of mlenv: a key of ``[tool.mlenv]``, or at the top of ``mlenv.toml``."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import tomlkit

from mlenv.errors import MlenvError
from mlenv.manifest_edit.pyproject import parse_document
from mlenv.manifest_edit.rows import same_newlines

__all__ = ["set_setting"]


def set_setting(text: str, key: str, content: str, *, table: str) -> str:
    """Return the file with a setting written; everything else stays as it is.

    Args:
        text: the whole file; may be empty.
        key: the setting.
        content: its text.
        table: below ``[tool]``; empty for the top of the file.

    Raises:
        MlenvError: ``manifest-unreadable`` for invalid TOML, or where the table is none.
    """
    document = parse_document(text)
    place: Any = document
    for name in ("tool", table) if table else ():
        if name not in place:
            place[name] = tomlkit.table(is_super_table=name == "tool")
        place = place[name]
        if not isinstance(place, MutableMapping):
            raise MlenvError("manifest-unreadable", f"{name} in pyproject.toml is not a table", where="pyproject.toml")
    place[key] = content
    return same_newlines(document.as_string(), text)
