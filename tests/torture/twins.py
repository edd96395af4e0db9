"""Two packages that belong together, with hundreds of modules each: whoever mixes two versions of them fails at import."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

__all__ = ["MODULES", "write_twins"]

MODULES = 400
"""Modules of each package: ``many.m000`` ..., ``twin.m000`` ..."""
_CODE = """import many, twin
assert many.VERSION == twin.VERSION == {version!r}, (many.__file__, twin.__file__, __file__)
"""


def write_twins(wheels: Path) -> None:
    """Put ``many`` and ``twin`` 1.0 and 2.0 into a folder of wheels; each needs the other at its own version."""
    for version in ("1.0", "2.0"):
        for name, other in (("many", "twin"), ("twin", "many")):
            target = wheels / f"{name}-{version}-py3-none-any.whl"
            if not target.exists():
                _write(target, name, other, version)


def _write(target: Path, name: str, other: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    files = {f"{name}/__init__.py": f"VERSION = {version!r}\n"}
    files.update({f"{name}/m{number:03}.py": _CODE.format(version=version) for number in range(MODULES)})
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: {other}=={version}\n"
    )
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: torture\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""])
    temporary = target.with_suffix(".part")
    with zipfile.ZipFile(temporary, "w") as archive:
        for path, text in files.items():
            # One fixed time: uv's cache and every run see the same bytes.
            archive.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), text)
    temporary.replace(target)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
