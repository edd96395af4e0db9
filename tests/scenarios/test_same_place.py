"""One folder under several names, and one address with several files: what `check` says of them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.real_project import mlenv
from scenarios.traces import uv
from torture.handmade import make_wheel
from torture.index import serving

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("mlenv_home")]


def test_a_project_behind_a_link_is_the_same_project(
    root: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    """An editable package, installed under one name of the folder and checked under the other, both ways."""
    package = root / "libs" / "core"
    package.mkdir(parents=True)
    (package / "core.py").write_text("VALUE = 1\n")
    (package / "pyproject.toml").write_text(
        '[project]\nname = "core"\nversion = "1.0"\n[build-system]\nrequires = ["hatchling"]\n'
        'build-backend = "hatchling.build"\n[tool.hatch.build.targets.wheel]\npackages = ["core.py"]\n'
    )
    (root / "requirements.txt").write_text("-e ./libs/core\nsix==1.17.0\n")
    make_venv(root / ".venv", None, "six==1.17.0")
    link = tmp_path / "link"
    link.symlink_to(root, target_is_directory=True)
    for installed_from in (root, link):
        uv(
            "pip",
            "install",
            "-q",
            "--reinstall",
            "--python",
            str(root / ".venv/bin/python"),
            "-e",
            f"{installed_from}/libs/core",
        )
        for asked_from in (root, link):
            report = mlenv(tmp_path, "check", "--json", "--project", str(asked_from), code=None).json()
            assert report["verdict"] == "in-step", (installed_from, asked_from, report["findings"])
    other = tmp_path / "elsewhere"
    other.symlink_to(package.parent, target_is_directory=True)
    uv("pip", "install", "-q", "--reinstall", "--python", str(root / ".venv/bin/python"), "-e", f"{other}/core")
    assert mlenv(root, "check", "--json").json()["verdict"] == "in-step"
    (tmp_path / "copy").mkdir()
    shutil.copytree(package, tmp_path / "copy" / "core")
    uv("pip", "install", "-q", "--reinstall", "--python", str(root / ".venv/bin/python"), "-e", f"{tmp_path}/copy/core")
    report = mlenv(root, "check", "--json", code=1).json()
    assert [(row["kind"], row["package"]) for row in report["findings"]] == [("source", "core")]


def test_another_file_at_the_locked_address_is_told_where_the_installer_kept_its_hash(
    root: Path, tmp_path: Path, make_venv: Callable[..., Path]
) -> None:
    """pip keeps the hash of what it installed, uv does not: nothing is said where nothing is known."""
    wheels = tmp_path / "wheels"
    wheel = make_wheel(wheels, "steady", "1.0", {"steady.py": "VALUE = 1\n"})
    first = hashlib.sha256(wheel.read_bytes()).hexdigest()
    with serving(wheels) as index:
        address = index.url.replace("/simple", "").rstrip("/") + f"/files/{wheel.name}"
        prefix = make_venv(root / ".venv")
        python = str(prefix / "bin/python")
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-cache-dir", "--no-deps"]
        subprocess.run([*pip, address], check=True, timeout=120)
        (root / "requirements.txt").write_text(f"steady @ {address} --hash=sha256:{first}\n")
        assert mlenv(root, "check", "--json").json()["verdict"] == "in-step"
        (root / "requirements.txt").write_text(f"steady @ {address} --hash=sha256:{'0' * 64}\n")
        report = mlenv(root, "check", "--json", code=1).json()
        assert [(row["kind"], row["package"]) for row in report["findings"]] == [("source", "steady")]
        assert first[:12] in report["findings"][0]["reason"]
        uv("pip", "install", "-q", "--reinstall", "--python", python, f"steady @ {address}")
        assert mlenv(root, "check", "--json").json()["verdict"] == "in-step"
