"""What mlenv writes says its own end: cut anywhere, it is never taken for a shorter lock."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from locks_project import read, target
from packaging.pylock import Pylock
from uv import find_uv_bin

from mlenv.errors import MlenvError
from mlenv.locks import parse_pylock, parse_requirements, render_requirements, seal

ASKED = ["six ; python_version < '3.12'", "humanize<4.10", 'colorama ; sys_platform == "win32"']
HERE = target()


@pytest.fixture(scope="module")
def sealed() -> str:
    return seal(read("pylock-uv/pylock.toml"), ASKED, groups=("dev",), requires_python=">=3.9")


@pytest.fixture
def uv_says(tmp_path: Path, sealed: str) -> str:
    """What uv plans when it is given the sealed lock."""
    (tmp_path / "pylock.toml").write_text(sealed)
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "--no-config", "v"], cwd=tmp_path, check=True, timeout=60)
    argv = [uv, "pip", "sync", "--dry-run", "--offline", "--no-config", "--python", "v", "pylock.toml"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_uv_reads_a_sealed_lock(uv_says: str) -> None:
    assert "six==1." in uv_says
    assert "humanize==4.9.0" in uv_says


def test_a_sealed_lock_is_a_pep_751_lock_with_the_same_packages(sealed: str) -> None:
    before, after = tomllib.loads(read("pylock-uv/pylock.toml")), tomllib.loads(sealed)
    assert Pylock.from_dict(after).created_by == "mlenv"
    assert after["packages"] == before["packages"]
    assert after["tool"]["mlenv"]["packages"] == len(before["packages"])


def test_the_seal_gives_back_what_was_locked(sealed: str) -> None:
    content = parse_pylock(sealed, "pylock.toml", HERE)
    assert set(content.recorded or ()) == set(ASKED)
    assert content.groups == ("dev",)
    assert content.findings == ()


def test_sealing_twice_changes_nothing(sealed: str) -> None:
    assert seal(sealed, ASKED, groups=("dev",), requires_python=">=3.9") == sealed


def test_windows_line_ends_are_no_edit(sealed: str) -> None:
    assert parse_pylock(sealed.replace("\n", "\r\n"), "pylock.toml", HERE).findings == ()


def test_a_sealed_lock_cut_at_any_line_is_an_error(sealed: str) -> None:
    lines = sealed.splitlines(keepends=True)
    made = next(index for index, line in enumerate(lines) if line.startswith("created-by"))
    for count in range(made + 1, len(lines)):
        with pytest.raises(MlenvError) as problem:
            parse_pylock("".join(lines[:count]), "pylock.toml", HERE)
        assert problem.value.code == "lock-truncated", count
        assert "pylock.toml" in problem.value.where


def test_a_lock_whose_packages_went_missing_in_the_middle_is_an_error(sealed: str) -> None:
    start = sealed.index("[[packages]]")
    end = sealed.index("[[packages]]", start + 1)
    with pytest.raises(MlenvError, match="holds") as problem:
        parse_pylock(sealed[:start] + sealed[end:], "pylock.toml", HERE)
    assert problem.value.code == "lock-truncated"


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace('version = "4.9.0"', 'version = "4.9.1"').replace("4.9.0", "4.9.1"),
        lambda text: text.replace("[[packages]]", "# a note\n[[packages]]", 1),
        lambda text: text + '\n[tool.other]\nx = 1\n',
    ],
)  # fmt: skip
def test_a_lock_that_somebody_edited_is_told_and_read(sealed: str, edit) -> None:  # type: ignore[no-untyped-def]
    content = parse_pylock(edit(sealed), "pylock.toml", HERE)
    assert [finding.kind for finding in content.findings] == ["relock"]
    assert "by hand" in content.findings[0].reason
    assert content.pins


def test_a_lock_of_another_tool_needs_no_seal() -> None:
    assert parse_pylock(read("pylock-uv/pylock.toml"), "pylock.toml", HERE).recorded is None


def test_requirements_that_mlenv_wrote_are_read_back_and_the_same_rows_give_the_same_bytes() -> None:
    rows = ["six==1.17.0", "humanize==4.9.0 \\\n    --hash=sha256:abc"]
    text = render_requirements(rows, head=["mlenv freeze"])
    assert text == render_requirements(rows[::-1], head=["mlenv freeze"])
    found = parse_requirements(text, "requirements.txt", HERE, {}.get)
    assert [(pin.name, pin.version) for pin in found.pins] == [("humanize", "4.9.0"), ("six", "1.17.0")]
    assert (found.pinned, found.closed, found.findings) == (True, True, ())


def test_requirements_that_mlenv_wrote_and_something_cut_are_an_error() -> None:
    text = render_requirements(["six==1.17.0", "humanize==4.9.0"])
    for count in range(1, len(text) - 1):  # without its last line end it is whole
        with pytest.raises(MlenvError) as problem:
            parse_requirements(text[:count], "requirements.txt", HERE, {}.get)
        assert problem.value.code == "requirements-truncated"


def test_requirements_that_somebody_edited_are_a_note_and_no_longer_exact() -> None:
    text = render_requirements(["six==1.17.0"]) + "humanize==4.9.0\n"
    found = parse_requirements(text, "requirements.txt", HERE, {}.get)
    assert [finding.kind for finding in found.findings] == ["note"]
    assert not found.closed
    assert len(found.pins) == 2
