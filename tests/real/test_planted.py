"""What packages planted is told from their files alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlenv.probe import site
from mlenv.probe.planted import planted
from mlenv.services.context import Context, Options


def _package(site_folder: Path, rows: str, *, metadata_name: str = "odd", **files: str) -> tuple[str, ...]:
    """Write one installed package and return what is told of its environment."""
    info = site_folder / "odd-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {metadata_name}\nVersion: 1.0\n")
    (info / "INSTALLER").write_text("uv\n")
    (info / "RECORD").write_text(f"{rows}\nodd-1.0.dist-info/METADATA,,\nodd-1.0.dist-info/INSTALLER,,\n")
    for name, text in files.items():
        (site_folder / name.replace("__", ".")).write_text(text)
    return planted(site.scan((str(site_folder),)))


@pytest.fixture
def site_folder(tmp_path: Path) -> Path:
    return tmp_path / "env" / "lib" / "python3.12" / "site-packages"


@pytest.mark.parametrize(
    ("rows", "files", "told"),
    [
        ("odd.py,,", {}, ""),
        ("odd.pth,,", {"odd__pth": "/some/folder\n"}, ""),
        ("odd.pth,,", {"odd__pth": "import os; os.x\x1b[0m\n"}, "odd.pth of odd runs code at every start of this Python: import os; os.x?[0m"),
        ("", {"stray__pth": "import evil\n"}, "stray.pth of no package runs code at every start of this Python: import evil"),
        ("", {"distutils-precedence__pth": "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; x\n"}, ""),
        ("sitecustomize.py,,", {"sitecustomize__py": ""}, "sitecustomize.py of odd runs at every start of this Python"),
        ("/etc/passwd,,", {}, "odd lists files outside the environment as its own: /etc/passwd"),
        ("../../../../x,,", {}, "odd lists files outside the environment as its own: ../../../../x"),
        ("six-1.dist-info/RECORD,,", {}, "odd lists files of another package as its own: six-1.dist-info/RECORD"),
        ("../../../share/jupyter/kernels/python3/kernel.json,,", {}, "odd brings a kernel: share/jupyter/kernels/python3"),
        ("../../../etc/jupyter/jupyter_server_config.d/a.json,,", {}, "odd brings settings of a Jupyter server: etc/jupyter/jupyter_server_config.d/a.json"),
        ("../../../bin/python3,,", {}, "odd brings a program with the name of a well-known one: bin/python3"),
        ("../../../bin/odd,,", {}, ""),
        ("a/X.py,,\na/x.py,,", {}, "odd brings files whose names differ only in case: a/x.py"),
    ],
)  # fmt: skip
def test_what_a_package_planted_is_told(rows: str, files: dict[str, str], told: str, site_folder: Path) -> None:
    """T12, T15."""
    assert _package(site_folder, rows, **files) == ((told,) if told else ())


def test_metadata_under_another_name_is_told(site_folder: Path) -> None:
    assert _package(site_folder, "odd.py,,", metadata_name="six") == ("odd says in its metadata that it is six",)


def test_nothing_is_told_of_honest_packages(make_venv, tmp_path: Path) -> None:
    """Real packages of several kinds, pip and setuptools among them."""
    prefix = make_venv(tmp_path / "env", None, "six", "attrs", "setuptools", pip=True)
    assert planted(site.scan(site.environment_facts(str(prefix)).sites)) == ()


@pytest.mark.parametrize(("version", "told"), [("0.8.5", True), ("0.8.6", False), ("0.13.8", False)])
def test_an_engine_that_hostile_archives_could_use_is_told(
    version: str, told: bool, tmp_path: Path, monkeypatch
) -> None:
    """T15: doctor names an old uv and what to type."""
    from mlenv.services.doctor import doctor

    program = tmp_path / "uv"
    program.write_text(f"#!/bin/sh\necho uv {version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("MLENV_UV", str(program))
    monkeypatch.chdir(tmp_path)
    for name in ("MLENV_DATA_DIR", "MLENV_CACHE_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    lines = doctor(Context(cwd=tmp_path, options=Options(), report=print)).lines
    assert any(f"uv {version} is older than 0.8.6" in line for line in lines) == told
