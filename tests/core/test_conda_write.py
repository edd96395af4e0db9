"""``conda-lock.yml`` as mlenv writes it: read again it says the same, and its end says whether it is whole."""

from __future__ import annotations

import pytest

from mlenv.errors import MlenvError
from mlenv.locks import Target
from mlenv.locks.conda_lock import parse_conda_lock
from mlenv.locks.conda_write import CondaLock, LockedPackage, render_conda_lock
from mlenv.locks.environment_yml import as_environment_manifest, parse_environment

HERE = Target(markers={"sys_platform": "linux", "platform_machine": "x86_64", "python_full_version": "3.12.1"})
DIGITS = "12e4567890" * 6 + "1234"  # plain YAML would read it as a number
PLACE = "https://conda.example.org/demo"


def row(name: str, version: str, *depends: str, manager: str = "conda", platform: str = "linux-64") -> LockedPackage:
    url = f"{PLACE}/linux-64/{name}-{version}-h0_0.conda"
    pip = f"https://files.example.org/{name}-{version}-py3-none-any.whl"
    return LockedPackage(
        name=name,
        version=version,
        manager=manager,
        platform=platform,
        url=url if manager == "conda" else pip,
        sha256=DIGITS,
        depends=depends,
    )


ROWS = (
    row("python", "3.12"),
    row("numpy", "1.20", "python >=3.12,<3.13.0a0", "__glibc >=2.17", "python"),
    row("y", "1e3"),
    row("tomli", "2.0", manager="pip"),
    row("python", "3.13", platform="osx-arm64"),
)


def lock(*rows: LockedPackage) -> str:
    return render_conda_lock(
        CondaLock(
            channels=(PLACE,),
            platforms=("linux-64", "osx-arm64"),
            source="environment.yml",
            fingerprint="ab" * 32,
            packages=rows,
        )
    )


def test_what_is_written_is_what_is_read() -> None:
    """Versions stay texts, digests stay digests; the order of the rows changes nothing."""
    content = parse_conda_lock(lock(*ROWS), "conda-lock.yml", HERE)
    found = {(pin.name, pin.version, pin.source.kind) for pin in content.pins}
    assert found == {
        ("python", "3.12", "conda"), ("numpy", "1.20", "conda"), ("y", "1e3", "conda"), ("tomli", "2.0", "any"),
    }  # fmt: skip
    assert content.exact
    assert content.findings == ()
    assert content.fingerprint == "ab" * 32
    assert content.hashes == {"tomli": (f"sha256:{DIGITS}",)}
    assert lock(*ROWS) == lock(*reversed(ROWS))
    assert parse_conda_lock(lock(*ROWS).replace("\n", "\r\n"), "conda-lock.yml", HERE) == content


def test_an_empty_lock_is_one() -> None:
    assert parse_conda_lock(lock(), "conda-lock.yml", HERE).pins == ()


def test_every_cut_is_seen() -> None:
    """Wherever the file ends too early, nobody takes it for whole."""
    text = lock(*ROWS)
    for end in range(70, len(text) - 1, 7):
        with pytest.raises(MlenvError) as caught:
            parse_conda_lock(text[:end], "conda-lock.yml", HERE)
        assert caught.value.code in ("lock-truncated", "lock-unreadable")


def test_an_edit_by_hand_is_told() -> None:
    found = parse_conda_lock(lock(*ROWS).replace('"1.20"', '"1.21"'), "conda-lock.yml", HERE).findings
    assert [(one.kind, "by hand" in one.reason) for one in found] == [("relock", True)]


def test_a_lock_of_conda_lock_itself_has_no_digest_that_could_be_compared() -> None:
    plain = "\n".join(line for line in lock(*ROWS).splitlines() if not line.startswith("#")) + "\n"
    assert parse_conda_lock(plain, "conda-lock.yml", HERE).fingerprint == ""


def fingerprint(text: str) -> str:
    return parse_environment(text, "environment.yml", HERE, lambda _name: None).fingerprint


def test_what_a_lock_hangs_on_is_told_from_what_it_does_not() -> None:
    """Comments and the order of rows change nothing; a row, a channel, the channels' order do."""
    base = "channels: [a, b]\ndependencies: [python, numpy, {pip: [tomli]}]\n"
    same = "# x\nname: y\nchannels:\n  - a\n  - b\ndependencies:\n  - numpy\n  - python  # z\n  - pip: [tomli]\n"
    assert fingerprint(base) == fingerprint(same)
    others = [
        base.replace("numpy, ", ""), base.replace("tomli", "idna"), base.replace("a, b", "b, a"), base.replace("a, b", "a"),
    ]  # fmt: skip
    assert len({fingerprint(text) for text in (base, *others)}) == 5
    read = parse_environment(base, "environment.yml", HERE, lambda _name: None)
    assert as_environment_manifest(read).fingerprints == {"conda-lock": frozenset({fingerprint(base)})}
