"""What other machines would find in a lock: platforms, their tags, and which pins have no build there (S30)."""

from __future__ import annotations

import pytest
from locks_project import chosen, files_of

from mlenv import locks
from mlenv.errors import MlenvError
from mlenv.locks import LockContent, SelectRequest, builds_for, elsewhere, made_for_one_machine, parse_platform, select
from mlenv.locks.platforms import needs_more
from mlenv.locks.target import applies, tag_set
from mlenv.model import Pin, Source


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("linux", "linux-x86_64"),
        ("macos", "macos-arm64"),
        ("windows", "windows-x86_64"),
        ("Linux-ARM64", "linux-aarch64"),
        ("macos-x86_64", "macos-x86_64"),
        ("darwin_arm64", "macos-arm64"),
        ("windows-amd64", "windows-x86_64"),
        ("win_amd64", "windows-x86_64"),
        ("win_arm64", "windows-arm64"),
        ("win32", "windows-x86"),
        ("musllinux", "musllinux-x86_64"),
        ("linux_x86_64", "linux-x86_64"),
        ("manylinux_2_28_aarch64", "manylinux_2_28_aarch64"),
        ("manylinux2014_x86_64", "manylinux_2_17_x86_64"),
        ("musllinux_1_2_x86_64", "musllinux_1_2_x86_64"),
        ("macosx_11_0_arm64", "macosx_11_0_arm64"),
    ],
)
def test_a_platform_is_named_in_the_ways_that_people_know(text: str, name: str) -> None:
    """Words, architectures under both of their names, and a wheel's own tags; the name can be typed again."""
    platform = parse_platform(text)
    assert platform.name == name
    assert parse_platform(name) == platform


@pytest.mark.parametrize(
    "text", ["", "beos", "linux-z80", "macos-riscv64", "manylinux_2_999999999_x86_64", "win-", "a" * 999]
)
def test_an_unknown_platform_is_one_clear_error(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        parse_platform(text)
    assert (caught.value.code, caught.value.where) == ("platform-unknown", "--platform")
    assert caught.value.hint


def test_the_nearest_platform_is_named() -> None:
    with pytest.raises(MlenvError) as caught:
        parse_platform("windos")
    assert "--platform windows" in caught.value.hint


@pytest.mark.parametrize(
    ("platform", "python", "fits", "fits_not"),
    [
        ("linux", "3.12", "cp312-cp312-manylinux_2_34_x86_64", "cp312-cp312-manylinux_2_17_aarch64"),
        ("linux", "3.12", "cp39-abi3-manylinux1_x86_64", "cp313-abi3-manylinux1_x86_64"),
        ("linux", "3.12", "cp312-cp312-linux_x86_64", "cp312-cp312-musllinux_1_2_x86_64"),
        ("musllinux", "3.12", "cp312-cp312-musllinux_1_2_x86_64", "cp312-cp312-manylinux_2_17_x86_64"),
        ("manylinux_2_17_x86_64", "3.12", "cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux_2_28_x86_64"),
        ("linux-aarch64", "3.12", "py3-none-manylinux2014_aarch64", "py3-none-manylinux2014_x86_64"),
        ("macos", "3.12", "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-macosx_10_9_x86_64"),
        ("macos", "3.12", "cp312-cp312-macosx_10_9_universal2", "cp311-cp311-macosx_10_9_universal2"),
        ("macos-x86_64", "3.12", "cp312-cp312-macosx_10_9_x86_64", "cp312-cp312-macosx_11_0_arm64"),
        ("macosx_11_0_arm64", "3.12", "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-macosx_14_0_arm64"),
        ("windows", "3.12", "cp312-cp312-win_amd64", "cp312-cp312-win_arm64"),
        ("windows-arm64", "3.12", "cp312-cp312-win_arm64", "cp312-cp312-win_amd64"),
        ("win32", "3.12", "cp312-none-win32", "cp312-none-win_amd64"),
        ("windows", "3.13t", "cp313-cp313t-win_amd64", "cp313-cp313-win_amd64"),
        ("windows", "3.9", "py2.py3-none-any", "py310-none-any"),
    ],
)
def test_wheel_tags_of_other_machines(platform: str, python: str, fits: str, fits_not: str) -> None:
    """manylinux and musllinux levels, macOS targets with universal2, the three Windows, stable and free-threaded ABI."""
    tags = tag_set(elsewhere(parse_platform(platform), python).tags)
    assert any(tag in tags for tag in tag_set((fits,)))
    assert not any(tag in tags for tag in tag_set((fits_not,)))


@pytest.mark.parametrize(
    ("platform", "marker"),
    [
        ("linux", "sys_platform == 'linux' and os_name == 'posix' and platform_machine == 'x86_64'"),
        ("musllinux-arm64", "platform_system == 'Linux' and platform_machine == 'aarch64'"),
        ("macos", "sys_platform == 'darwin' and platform_machine == 'arm64' and platform_system == 'Darwin'"),
        ("windows", "sys_platform == 'win32' and os_name == 'nt' and platform_machine == 'AMD64'"),
        ("windows-arm64", "platform_machine == 'ARM64' and implementation_name == 'cpython'"),
        ("linux", "python_version == '3.9' and python_full_version >= '3.9.1'"),
    ],
)
def test_markers_of_other_machines(platform: str, marker: str) -> None:
    """Where only 3.9 is told, its newest release is meant: >=3.9.1 does not rule it out."""
    assert applies(marker, elsewhere(parse_platform(platform), "3.9"))


@pytest.mark.parametrize("text", ["3", "2.7", "python3.12", ">=3.12", "3.12;", "/usr/bin/python", "3.999"])
def test_a_python_that_cannot_be_asked_about_is_one_clear_error(text: str) -> None:
    with pytest.raises(MlenvError) as caught:
        locks.parse_python(text)
    assert (caught.value.code, caught.value.where) == ("usage", "--python")


def test_a_level_above_the_usual_is_told() -> None:
    assert needs_more(["manylinux_2_34_x86_64", "manylinux_2_39_x86_64"]) == "glibc 2.34"
    assert needs_more(["manylinux_2_34_x86_64", "manylinux_2_17_x86_64"]) == ""
    assert needs_more(["macosx_14_0_arm64"]) == "macOS 14"
    assert needs_more(["macosx_13_0_arm64"]) == needs_more(["any"]) == needs_more(["win_amd64"]) == ""


FILES = {
    "platforms-uv": ("pyproject.toml", "uv.lock"),
    "platforms-pylock": ("pyproject.toml", "pylock.toml"),
    "platforms-poetry": ("pyproject.toml", "poetry.lock"),
    "platforms-pdm": ("pyproject.toml", "pdm.lock"),
    "pipenv-6": ("Pipfile", "Pipfile.lock"),
    "platforms-pip": ("requirements.in", "pylock.toml"),
    "pylock-pip": ("requirements.in", "pylock.toml"),
}


def _told(folder: str, platform: str, python: str = "3.11") -> tuple[int, dict[str, str]]:
    """Return how many packages a real lock asks for on a machine, and its findings, name -> kind."""
    names = FILES[folder]
    files = files_of(*(f"{folder}/{name}" for name in names))
    target = elsewhere(parse_platform(platform), python)
    found = select(SelectRequest(root="/p", name="p", names=names, load=files.get, target=target))
    assert found.content is not None
    lock = found.selection.lock or ""
    one = made_for_one_machine(files[lock].decode(), found.selection.kind)
    builds = builds_for(found.content, target, lock, one_machine=one)
    return builds.pins, {finding.package or "": finding.kind for finding in builds.findings}


@pytest.mark.parametrize("folder", ["platforms-uv", "platforms-pylock", "platforms-poetry", "platforms-pdm"])
@pytest.mark.parametrize(
    ("platform", "pins", "kinds"),
    [
        ("linux", 5, {}),
        ("macos", 5, {"triton": "no-build"}),
        ("macos-x86_64", 5, {"triton": "no-build"}),
        ("windows", 6, {"triton": "no-build", "uvloop": "from-source"}),
        ("windows-arm64", 6, {"triton": "no-build", "uvloop": "from-source", "numpy": "from-source"}),
        ("linux-arm64", 5, {"triton": "no-build"}),
    ],
)
def test_pins_without_a_build_are_named(folder: str, platform: str, pins: int, kinds: dict[str, str]) -> None:
    """S30: pywin32 counts on Windows only, by its marker; triton is for Linux on x86_64; uvloop has a source."""
    assert _told(folder, platform) == (pins, kinds)


def test_a_lock_that_names_only_hashes_says_of_no_pin_what_it_has() -> None:
    """Pipfile.lock: hashes of files whose names it does not tell."""
    pins, told = _told("pipenv-6", "macos")
    assert pins > 0
    assert set(told.values()) == {"undecidable"}


def test_the_python_counts_as_well() -> None:
    """triton 3.1.0 has no wheel for Python 3.13, and no source."""
    assert _told("platforms-uv", "linux", "3.13") == (5, {"triton": "no-build"})


def test_a_lock_for_one_machine_says_nothing_about_others() -> None:
    """pip writes no markers: that pywin32 is absent does not mean that Windows needs none."""
    assert _told("platforms-pip", "linux") == (5, {})
    for platform in ("macos", "windows", "linux-arm64"):
        assert _told("platforms-pip", platform) == (
            5,
            {"": "undecidable", "numpy": "no-build", "triton": "no-build", "uvloop": "no-build"},
        )
    # Files that every machine takes do not say for which one the lock was made.
    assert _told("pylock-pip", "linux")[1] == {"": "undecidable"}


def test_a_lock_without_files_is_not_judged() -> None:
    """requirements.txt names hashes, not files."""
    for system in ("linux", "darwin", "win32"):
        found = chosen(files_of("requirements-uv/requirements.txt"), system=system).content
        assert found is not None
        told = builds_for(found, elsewhere(parse_platform("macos"), "3.11"), "requirements.txt")
        assert {finding.kind for finding in told.findings} == {"undecidable"}
        assert told.ready == 0


@pytest.mark.parametrize(
    ("source", "wheels", "sdist", "kind"),
    [
        (Source(kind="editable", url="."), (), False, None),
        (Source(kind="path", url="libs/own"), (), False, None),
        (Source(kind="path", url="wheels/own-1-py3-none-any.whl"), (), False, None),
        (Source(kind="path", url="wheels/own-1-cp312-cp312-win_amd64.whl"), (), False, "no-build"),
        (Source(kind="path", url="own-1.tar.gz"), (), False, "from-source"),
        (Source(kind="url", url="https://files.example.org/own-1-py3-none-any.whl"), (), False, None),
        (Source(kind="url", url="https://files.example.org/own/archive/main"), (), False, "from-source"),
        (Source(kind="vcs", url="https://git.example.org/own"), (), False, "from-source"),
        (Source(kind="index"), (), True, "from-source"),
        (Source(kind="index"), ("own-1-cp312-cp312-manylinux_2_39_x86_64.whl",), True, "newer-system"),
        (Source(kind="index"), ("own-1-cp312-cp312-win_amd64.whl",), True, "from-source"),
        (Source(kind="index"), ("own-1-cp312-cp312-win_amd64.whl",), False, "no-build"),
        (Source(kind="index"), ("no wheel at all.whl",), False, "no-build"),
        (Source(kind="index"), (), False, "undecidable"),
    ],
)
def test_each_kind_of_source_is_judged(source: Source, wheels: tuple[str, ...], sdist: bool, kind: str | None) -> None:
    content = LockContent(
        pins=(Pin(name="own", version="1", source=source),),
        wheels={"own": wheels} if wheels else {},
        sdists=frozenset({"own"} if sdist else ()),
    )
    told = builds_for(content, elsewhere(parse_platform("linux"), "3.12"), "a.lock")
    assert [finding.kind for finding in told.findings] == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    ("lock", "kinds"),
    [
        ("conda-lock.yml", []),
        ("pixi.lock", []),
        ("environment.yml", ["undecidable"]),
        ("conda-linux-64.lock", ["undecidable"]),
    ],
)
def test_builds_of_conda_are_there_where_the_lock_names_them_by_platform(lock: str, kinds: list[str]) -> None:
    """A list of conda's is for one machine and does not say for which."""
    content = LockContent(pins=(Pin(name="own", version="1", source=Source(kind="conda", commit="py312_0")),))
    told = builds_for(content, elsewhere(parse_platform("macos"), "3.12"), lock)
    assert [finding.kind for finding in told.findings] == kinds


def test_what_there_is_instead_is_said() -> None:
    """For this machine, other Pythons; else the machines that have one."""
    files = (
        "own-1-cp39-cp39-win_amd64.whl",
        "own-1-cp310-cp310-win_amd64.whl",
        "own-1-cp39-cp39-macosx_11_0_arm64.whl",
    )
    content = LockContent(pins=(Pin(name="own", version="1"),), wheels={"own": files})

    def reason(platform: str) -> str:
        return builds_for(content, elsewhere(parse_platform(platform), "3.12"), "uv.lock").findings[0].reason

    assert reason("windows") == "own has no build there: uv.lock has it for Python 3.9, Python 3.10 only"
    assert reason("linux") == "own has no build there: uv.lock has it for Windows (x86_64), macOS (arm64) only"
