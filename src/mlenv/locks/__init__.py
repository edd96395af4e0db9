"""Manifests and locks: text in, values out. Host only; uses ``packaging`` and ``tomllib``.

The names below are loaded when they are first used: a check with a cached selection reads no lock, and the readers cost
more to import than the whole check takes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlenv.locks.builds import Builds, builds_for, made_for_one_machine
    from mlenv.locks.choosing import Choice, choose
    from mlenv.locks.content import LockContent, Manifest
    from mlenv.locks.manifest import parse_pyproject
    from mlenv.locks.notebook_manifest import NotebookSays, read_notebook
    from mlenv.locks.notebook_select import select_for_notebook
    from mlenv.locks.platforms import Platform, elsewhere, needs_more, parse_platform, parse_python
    from mlenv.locks.pylock import parse_pylock
    from mlenv.locks.python_version import parse_python_version, with_python_version
    from mlenv.locks.relock import relock_findings
    from mlenv.locks.requirement_lines import decode_text
    from mlenv.locks.requirements import Requirements, parse_requirements
    from mlenv.locks.requirements_seal import check_requirements_seal, render_requirements
    from mlenv.locks.sealing import seal
    from mlenv.locks.selecting import Selected, SelectRequest, select
    from mlenv.locks.settings import Settings, parse_settings, read_settings
    from mlenv.locks.target import Target, tag_set
    from mlenv.locks.uv_lock import parse_uv_lock
    from mlenv.locks.wheels import buildable, suggest_python, wheel_tags

__all__ = [
    "Builds",
    "Choice",
    "LockContent",
    "Manifest",
    "NotebookSays",
    "Platform",
    "Requirements",
    "SelectRequest",
    "Selected",
    "Settings",
    "Target",
    "buildable",
    "builds_for",
    "check_requirements_seal",
    "choose",
    "decode_text",
    "elsewhere",
    "made_for_one_machine",
    "needs_more",
    "parse_platform",
    "parse_pylock",
    "parse_pyproject",
    "parse_python",
    "parse_python_version",
    "parse_requirements",
    "parse_settings",
    "parse_uv_lock",
    "read_notebook",
    "read_settings",
    "relock_findings",
    "render_requirements",
    "seal",
    "select",
    "select_for_notebook",
    "suggest_python",
    "tag_set",
    "wheel_tags",
    "with_python_version",
]

_PLACES = {
    "Builds": "builds",
    "Choice": "choosing",
    "LockContent": "content",
    "Manifest": "content",
    "NotebookSays": "notebook_manifest",
    "Platform": "platforms",
    "Requirements": "requirements",
    "SelectRequest": "selecting",
    "Selected": "selecting",
    "Settings": "settings",
    "Target": "target",
    "buildable": "wheels",
    "builds_for": "builds",
    "check_requirements_seal": "requirements_seal",
    "choose": "choosing",
    "decode_text": "requirement_lines",
    "elsewhere": "platforms",
    "made_for_one_machine": "builds",
    "needs_more": "platforms",
    "parse_platform": "platforms",
    "parse_pylock": "pylock",
    "parse_pyproject": "manifest",
    "parse_python": "platforms",
    "parse_python_version": "python_version",
    "with_python_version": "python_version",
    "parse_requirements": "requirements",
    "parse_settings": "settings",
    "parse_uv_lock": "uv_lock",
    "read_notebook": "notebook_manifest",
    "read_settings": "settings",
    "relock_findings": "relock",
    "render_requirements": "requirements_seal",
    "seal": "sealing",
    "select": "selecting",
    "select_for_notebook": "notebook_select",
    "suggest_python": "wheels",
    "tag_set": "target",
    "wheel_tags": "wheels",
}


def __getattr__(name: str) -> Any:
    """Load a public name from its module (PEP 562)."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
