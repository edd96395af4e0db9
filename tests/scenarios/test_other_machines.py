"""S30: `check --platform`: which pins have no build on macOS and Windows; without an environment, network or traces."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mlenv.locks import elsewhere, parse_platform
from mlenv.locks.target import tag_set
from mlenv.locks.wheels import has_wheel
from scenarios.real_project import mlenv
from scenarios.traces import snapshot, without_network
from torture.handmade import make_wheel

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]
LOCKS = Path(__file__).parent.parent / "data" / "locks"
PYTHON = ("--python", "3.12")


def _project(root: Path, folder: str) -> Path:
    shutil.copytree(LOCKS / folder, root, dirs_exist_ok=True)
    return root


def test_pins_without_builds_are_named_for_each_platform(root: Path, mlenv_home: Path) -> None:
    """S30: the Linux-only pin on both, the one for Windows under a marker nowhere; a source is a milder word."""
    _project(root, "platforms-uv")
    before = snapshot(root)
    answer = mlenv(root, "check", "--platform", "macos", "--platform", "windows", *PYTHON, code=1)
    assert answer.stdout.splitlines() == [
        "macOS (arm64), Python 3.12: 1 of 5 packages of uv.lock has no build there",
        "  no build      triton 3.1.0: uv.lock has it for Linux (x86_64) only",
        "next: another version of triton, or a marker where it is declared, then: mlenv lock",
        "Windows (x86_64), Python 3.12: 1 of 6 packages of uv.lock has no build there",
        "  no build      triton 3.1.0: uv.lock has it for Linux (x86_64) only",
        "  from source   uvloop 0.21.0: it has no wheel for it",
        "next: another version of triton, or a marker where it is declared, then: mlenv lock",
    ]
    good = mlenv(root, "check", "--platform", "linux", *PYTHON)
    assert good.stdout == "Linux (x86_64), Python 3.12: uv.lock has a ready-built file for each of its 5 packages\n"
    assert snapshot(root) == before
    assert not list(mlenv_home.rglob("selections/*")), "what was read for another machine is kept for this one"


def test_the_wire_names_platform_python_and_findings(root: Path) -> None:
    told = mlenv(_project(root, "platforms-pylock"), "check", "--platform=win_amd64", *PYTHON, "--json", code=1).json()
    assert (told["schema"], told["verb"], told["ok"]) == (1, "check", False)
    (row,) = told["data"]["platforms"]
    assert (row["platform"], row["python"], row["ok"]) == ("windows-x86_64", "3.12", False)
    assert row["lock"] == {"path": "pylock.toml", "kind": "pylock"}
    assert row["counts"] == {"locked": 6, "ready": 4}
    assert [(each["kind"], each["package"], each["locked"]) for each in row["findings"]] == [
        ("no-build", "triton", "3.1.0"),
        ("from-source", "uvloop", "0.21.0"),
    ]


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("platforms-pip", "pylock.toml was made for one machine and has no markers"),
        ("requirements-uv", "requirements.txt does not list the files of its packages"),
    ],
)
def test_what_a_lock_does_not_tell_is_not_guessed(root: Path, folder: str, words: str) -> None:
    answer = mlenv(_project(root, folder), "check", "--platform", "macos", *PYTHON, code=1)
    assert words in answer.stdout
    assert "ready-built" not in answer.stdout


def test_a_project_without_a_lock_is_told_so(root: Path) -> None:
    (root / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\ndependencies = ["six"]\n')
    answer = mlenv(root, "check", "--platform", "macos", code=1)
    assert "has no lock" in answer.stdout
    assert "next: mlenv lock" in answer.stdout


def test_a_python_that_the_lock_rules_out_is_no_good(root: Path) -> None:
    answer = mlenv(_project(root, "platforms-uv"), "check", "--python", "3.9", "--platform", "linux", code=1)
    assert "uv.lock asks for Python >=3.10, <3.14; this is Python 3.9." in answer.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--platform", "beos"), "platform-unknown"),
        (("--platform", ""), "usage"),
        (("--python", "/usr/bin/python3"), "usage"),
    ],
)
def test_a_word_that_names_no_machine_is_one_error(root: Path, words: tuple[str, ...], code: str) -> None:
    answer = mlenv(_project(root, "platforms-uv"), "check", *words, "--json", code=2)
    assert answer.json()["error"]["code"] == code


def test_without_a_platform_it_is_this_machine_and_the_network_is_not_asked(root: Path) -> None:
    """`check --python 3.13`: what another Python would find here."""
    _project(root, "platforms-uv")
    words = [*without_network(), sys.executable, "-m", "mlenv", "check", "--python", "3.13", "--json"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, timeout=60, env={**os.environ})
    assert done.returncode == 1, done.stderr
    (row,) = json.loads(done.stdout)["data"]["platforms"]
    assert [(each["kind"], each["package"]) for each in row["findings"]] == [("no-build", "triton")]
    assert "Python 3.10, Python 3.11, Python 3.12" in row["findings"][0]["reason"]


UV_NAMES = {
    "manylinux_2_28_x86_64": "x86_64-manylinux_2_28",
    "manylinux_2_17_aarch64": "aarch64-manylinux_2_17",
    "musllinux_1_2_x86_64": "x86_64-unknown-linux-musl",
    "macosx_13_0_arm64": "aarch64-apple-darwin",
    "macosx_13_0_x86_64": "x86_64-apple-darwin",
    "windows": "x86_64-pc-windows-msvc",
    "windows-arm64": "aarch64-pc-windows-msvc",
    "win32": "i686-pc-windows-msvc",
}
"""Name of a platform -> uv's."""
TAGS = (
    "py3-none-any", "py2-none-any", "cp312-cp312-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_34_x86_64",
    "cp312-cp312-manylinux1_x86_64", "cp39-abi3-manylinux2014_aarch64", "cp313-abi3-manylinux2014_x86_64",
    "cp311-cp311-manylinux2014_x86_64", "cp312-cp312-musllinux_1_2_x86_64", "py3-none-musllinux_1_1_x86_64",
    "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-macosx_14_0_arm64", "cp312-cp312-macosx_10_9_x86_64",
    "cp312-cp312-macosx_10_9_universal2", "cp312-abi3-macosx_12_0_universal2", "cp312-cp312-win_amd64",
    "cp312-cp312-win_arm64", "cp312-none-win32", "pp310-pypy310_pp73-win_amd64", "cp312-cp312t-win_amd64",
)  # fmt: skip


def test_uv_takes_the_same_wheels_on_every_platform(tmp_path: Path) -> None:
    """The tags of other machines, against uv's own: 20 wheels on 8 platforms. What does not fit gives way to 0.1."""
    from uv import find_uv_bin

    names = [f"tagged{number}" for number in range(len(TAGS))]
    for name, tag in zip(names, TAGS, strict=True):
        make_wheel(tmp_path / "links", name, "1.0", {"a.py": ""}, file_name=f"{name}-1.0-{tag}.whl")
        make_wheel(tmp_path / "links", name, "0.1", {"a.py": ""})
    argv = [find_uv_bin(), "pip", "compile", "--no-index", "--find-links", str(tmp_path / "links"), "-", "--no-header"]
    argv += ["--python", sys.executable, "--python-version", "3.12", "--only-binary", ":all:", "--no-annotate"]
    wrong = []
    for platform, named in UV_NAMES.items():
        words = [*argv, "--python-platform", named]
        done = subprocess.run(words, input="\n".join(names), capture_output=True, text=True, cwd=tmp_path, check=True)
        tags = tag_set(elsewhere(parse_platform(platform), "3.12").tags)
        for name, tag in zip(names, TAGS, strict=True):
            ours = has_wheel([f"{name}-1.0-{tag}.whl"], tags)
            if (f"{name}==1.0" in done.stdout.split()) != ours:
                wrong.append((platform, tag, "mlenv takes it" if ours else "uv takes it"))
    assert wrong == []
