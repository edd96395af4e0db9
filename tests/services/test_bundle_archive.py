"""The archive of a bundle: the same bytes each time, and nothing of a changed or hostile one is used."""

from __future__ import annotations

import random
import stat
import zipfile
from pathlib import Path

import pytest

from mlenv.errors import MlenvError
from mlenv.services.bundling.archive import member_of, read_archive, unpack, write_archive
from mlenv.services.bundling.contents import INDEX, Bundle

WHEEL = "wheels/six-1.17.0-py2.py3-none-any.whl"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return write(tmp_path, "demo.mlenv-bundle.zip")


def write(folder: Path, name: str) -> Path:
    (folder / "lock").write_text("lock-version = '1.0'\n")
    (folder / "wheel").write_bytes(random.Random(3).randbytes(3000))
    files = {"project/pylock.toml": folder / "lock", WHEEL: folder / "wheel"}
    bundle = Bundle(
        project="demo", python="3.11", platform="linux-x86_64", lock="pylock.toml",
        members=tuple(member_of(path, file) for path, file in sorted(files.items())),
        locked={"six": WHEEL[7:]}, kernel={},
    )  # fmt: skip
    write_archive(folder / name, bundle, files, lambda done, total: None)
    return folder / name


def opened(path: Path, into: Path) -> dict[str, bytes]:
    """Read and unpack; return what came out."""
    bundle = read_archive(path)
    into.mkdir()
    unpack(path, bundle, into, lambda done, total: None)
    return {str(file.relative_to(into)): file.read_bytes() for file in into.rglob("*") if file.is_file()}


def test_the_same_files_give_the_same_bytes_and_the_index_is_last(tmp_path: Path, made: Path) -> None:
    first = made.read_bytes()
    assert write(tmp_path, "again.mlenv-bundle.zip").read_bytes() == first
    names = zipfile.ZipFile(made).namelist()
    assert names == [*sorted(names[:-1]), INDEX]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "again.mlenv-bundle.zip", "demo.mlenv-bundle.zip", "lock", "wheel",
    ]  # fmt: skip


def test_every_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path, made: Path) -> None:
    """All bytes of heads and index, each tenth of the wheel's: what comes out is what went in, or nothing does."""
    whole = made.read_bytes()
    right = opened(made, tmp_path / "right")
    with zipfile.ZipFile(made) as archive:
        begin = archive.getinfo(WHEEL).header_offset + 30 + len(WHEEL)
    refused, inside = 0, 0
    for place in range(len(whole)):
        if begin <= place < begin + 3000 and place % 10:
            continue
        changed = tmp_path / "changed.zip"
        changed.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        code, message = _refusal(changed, tmp_path / f"into{place}", right)
        assert code.startswith(("bundle-", "wheel-missing")) or not code, (place, code)
        refused += code != ""
        inside += begin <= place < begin + 3000 and WHEEL in message
    assert inside == 300
    assert refused > 1000


def _refusal(path: Path, into: Path, right: dict[str, bytes]) -> tuple[str, str]:
    """Return code and message of the refusal; empty where what comes out is right."""
    try:
        same = opened(path, into) == right
    except MlenvError as error:
        return error.code, error.message
    return ("", "") if same else ("other content", "")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_an_archive_cut_short_is_said_to_be(tmp_path: Path, made: Path, share: float) -> None:
    whole = made.read_bytes()
    made.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(MlenvError) as caught:
        read_archive(made)
    assert caught.value.code == "bundle-unreadable"


def _with(made: Path, name: str, body: bytes = b"x", mode: int = stat.S_IFREG | 0o644, kind: int = 0) -> Path:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr, entry.compress_type = 3, mode << 16, kind
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr(entry, body)
    return made


@pytest.mark.parametrize(
    ("name", "mode", "kind", "code"),
    [
        ("../outside", stat.S_IFREG, zipfile.ZIP_STORED, "bundle-unsafe"),
        ("wheels/../../outside", stat.S_IFREG, zipfile.ZIP_STORED, "bundle-unsafe"),
        ("/outside", stat.S_IFREG, zipfile.ZIP_STORED, "bundle-unsafe"),
        ("..\\outside", stat.S_IFREG, zipfile.ZIP_STORED, "bundle-unsafe"),
        ("C:/outside", stat.S_IFREG, zipfile.ZIP_STORED, "bundle-unsafe"),
        ("wheels/link", stat.S_IFLNK, zipfile.ZIP_STORED, "bundle-unsafe"),
        ("wheels/pipe", stat.S_IFIFO, zipfile.ZIP_STORED, "bundle-unsafe"),
        ("wheels/bomb", stat.S_IFREG, zipfile.ZIP_DEFLATED, "bundle-unsafe"),
        ("wheels/new-1-py3-none-any.whl", stat.S_IFREG, zipfile.ZIP_STORED, "bundle-damaged"),
    ],
)
def test_what_a_bundle_never_has_is_refused_by_name(
    tmp_path: Path, made: Path, name: str, mode: int, kind: int, code: str
) -> None:
    body = b"0" * 10_000_000 if kind else b"/etc/passwd"
    with pytest.raises(MlenvError) as caught:
        opened(_with(made, name, body, mode, kind), tmp_path / "into")
    assert caught.value.code == code
    assert name.replace("\\", "/")[-7:] in caught.value.message.replace("\\", "/")
    assert not (tmp_path / "into").exists()


def test_a_member_that_is_there_twice_is_refused(made: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        _with(made, WHEEL)
    with pytest.raises(MlenvError) as caught:
        read_archive(made)
    assert (caught.value.code, WHEEL in caught.value.message) == ("bundle-unsafe", True)


def test_another_archive_is_no_bundle(tmp_path: Path) -> None:
    other = tmp_path / "x.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(MlenvError) as caught:
        read_archive(other)
    assert (caught.value.code, INDEX in caught.value.message) == ("bundle-unreadable", True)


def test_an_archive_cut_short_behind_a_whole_wheel_is_said_to_be(tmp_path: Path, made: Path) -> None:
    """A stored wheel is an archive itself: its end is taken for that of the bundle."""
    with zipfile.ZipFile(tmp_path / "wheel", "w") as wheel:
        wheel.writestr("six.py", "")
    with zipfile.ZipFile(made, "w") as archive:
        archive.write(tmp_path / "wheel", WHEEL)
        archive.writestr("wheels/rest", random.Random(3).randbytes(3000))
    made.write_bytes(made.read_bytes()[:2000])
    with pytest.raises(MlenvError) as caught:
        read_archive(made)
    assert (caught.value.code, "cut short" in caught.value.message) == ("bundle-unreadable", True)
