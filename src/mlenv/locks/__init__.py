"""Manifests and locks: text in, values out. Host only; uses ``packaging`` and ``tomllib``."""

from mlenv.locks.choose import Choice, choose
from mlenv.locks.content import LockContent, Manifest
from mlenv.locks.manifest import parse_pyproject
from mlenv.locks.pylock import parse_pylock
from mlenv.locks.python_version import parse_python_version
from mlenv.locks.relock import relock_findings
from mlenv.locks.requirement_lines import decode_text
from mlenv.locks.requirements import Requirements, parse_requirements
from mlenv.locks.requirements_seal import check_requirements_seal, render_requirements
from mlenv.locks.seal import seal
from mlenv.locks.select import Selected, SelectRequest, select
from mlenv.locks.settings import Settings, parse_settings, read_settings
from mlenv.locks.target import Target
from mlenv.locks.uv_lock import parse_uv_lock
from mlenv.locks.wheels import buildable, suggest_python, wheel_tags

__all__ = [
    "Choice",
    "LockContent",
    "Manifest",
    "Requirements",
    "SelectRequest",
    "Selected",
    "Settings",
    "Target",
    "buildable",
    "check_requirements_seal",
    "choose",
    "decode_text",
    "parse_pylock",
    "parse_pyproject",
    "parse_python_version",
    "parse_requirements",
    "parse_settings",
    "parse_uv_lock",
    "read_settings",
    "relock_findings",
    "render_requirements",
    "seal",
    "select",
    "suggest_python",
    "wheel_tags",
]
