"""Wheels made by hand with ``zipfile``: small, whole by default, and as odd as a test asks for."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["make_wheel", "record_row"]


def record_row(path: str, content: bytes) -> str:
    """Return the row that an honest ``RECORD`` has for a file."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(content)}"


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    *,
    requires: Sequence[str] = (),
    metadata: tuple[str, str] | None = None,
    entry_points: str = "",
    file_name: str = "",
    record: Sequence[str] | None = None,
) -> Path:
    """Write one pure wheel and return its path.

    Args:
        folder: where to.
        name: of the distribution, as its file name spells it (underscores).
        version: of it.
        files: path in the archive -> content.
        requires: ``Requires-Dist`` texts.
        metadata: (name, version) that ``METADATA`` claims, where that is a lie.
        entry_points: text of ``entry_points.txt``.
        file_name: another file name than the honest one.
        record: rows in place of the honest ones.
    """
    info = f"{name}-{version}.dist-info"
    said, number = metadata or (name.replace("_", "-"), version)
    needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
    texts: dict[str, str | bytes] = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {said}\nVersion: {number}\nSummary: made by hand\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **({f"{info}/entry_points.txt": entry_points} if entry_points else {}),
    }
    contents = {path: text.encode() if isinstance(text, str) else text for path, text in texts.items()}
    rows = list(record) if record is not None else [record_row(path, body) for path, body in contents.items()]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (file_name or f"{name}-{version}-py3-none-any.whl")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, body in contents.items():
            archive.writestr(path, body)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")
    return target
