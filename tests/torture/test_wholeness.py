"""The judge of the campaigns is judged: it objects to every kind of planted damage, and to nothing that is whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from torture import wholeness
from torture.stage import PACKAGES, Stage

INSTALLED = {"attrs": "24.2.0", "idna": "3.6", "six": "1.16.0"}
WANTED = [f"{name}=={version}" for name, version in INSTALLED.items()]


def _run(*argv: str | Path) -> None:
    subprocess.run(argv, check=True, capture_output=True, timeout=300)


def _made_by_uv(stage: Stage, prefix: Path, *, copies: bool = True) -> None:
    mode = ["--link-mode", "copy"] if copies else []
    wheels = ["--no-index", "--find-links", str(stage.wheels)]
    uv = [sys.executable, "-m", "uv", "--no-config", "--cache-dir", str(prefix.parent / "cache")]
    _run(*uv, "venv", "--quiet", "--python", stage.python, prefix)
    _run(*uv, "pip", "install", "--quiet", "--python", prefix / "bin" / "python", *wheels, *mode, *WANTED, "pip")


def _made_by_pip(stage: Stage, prefix: Path) -> None:
    _run(stage.python, "-m", "venv", prefix)
    _run(prefix / "bin" / "pip", "install", "--quiet", "--no-index", "--find-links", stage.wheels, *WANTED)


@pytest.fixture(scope="module")
def good(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole environment without links to any cache, so that damage stays in it."""
    prefix = tmp_path_factory.mktemp("good") / "env"
    _made_by_uv(stage, prefix)
    return prefix


def _site(prefix: Path) -> Path:
    return next(prefix.glob("lib/python*/site-packages"))


def _info(prefix: Path) -> Path:
    return _site(prefix) / "six-1.16.0.dist-info"


def _rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _flip(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _relink(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "settings missing": (lambda p: (p / "pyvenv.cfg").unlink(), "pyvenv.cfg is missing"),
    "settings empty": (lambda p: (p / "pyvenv.cfg").write_text(""), "does not name the base"),
    "base gone": (
        lambda p: _rewrite(p / "pyvenv.cfg", "home = ", "home = /nowhere"),
        "base interpreter's folder is gone",
    ),
    "settings cut": (lambda p: _rewrite(p / "pyvenv.cfg", "version_info", "versi"), "does not name the version"),
    "interpreter missing": (lambda p: (p / "bin" / "python").unlink(), "interpreter is missing"),
    "interpreter dangling": (lambda p: _relink(p / "bin" / "python", "/nowhere/python"), "leads nowhere"),
    "interpreter empty": (
        lambda p: ((p / "bin" / "python").unlink(), (p / "bin" / "python").touch(0o755)),
        "interpreter is empty",
    ),
    "no site-packages": (lambda p: shutil.rmtree(p / "lib"), "no site-packages"),
    "metadata missing": (lambda p: (_info(p) / "METADATA").unlink(), "METADATA is missing"),
    "metadata empty": (lambda p: (_info(p) / "METADATA").write_text(""), "METADATA is missing, cut"),
    "metadata of another version": (lambda p: _rewrite(_info(p) / "METADATA", "1.16.0", "1.15.0"), "another package's"),
    "wheel file missing": (lambda p: (_info(p) / "WHEEL").unlink(), "WHEEL is missing"),
    "record missing": (lambda p: (_info(p) / "RECORD").unlink(), "RECORD is missing"),
    "record empty": (lambda p: (_info(p) / "RECORD").write_text(""), "RECORD is missing"),
    "record cut": (lambda p: _cut(_info(p) / "RECORD"), "RECORD is missing or cut"),
    "record without its last row": (
        lambda p: _rewrite(_info(p) / "RECORD", "six-1.16.0.dist-info/INSTALLER", "six-1.16.0.dist-info/LICENSE"),
        "was not finished",
    ),
    "installer missing": (lambda p: (_info(p) / "INSTALLER").unlink(), "INSTALLER is missing"),
    "module missing": (lambda p: (_site(p) / "six.py").unlink(), "six.py is missing"),
    "module of a package missing": (lambda p: (_site(p) / "attr" / "_make.py").unlink(), "attr/_make.py is missing"),
    "package folder missing": (lambda p: shutil.rmtree(_site(p) / "idna"), "idna/__init__.py is missing"),
    "module empty": (lambda p: (_site(p) / "six.py").write_text(""), "six.py has 0 bytes"),
    "module cut": (lambda p: _cut(_site(p) / "six.py"), "six.py has"),
    "module a folder": (lambda p: _replace_by_folder(_site(p) / "six.py"), "six.py is missing"),
    "module dangling": (lambda p: _relink(_site(p) / "six.py", "/nowhere"), "six.py is missing"),
    "row outside": (
        lambda p: (_info(p) / "RECORD").open("a").write("../../../../outside.txt,,\n"),
        "lies outside the environment",
    ),
    "one bit": (lambda p: _flip(_site(p) / "six.py"), "six.py has another content"),
    "leftover of pip": (lambda p: (_site(p) / "~ix-1.15.0.dist-info").mkdir(), "was left over"),
    "leftover of uv": (lambda p: (_site(p) / ".tmpAb12").mkdir(), "was left over"),
    "two versions": (
        lambda p: shutil.copytree(_info(p), _site(p) / "six-1.15.0.dist-info"),
        "six is there twice",
    ),
    "metadata gone, module there": (lambda p: shutil.rmtree(_info(p)), "six.py belongs to no package"),
    "package missing": (
        lambda p: (shutil.rmtree(_info(p)), (_site(p) / "six.py").unlink()),
        "packages are none of the sets",
    ),
    "launch script missing": (lambda p: (p / "bin" / "pip").unlink(), "launch script pip is missing"),
    "launch script not executable": (lambda p: (p / "bin" / "pip").chmod(0o644), "pip cannot be started"),
    "module that nobody owns": (lambda p: (_site(p) / "extra.py").touch(), "extra.py belongs to no package"),
    "file that nobody owns": (lambda p: (_site(p) / "attr" / "extra.py").touch(), "extra.py is not in the reference"),
    "activation script missing": (lambda p: (p / "bin" / "activate").unlink(), "bin/activate is missing (the ref"),
    "activation script cut": (lambda p: _cut(p / "bin" / "activate"), "bin/activate differs from the reference"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_planted_damage_is_found(good: Path, tmp_path: Path, kind: str) -> None:
    """Each kind of damage, alone, is named; the same environment before it is whole."""
    plant, words = DAMAGE[kind]
    prefix = tmp_path / "env"
    shutil.copytree(good, prefix, symlinks=True)
    expected, references = {"all": INSTALLED}, {"all": wholeness.listing(prefix)}
    assert wholeness.judge(prefix, expected, references, deep=True) == wholeness.Verdict("whole", "all")
    plant(prefix)
    verdict = wholeness.judge(prefix, expected, references, deep=True)
    assert verdict.state == "damaged"
    assert any(words in why for why in verdict.why), verdict.why


def test_what_is_not_there(good: Path, tmp_path: Path) -> None:
    """Nothing is absent; a link that leads nowhere, a file and an empty folder are damaged."""
    assert wholeness.judge(tmp_path / "none").state == "absent"
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert {wholeness.judge(tmp_path / name).state for name in ("link", "file", "folder")} == {"damaged"}
    (tmp_path / "good").symlink_to(good)
    assert wholeness.judge(tmp_path / "good", deep=True).state == "whole"


def test_the_set_decides_which(good: Path) -> None:
    """Old or new is told by the exact set; a wrong version, one too many and one missing are none of them."""
    old = {**INSTALLED, "six": "1.15.0"}
    assert str(wholeness.judge(good, {"old": old, "new": INSTALLED})) == "whole new"
    assert str(wholeness.judge(good, {"old": INSTALLED, "new": old})) == "whole old"
    for wrong in (old, {**INSTALLED, "humanize": "4.9.0"}, {"six": "1.16.0"}):
        assert "none of the sets" in str(wholeness.judge(good, {"new": wrong}))


@pytest.mark.parametrize("tool", ["uv", "uv with links", "pip", "mlenv"])
def test_what_is_whole_raises_nothing(stage: Stage, tmp_path: Path, tool: str) -> None:
    """Environments as the tools make them are whole, after their byte-code was written, too."""
    prefix, expected = tmp_path / "env", INSTALLED
    if tool == "mlenv":
        world = stage.world(tmp_path / "world")
        assert world.mlenv("create", *PACKAGES).code == 0
        prefix = world.link
        expected = {**dict(row.split("==") for row in PACKAGES), "markupsafe": wholeness.packages(prefix)["markupsafe"]}
        assert wholeness.project_faults(world.root) == []
        assert wholeness.kernel_faults(world.home / "jupyter" / "kernels") == []
    elif tool == "pip":
        _made_by_pip(stage, prefix)
    else:
        _made_by_uv(stage, prefix, copies=tool == "uv")
    _run(prefix / "bin" / "python", "-c", "import attr, idna, six")
    assert wholeness.judge(prefix, {"new": expected}, deep=True) == wholeness.Verdict("whole", "new")


def test_two_good_environments_have_one_listing(stage: Stage, good: Path, tmp_path: Path) -> None:
    """The reference is the same wherever an environment lies, by links or copies."""
    _made_by_uv(stage, tmp_path / "another", copies=False)
    assert wholeness.same_files(wholeness.listing(tmp_path / "another"), wholeness.listing(good)) == []


SPEC = {"argv": [sys.executable, "-f", "{connection_file}"], "display_name": "x", "language": "python"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "has no kernel.json"),
        ("", "cannot be loaded"),
        (json.dumps(SPEC)[:-9], "cannot be loaded"),
        ("[]", "cannot be loaded"),
        (json.dumps({**SPEC, "argv": []}), "says nothing that can be started"),
        (json.dumps({**SPEC, "argv": ["/nowhere/python"]}), "/nowhere/python is not there"),
        (json.dumps({**SPEC, "argv": [sys.executable, "/nowhere/launcher.py"]}), "/nowhere/launcher.py is not there"),
    ],
)
def test_planted_kernels_are_found(tmp_path: Path, content: str | None, words: str) -> None:
    """A kernelspec that Jupyter lists and cannot start is named."""
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.json").write_text(json.dumps(SPEC))
    assert wholeness.kernel_faults(tmp_path) == []
    if content is None:
        (tmp_path / "bad" / "kernel.json").unlink()
    else:
        (tmp_path / "bad" / "kernel.json").write_text(content)
    assert [words in fault for fault in wholeness.kernel_faults(tmp_path)] == [True]


def test_planted_project_files_are_found(stage: Stage, tmp_path: Path) -> None:
    """Every lock and manifest that is cut short, emptied or left over is named; all prefixes of a lock are cut."""
    world = stage.world(tmp_path / "world")
    assert world.mlenv("create", "six").code == 0
    assert world.mlenv("freeze", "--format", "requirements", "--output", "requirements.txt").code == 0
    assert wholeness.project_faults(world.root) == []
    for name, step in (("pylock.toml", 37), ("requirements.txt", 11), ("pyproject.toml", 1000)):
        whole = (world.root / name).read_text()
        for length in range(0, len(whole.rstrip()), step):
            (world.root / name).write_text(whole[:length])
            cut = wholeness.project_faults(world.root)
            comment_only = name == "requirements.txt" and "made by mlenv" not in whole[:length]
            assert cut or comment_only, f"{name} cut to {length} characters passes"
        (world.root / name).write_text(whole)
    (world.root / ".pylock.toml.0123.tmp").touch()
    assert wholeness.project_faults(world.root) == [".pylock.toml.0123.tmp was left over"]


def test_it_is_a_program_of_its_own(good: Path, tmp_path: Path) -> None:
    """It runs as a script without this project, and its exit status says what it found."""
    script = [sys.executable, "-I", "-S", wholeness.__file__]
    assert not re.search(r"(?m)^\s*(import|from) (mlenv|torture)", Path(wholeness.__file__).read_text())
    reference = tmp_path / "reference.json"

    def status(*words: str | Path) -> int:
        return subprocess.run([*script, *words], env={"PATH": os.environ["PATH"]}, capture_output=True).returncode

    assert status(good, "--write-reference", reference) == 0
    assert status(good, "--expect", *WANTED, "--reference", reference, "--deep") == 0
    assert status(good, "--expect", "six==1.0") == 1
    assert status(tmp_path / "none") == 3
