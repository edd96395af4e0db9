"""Bundles that are none, were cut or changed, or are for something else."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

from hostile.row import Row, project, pylock
from mlenv.services.bundling.archive import member_of, write_archive
from mlenv.services.bundling.contents import INDEX, Bundle, render_index

__all__ = ["ROWS"]

FROM = "create --offline --from-bundle x.zip"
WHEEL = "six-1.16.0-py2.py3-none-any.whl"
_FILE = f'wheels = [{{ url = "https://files.example.org/{WHEEL}", hashes = {{ sha256 = "{"a" * 64}" }} }}]'
LOCK = pylock(f'name = "six"\nversion = "1.16.0"\n{_FILE}')


def _bundle(**fields: object) -> Callable[[Path], None]:
    """Return what puts a small, honest bundle there whose index says these things."""

    def put(root: Path) -> None:
        parts = root.parent / "parts"
        parts.mkdir(exist_ok=True)
        files = {"project/pylock.toml": parts / "lock", f"wheels/{WHEEL}": parts / "wheel"}
        (parts / "lock").write_text(LOCK)
        (parts / "wheel").write_bytes(b"no wheel at all")
        says = {
            "project": "other", "python": "3.11", "platform": "linux-x86_64", "lock": "pylock.toml",
            "members": tuple(member_of(path, file) for path, file in sorted(files.items())),
            "locked": {"six": WHEEL}, "kernel": {}, **fields,
        }  # fmt: skip
        write_archive(root / "x.zip", Bundle(**says), files, lambda done, total: None)  # type: ignore[arg-type]

    return put


def _cut(root: Path) -> None:
    _bundle()(root)
    whole = (root / "x.zip").read_bytes()
    (root / "x.zip").write_bytes(whole[: len(whole) // 2])


def _flipped(root: Path) -> None:
    _bundle()(root)
    whole = (root / "x.zip").read_bytes()
    place = whole.index(b"no wheel at all")
    (root / "x.zip").write_bytes(whole[:place] + b"N" + whole[place + 1 :])


def _zip(name: str, body: bytes = b"x", *, packed: bool = False, link: bool = False) -> bytes:
    """Return an archive with an index and one odd member beside it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = ((stat.S_IFLNK if link else stat.S_IFREG) | 0o644) << 16
        archive.writestr(entry, body, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
        index = Bundle(project="x", python="3.11", platform="any", lock="", members=(), locked={}, kernel={})
        archive.writestr(INDEX, render_index(index))
    return stream.getvalue()


ROWS = (
    Row("none there", FROM, "bundle-missing", where="x.zip", says="no bundle at this path", hint="mlenv bundle"),
    Row("an empty file", FROM, "bundle-unreadable", where="x.zip", says="cut short", files={"x.zip": b""}),
    Row("a text", FROM, "bundle-unreadable", where="x.zip", says="no ZIP archive", files={"x.zip": "hello"}),
    Row("cut short", FROM, "bundle-unreadable", where="x.zip", says="cut short", hint="copy", scene=_cut),
    Row("a byte turned", FROM, "bundle-damaged", where="x.zip", says=WHEEL, hint="copy", scene=_flipped),
    Row(
        "of another project", FROM, "bundle-differs", where="pylock.toml", says="of the project other",
        files={"pyproject.toml": project("six"), "pylock.toml": LOCK.replace("1.16", "1.17")}, scene=_bundle(),
    ),
    Row(
        "for another Python", FROM, "bundle-python", where="x.zip", says="is for Python 3.99", files={"readme": ""},
        scene=_bundle(python="3.99"),
    ),
    Row(
        "for another machine", FROM, "bundle-platform", where="x.zip", says="is for windows-arm64",
        hint="mlenv bundle --platform", scene=_bundle(platform="windows-arm64"),
    ),
    Row(
        "without a wheel of the lock", FROM, "wheel-missing", where="x.zip", says="no wheel of six 1.16.0",
        scene=_bundle(locked={}),
    ),
    Row("a path out of it", FROM, "bundle-unsafe", where="x.zip", says="../", files={"x.zip": _zip("../evil")}),
    Row("an absolute path", FROM, "bundle-unsafe", where="x.zip", says="/evil", files={"x.zip": _zip("/evil")}),
    Row("a link", FROM, "bundle-unsafe", where="x.zip", says="link", files={"x.zip": _zip("wheels/a", link=True)}),
    Row(
        "a bomb", FROM, "bundle-unsafe", where="x.zip", says="packed",
        files={"x.zip": _zip("wheels/a", b"0" * 30_000_000, packed=True)},
    ),
    Row("packages beside it", "create six --from-bundle x.zip", "usage", where="", says="what its lock names"),
    Row("a bundle without a lock", "bundle", "no-lock", where="", says="made from a lock", hint="mlenv lock",
        files={"pyproject.toml": project("six")}),
    Row(
        "a bundle of a loose list", "bundle", "lock-not-exact", where="requirements.txt", hint="mlenv freeze",
        says="does not name every package", files={"requirements.txt": "six==1.16.0\nattrs==24.2.0\n"},
    ),
)  # fmt: skip
