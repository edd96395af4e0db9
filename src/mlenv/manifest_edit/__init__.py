"""Change what a manifest declares, as text: everything else in the file stays as its author wrote it.

Sources: PEP 621 (``[project]``), PEP 735 (``[dependency-groups]``), PEP 508; how ``uv add`` merges a new requirement
with the row that is already there. Pure: text in, text out; the caller writes.
"""

from __future__ import annotations

from mlenv.manifest_edit.environment import add_specs, new_environment, remove_specs
from mlenv.manifest_edit.lines import add_requirements, remove_requirements
from mlenv.manifest_edit.pinned import (
    change_pins,
    drop_rows,
    list_of_pylock,
    loosen_rows,
    pin_versions,
    pinned_rows,
    without_hashes,
)
from mlenv.manifest_edit.pipfile import add_to_pipfile, remove_from_pipfile
from mlenv.manifest_edit.pyproject import (
    add_dependencies,
    as_poetry_project,
    is_poetrys,
    new_pyproject,
    remove_dependencies,
    set_requires_python,
)
from mlenv.manifest_edit.rows import same_newlines
from mlenv.manifest_edit.settings import set_setting

__all__ = [
    "add_dependencies",
    "add_requirements",
    "add_specs",
    "add_to_pipfile",
    "as_poetry_project",
    "change_pins",
    "drop_rows",
    "is_poetrys",
    "list_of_pylock",
    "loosen_rows",
    "new_environment",
    "new_pyproject",
    "pin_versions",
    "pinned_rows",
    "remove_dependencies",
    "remove_from_pipfile",
    "remove_requirements",
    "remove_specs",
    "same_newlines",
    "set_requires_python",
    "set_setting",
    "without_hashes",
]
