"""What a wheel and a compiled file were built for (S59), with packaging as the judge of what runs where."""

from __future__ import annotations

import struct

import pytest

from mlenv.built_for import Here, binary_machines, here_of, other_machine, parse_platform_tag, parse_wheel_tags
from mlenv.locks import elsewhere, parse_platform

LINUX, MAC, WINDOWS = (
    Here(system=a, machine=b) for a, b in (("linux", "x86_64"), ("macos", "arm64"), ("windows", "x86_64"))
)


@pytest.mark.parametrize(
    ("platform", "machine", "bits", "here"),
    [
        ("linux-x86_64", "x86_64", 64, ("linux", "x86_64")),
        ("linux-x86_64", "x86_64", 32, ("linux", "x86")),
        ("linux-aarch64", "aarch64", 64, ("linux", "aarch64")),
        ("macosx-11.0-universal2", "arm64", 64, ("macos", "arm64")),
        ("macosx-10.9-x86_64", "x86_64", 64, ("macos", "x86_64")),
        ("win-amd64", "AMD64", 64, ("windows", "x86_64")),
        ("win-amd64", "ARM64", 64, ("windows", "x86_64")),
        ("win32", "AMD64", 32, ("windows", "x86")),
        ("win-arm64", "ARM64", 64, ("windows", "arm64")),
        ("freebsd-14-amd64", "amd64", 64, ("", "x86_64")),
    ],
)
def test_the_machine_of_an_interpreter(platform: str, machine: str, bits: int, here: tuple[str, str]) -> None:
    """A small Python on a large machine, an Intel Python on Windows for ARM, a universal Python on macOS."""
    found = here_of(platform, machine, bits)
    assert (found.system, found.machine) == here


@pytest.mark.parametrize(
    ("tags", "here", "other"),
    [
        (["py3-none-any"], LINUX, ""),
        (["cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"], LINUX, ""),
        (["cp312-cp312-linux_x86_64"], LINUX, ""),
        (["cp312-cp312-musllinux_1_2_x86_64"], LINUX, ""),
        (["cp312-cp312-manylinux2014_aarch64"], LINUX, "Linux (aarch64)"),
        (["cp312-cp312-macosx_11_0_arm64"], LINUX, "macOS (arm64)"),
        (["cp312-cp312-win_amd64"], LINUX, "Windows (x86_64)"),
        (["cp312-cp312-macosx_10_9_universal2"], MAC, ""),
        (["cp312-cp312-macosx_10_9_x86_64"], MAC, "macOS (x86_64)"),
        (["cp312-cp312-macosx_10_9_x86_64", "cp312-cp312-macosx_11_0_arm64"], MAC, ""),
        (["cp312-cp312-win32"], WINDOWS, "Windows (x86)"),
        (["cp312-cp312-win_amd64"], WINDOWS, ""),
        (["cp312-cp312-freebsd_14_amd64"], LINUX, ""),
        (["cp312-cp312-win_amd64"], Here(system="", machine="x86_64"), ""),
        ([], LINUX, ""),
        (["", "what is this"], LINUX, ""),
    ],
)
def test_only_what_is_surely_for_another_machine_is_told(tags: list[str], here: Here, other: str) -> None:
    assert other_machine(tags, here) == other


PLATFORMS = ("linux", "linux-arm64", "musllinux", "macos", "macos-x86_64", "windows", "windows-arm64", "win32")


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_packaging_takes_on_a_machine_is_never_told(name: str) -> None:
    """No false alarm: each of the thousands of tags that a machine accepts was built for it."""
    platform = parse_platform(name)
    system = platform.system.replace("musllinux", "linux")
    here = Here(system=system, machine=platform.machine)
    assert [tag for tag in elsewhere(platform, "3.12").tags if other_machine([tag], here)] == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_only_another_machine_takes_is_told(name: str) -> None:
    """No miss: a tag of another system or architecture, which this one does not take, is told."""
    platform = parse_platform(name)
    here = Here(system=platform.system.replace("musllinux", "linux"), machine=platform.machine)
    own = {parse_platform_tag(tag.rpartition("-")[2]) for tag in elsewhere(platform, "3.12").tags}
    for other in PLATFORMS:
        for tag in elsewhere(parse_platform(other), "3.12").tags[:40]:
            machine = parse_platform_tag(tag.rpartition("-")[2])
            libc = machine and machine[0].endswith("linux") and machine[1] == here.machine and here.system == "linux"
            if machine not in own and not libc:
                assert other_machine([tag], here), (tag, here)


def test_the_tags_of_a_wheel_file() -> None:
    text = "Wheel-Version: 1.0\nGenerator: x\nTag: py2-none-any\nTag:py3-none-any\r\n\nnothing: here\n"
    assert parse_wheel_tags(text) == ("py2-none-any", "py3-none-any")
    assert parse_wheel_tags("") == ()


def _elf(machine: int, order: str = "<") -> bytes:
    return b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(12) + struct.pack(f"{order}H", machine)


def _pe(machine: int) -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", machine)


@pytest.mark.parametrize(
    ("head", "machines"),
    [
        (_elf(62), {("linux", "x86_64")}),
        (_elf(183), {("linux", "aarch64")}),
        (_elf(22, ">"), {("linux", "s390x")}),
        (b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C), {("macos", "arm64")}),
        (
            b"\xca\xfe\xba\xbe"
            + struct.pack(">I", 2)
            + struct.pack(">5I", 0x01000007, 0, 0, 0, 0)
            + struct.pack(">5I", 0x0100000C, 0, 0, 0, 0),
            {("macos", "arm64"), ("macos", "x86_64")},
        ),
        (_pe(0x8664), {("windows", "x86_64")}),
        (_pe(0xAA64), {("windows", "arm64")}),
        (b"#!/usr/bin/python\n", set()),
        (b"\x7fELF", set()),
        (b"MZ", set()),
        (b"", set()),
    ],
)
def test_compiled_files_say_what_they_are_for(head: bytes, machines: set[tuple[str, str]]) -> None:
    assert binary_machines(head) == machines
