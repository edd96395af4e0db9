"""``export environment.yml``: the lock as an environment of conda's.

Rows of conda say version and build; a lock of Python packages becomes a ``pip:`` part. conda hands that part to pip as
a requirements file, row by row, so hashes may stand in it (``conda/env/installers/pip.py``) - for all rows or for none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mlenv.exports.locked import Locked, install_local
from mlenv.exports.requirements_file import requirement_rows
from mlenv.freezing.environment_file import EnvironmentRows, channel_of, render_environment
from mlenv.locks.place import Place
from mlenv.locks.yaml_text import parse_yaml
from mlenv.model import Pin

__all__ = ["channels_in", "environment_text"]

_EXPLICIT = re.compile(r"^(https?://\S+)/(?:noarch|[a-z]+-[a-z0-9_]+)/[^/\s]+\.(?:conda|tar\.bz2)", re.MULTILINE)
_USUAL = ("conda-forge",)


def environment_text(locked: Locked) -> str:
    """Return the text of the file; the same lock gives the same text."""
    deployment = locked.deployment
    rows = [_conda_row(pin) for pin in locked.conda] or [f"python={deployment.minor}"]
    piped = requirement_rows(locked, hashes=not locked.unhashed)
    if piped and not any(pin.name == "pip" for pin in locked.conda):
        rows.append("pip")  # conda wants it named where there is a pip part
    text = render_environment(
        deployment.slug,
        tuple(map(channel_of, locked.channels)) or _USUAL,
        EnvironmentRows(conda=tuple(sorted(rows)), pip=piped),
    )
    return "".join(f"# {line}\n" for line in _head(locked)) + text


def _conda_row(pin: Pin) -> str:
    if pin.version is None:
        return f"{pin.name} {pin.specifier}".strip()
    return f"{pin.name}={pin.version}{f'={pin.source.commit}' if pin.source.commit else ''}"


def _head(locked: Locked) -> Iterator[str]:
    yield f"An environment of conda's, made by mlenv export from {locked.deployment.lock}, for {locked.machine}."
    if locked.local:
        behind = install_local(locked.local)
        names = ", ".join(pin.name for pin in locked.local)
        yield f"Not in it, for only the project has it: {names}{f'; behind it: {behind}' if behind else ''}"


def channels_in(kind: str, text: str, environment: str = "") -> tuple[str, ...]:
    """Return the channels that a lock of conda's names, in its order; empty for any other lock.

    Args:
        kind: of the lock.
        text: the lock's.
        environment: the one of pixi's that counts; empty: ``default``.
    """
    if kind == "conda" and "@EXPLICIT" in text:
        return tuple(dict.fromkeys(match[1] for match in _EXPLICIT.finditer(text)))
    if kind not in {"conda-lock", "pixi", "conda"}:
        return ()
    table = parse_yaml(text, Place(file="the lock", code="lock-unreadable"))
    if kind == "conda":
        return tuple(row for row in table.get("channels") or () if isinstance(row, str))
    if kind == "pixi":
        environments: dict[str, Any] = table.get("environments") or {}
        told: dict[str, Any] = environments.get(environment or "default") or next(iter(environments.values()), {})
    else:
        told = table.get("metadata") or {}
    return tuple(str(row["url"]) for row in told.get("channels") or () if isinstance(row, dict) and "url" in row)
