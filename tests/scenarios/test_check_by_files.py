"""What `check` says of an environment and a lock that drifted apart, without network and without being slow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scenarios.real_project import Project, create
from scenarios.traces import snapshot, uv, without_network

pytestmark = pytest.mark.real


def _check_cut_off(root: Path) -> tuple[int, str, float]:
    """Run ``mlenv check`` where there is no network at all."""
    began = time.monotonic()
    done = subprocess.run(
        [*without_network(), sys.executable, "-m", "mlenv", "check"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - began


def test_what_was_changed_by_hand_is_listed_precisely_without_network(root: Path) -> None:
    """S8: one package removed, one downgraded, one added: exactly these three; status 1; no network."""
    project = create(root, "six", "idna==3.7", "attrs", "humanize")
    python = str(project.python)
    uv("pip", "uninstall", "-q", "--python", python, "six")
    uv("pip", "install", "-q", "--python", python, "idna==3.6", "iniconfig==2.0.0")
    before = snapshot(root)
    status, told, _ = _check_cut_off(root)
    assert status == 1
    rows = sorted((f["kind"], f["package"], f["installed"]) for f in project.check()["findings"])
    assert rows == [("different", "idna", "3.6"), ("extra", "iniconfig", "2.0.0"), ("missing", "six", None)]
    for words in (("missing", "six"), ("idna", "3.7", "3.6"), ("extra", "iniconfig")):
        assert any(all(word in line for word in words) for line in told.splitlines()), told
    assert "attrs" not in told
    assert snapshot(root) == before
    project.mlenv("sync")
    assert _check_cut_off(root)[0] == 0


def test_two_hundred_packages_are_compared_in_under_two_seconds(root: Path) -> None:
    """S8: 200 packages installed, one of each drift, no network."""
    project = create(root, "six")
    pylock = ['lock-version = "1.0"', 'created-by = "hand"']
    for number in range(200):
        name = f"package-{number:03}"
        wheel = f"{name.replace('-', '_')}-1.{number}-py3-none-any.whl"
        pylock.append(f'[[packages]]\nname = "{name}"\nversion = "1.{number}"')
        pylock.append(f'wheels = [{{ path = "{wheel}", hashes = {{ sha256 = "{number:064x}" }} }}]')
        if number != 7:
            _install_by_hand(project.site, f"package_{number:03}", "0.1" if number == 8 else f"1.{number}")
    _install_by_hand(project.site, "stranger", "9")
    uv("pip", "uninstall", "-q", "--python", str(project.python), "six")
    requirements = "".join(f'  "package-{number:03}",\n' for number in range(200))
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "many"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = [\n{requirements}]\n'
    )
    (root / "pylock.toml").write_text("\n".join(pylock) + "\n")
    seconds = []
    for _ in range(3):
        status, told, taken = _check_cut_off(root)
        assert status == 1, told
        seconds.append(taken)
    rows = {(f["kind"], f["package"]) for f in project.check()["findings"]}
    assert rows == {("missing", "package-007"), ("different", "package-008"), ("extra", "stranger")}
    assert project.check()["counts"]["locked"] == 200
    assert min(seconds) < 2, seconds


def _install_by_hand(site: Path, name: str, version: str) -> None:
    """Lay down what an installer leaves of a package with one module."""
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir()
    (site / f"{name}.py").write_text("")
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    (folder / "INSTALLER").write_text("hand\n")
    files = [f"{name}.py", *(f"{folder.name}/{part}" for part in ("METADATA", "INSTALLER", "RECORD"))]
    (folder / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def _stale(root: Path) -> Project:
    """A project whose manifest moved on: one specifier raised that the pin still satisfies, one new package."""
    project = create(root, "six>=1.15", "idna==3.7")
    manifest = root / "pyproject.toml"
    text = manifest.read_text().replace("six>=1.15", "six>=1.16").replace('"idna==3.7"', '"idna==3.7", "iniconfig"')
    manifest.write_text(text)
    report = project.check()
    assert report["verdict"] == "relock"
    assert report["next"]["command"] == "mlenv sync"
    rows = {(f["kind"], f["package"], f["declared"]) for f in report["findings"]}
    assert rows >= {("relock", "six", "six>=1.16"), ("relock", "iniconfig", "iniconfig")}
    assert project.mlenv("check", code=1).stdout.count("relock") >= 2
    return project


def test_a_manifest_that_moved_on_is_told_and_sync_follows_it(root: Path) -> None:
    """S9: both rows; `sync` leads to green by installing what is declared now."""
    project = _stale(root)
    assert project.mlenv("sync", "--frozen", "--json", code=None).code in {0, 1}
    project.mlenv("sync")
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
    assert "iniconfig" in project.packages
    assert '"iniconfig"' in (root / "pyproject.toml").read_text()


def test_a_manifest_that_moved_on_is_told_and_freeze_keeps_what_is_installed(root: Path) -> None:
    """S9: `freeze` leads to green in the other direction: what is installed is right, the manifest follows."""
    project = _stale(root)
    installed = project.packages
    told = project.mlenv("freeze").stdout
    assert "iniconfig" in told
    assert project.mlenv("check", "--json").json()["verdict"] == "in-step"
    assert project.packages == installed
    assert "iniconfig" not in (root / "pylock.toml").read_text()


def test_a_changed_spelling_is_no_drift(root: Path) -> None:
    """S9, the other side: case, dashes, spaces and order of specifiers mean nothing."""
    project = create(root, "typing-extensions>=4,<5")
    manifest = root / "pyproject.toml"
    text = manifest.read_text()
    assert "typing-extensions<5,>=4" in text
    manifest.write_text(text.replace("typing-extensions<5,>=4", "Typing_Extensions >=4, <5"))
    assert project.check()["verdict"] == "in-step"
    assert os.path.lexists(root / ".venv")


def test_a_project_that_becomes_a_package_is_installed_by_sync(root: Path) -> None:
    """A `[build-system]` added to the manifest later: `check` says that the project itself is not installed."""
    project = create(root, "six")
    (root / "src" / "local").mkdir(parents=True)
    (root / "src" / "local" / "__init__.py").write_text("VALUE = 42\n")
    manifest = root / "pyproject.toml"
    manifest.write_text(
        f'{manifest.read_text()}\n[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/local"]\n'
    )
    report = project.check()
    assert (report["verdict"], [(f["kind"], f["package"]) for f in report["findings"]]) == (
        "sync",
        [("missing", "demo")],
    )
    project.mlenv("sync")
    assert project.check()["verdict"] == "in-step"
    done = subprocess.run(
        [str(project.python), "-c", "import local; print(local.VALUE)"], capture_output=True, text=True
    )
    assert done.stdout.strip() == "42", done.stderr
    project.mlenv("freeze")
    assert project.check()["verdict"] == "in-step"
