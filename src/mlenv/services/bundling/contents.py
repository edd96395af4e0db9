"""What a bundle says of itself: its index, as a value and as text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from mlenv.errors import MlenvError
from mlenv.model import value

__all__ = ["ENDING", "INDEX", "Bundle", "Member", "file_name", "parse_index", "render_index"]

ENDING = ".mlenv-bundle.zip"
INDEX = "mlenv-bundle.json"
_SCHEMA = 1
_MOST_MEMBERS = 20_000
_PATH = re.compile(r"(?:project|wheels)/[^\x00-\x1f\\:]+")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@value
class Member:
    """One file of a bundle beside its index."""

    path: str
    """In the archive: ``wheels/six-1.17.0-py2.py3-none-any.whl``, ``project/pylock.toml``."""
    sha256: str
    size: int
    """Bytes."""


@value
class Bundle:
    """The index of a bundle."""

    project: str
    python: str
    """``3.11``."""
    platform: str
    """``linux-x86_64``."""
    lock: str
    """Path of the lock relative to the project."""
    members: tuple[Member, ...]
    """Sorted by path."""
    locked: Mapping[str, str]
    """Package of the lock -> file name of its wheel."""
    kernel: Mapping[str, str]
    """Package of the kernel's own -> version."""
    built: tuple[str, ...] = ()
    """Packages of the lock whose wheels were built from source for this bundle."""
    left_out: tuple[str, ...] = ()
    """Packages of the lock whose source lies in the project."""

    @property
    def files(self) -> tuple[str, ...]:
        """The project's files, relative to its root."""
        return tuple(one.path[len("project/") :] for one in self.members if one.path.startswith("project/"))

    @property
    def wheels(self) -> Mapping[str, Member]:
        """File name -> the wheel."""
        return {one.path[len("wheels/") :]: one for one in self.members if one.path.startswith("wheels/")}


def file_name(project: str, python: str, platform: str) -> str:
    """Return how a bundle is called: ``demo-py3.11-linux-x86_64.mlenv-bundle.zip``."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", project).strip(".-")[:60] or "project"
    return f"{plain}-py{python}-{platform}{ENDING}"


def render_index(bundle: Bundle) -> str:
    """Return the text of the index; it carries its own digest, so that a changed one is seen, too."""
    content = {
        "schema": _SCHEMA,
        "project": bundle.project,
        "python": bundle.python,
        "platform": bundle.platform,
        "lock": bundle.lock,
        "members": [{"path": one.path, "sha256": one.sha256, "size": one.size} for one in bundle.members],
        "locked": dict(bundle.locked),
        "kernel": dict(bundle.kernel),
        "built": list(bundle.built),
        "left_out": list(bundle.left_out),
    }
    return json.dumps({**content, "digest": _digest(content)}, indent=1, sort_keys=True) + "\n"


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def parse_index(text: str, where: str) -> Bundle:
    """Read an index.

    Raises:
        MlenvError: ``bundle-newer`` where a newer mlenv made it; ``bundle-damaged`` where it is changed or cut.
    """
    try:
        content = json.loads(text)
        schema, digest = content["schema"], content.pop("digest")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _damaged(where, "it is no JSON, or not whole") from None
    if isinstance(schema, int) and schema > _SCHEMA:
        message = f"this bundle was made by a newer mlenv (form {schema}; this one reads form {_SCHEMA})"
        raise MlenvError("bundle-newer", message, where=where, hint="python -m pip install -U mlenv")
    if digest != _digest(content):
        raise _damaged(where, "its content is not what its digest says")
    try:
        return _bundle(content)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(where, "a field is missing, or is of another kind") from None


def _damaged(where: str, why: str) -> MlenvError:
    message = f"the index of this bundle ({INDEX}) is damaged: {why}; nothing was used"
    hint = "copy the bundle again, or make it anew: mlenv bundle"
    return MlenvError("bundle-damaged", message, where=where, hint=hint)


def _bundle(content: Mapping[str, Any]) -> Bundle:
    rows = content["members"]
    if not isinstance(rows, list) or len(rows) > _MOST_MEMBERS:
        raise ValueError("members")
    locked, kernel = content["locked"], content["kernel"]
    built, left_out = tuple(content["built"]), tuple(content["left_out"])
    texts = [content[key] for key in ("project", "python", "platform", "lock")]
    inside = [*locked, *locked.values(), *kernel, *kernel.values(), *built, *left_out]
    if not all(isinstance(text, str) for text in (*texts, *inside)):
        raise TypeError("texts")
    project, python, platform, lock = texts
    return Bundle(
        project=project,
        python=python,
        platform=platform,
        lock=lock,
        members=tuple(_member(row) for row in rows),
        locked=locked,
        kernel=kernel,
        built=built,
        left_out=left_out,
    )


def _member(row: Mapping[str, Any]) -> Member:
    path, digest, size = row["path"], row["sha256"], row["size"]
    safe = _PATH.fullmatch(path) and not {"..", ".", ""} & set(path.split("/"))
    if not safe or not _DIGEST.fullmatch(digest) or not isinstance(size, int) or size < 0:
        raise ValueError("member")
    return Member(path=path, sha256=digest, size=size)
