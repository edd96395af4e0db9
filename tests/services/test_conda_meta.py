"""What conda installed, told by file names, and by its records only where these cannot tell."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlenv.kernel.memory import Scans
from mlenv.probe import site
from mlenv.probe.conda_meta import records


def put(prefix: Path, name: str, version: str, build: str = "0", *folders: str, lib: str = "lib/python3.11") -> None:
    meta = prefix / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    files = [f"{lib}/site-packages/{folder}/METADATA" for folder in folders] + [f"lib/lib{name}.so"]
    text = json.dumps({"name": name, "version": version, "build": build, "files": files}, indent=2)
    (meta / f"{name}-{version}-{build}.json").write_text(text)


def dist(prefix: Path, name: str, version: str, installer: str = "conda", lib: str = "lib/python3.11") -> str:
    folder = prefix / lib / "site-packages" / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    (folder / "INSTALLER").write_text(installer)
    return folder.name


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    found = tmp_path / "env"
    put(found, "numpy", "1.26.4", "py311_0", dist(found, "numpy", "1.26.4"))
    put(found, "pytorch", "2.1.0", "cpu_0", dist(found, "torch", "2.1.0"))
    put(found, "libzlib", "1.3.1", "h1_2")
    put(found, "font-ttf-dejavu-sans-mono", "2.37", "hab24e00_0")
    (found / "conda-meta" / "history").write_text("")
    (found / "conda-meta" / "pixi").write_text("{}")
    return found


def sites(prefix: Path) -> tuple[str, ...]:
    return (str(prefix / "lib/python3.11/site-packages"),)


def test_records_are_named_with_version_and_build(prefix: Path) -> None:
    found = {row.name: (row.version, row.source.kind, row.source.commit) for row in site.scan(sites(prefix)).conda}
    assert found == {
        "numpy": ("1.26.4", "conda", "py311_0"),
        "pytorch": ("2.1.0", "conda", "cpu_0"),
        "libzlib": ("1.3.1", "conda", "h1_2"),
        "font-ttf-dejavu-sans-mono": ("2.37", "conda", "hab24e00_0"),
    }


def test_what_conda_calls_otherwise_is_its_own_by_the_record_s_files(prefix: Path) -> None:
    dist(prefix, "rich", "13.0", "pip")
    found = site.scan(sites(prefix))
    assert (sorted(found.owned), found.overwritten) == (["numpy", "torch"], ())


@pytest.mark.parametrize(("name", "package", "before"), [("numpy", "numpy", "1.26.4"), ("torch", "pytorch", "2.1.0")])
def test_what_pip_put_over_conda_s_is_told_under_conda_s_name(
    prefix: Path, name: str, package: str, before: str
) -> None:
    folder = prefix / "lib/python3.11/site-packages" / f"{name}-{before}.dist-info"
    folder.rename(folder.with_name(f"{name}-9.9.dist-info"))
    found = site.scan(sites(prefix))
    assert found.overwritten == ((package, "9.9"),)
    assert name not in found.owned


def test_a_name_that_conda_has_for_something_else_is_not_put_over(prefix: Path) -> None:
    put(prefix, "graphviz", "9.0.0", "h7_1")
    dist(prefix, "graphviz", "0.20.3", "pip")
    found = site.scan(sites(prefix))
    assert found.overwritten == ()
    assert "graphviz" not in found.owned


@pytest.mark.parametrize("lib", ["Lib", "lib/python3.12", "lib/pypy3.10"])
def test_records_are_found_wherever_site_packages_lie(tmp_path: Path, lib: str) -> None:
    put(tmp_path, "six", "1.16.0", "0", dist(tmp_path, "six", "1.16.0", lib=lib), lib=lib)
    found = site.scan((str(tmp_path / lib / "site-packages"),))
    assert [row.name for row in found.conda] == ["six"]
    assert found.owned == ("six",)


def test_an_environment_without_conda_costs_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dist(tmp_path, "six", "1.16.0", "uv")
    monkeypatch.setattr(builtins, "open", _refuse)
    found = site.scan(sites(tmp_path))
    assert (found.conda, found.owned, found.overwritten) == ((), (), ())
    assert records(sites(tmp_path)) == ()


def _refuse(*_: object, **__: object) -> Iterator[str]:
    raise AssertionError("no file need be opened")


def test_names_alone_tell_where_conda_calls_things_as_the_index_does(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (prefix / "conda-meta").glob("pytorch*"):
        path.unlink()
    for path in (prefix / "lib/python3.11/site-packages/torch-2.1.0.dist-info").iterdir():
        path.unlink()
    (prefix / "lib/python3.11/site-packages/torch-2.1.0.dist-info").rmdir()
    monkeypatch.setattr(builtins, "open", _refuse)
    assert site.scan(sites(prefix)).owned == ("numpy",)


def test_a_kernel_sees_a_change_that_only_conda_s_records_show(prefix: Path) -> None:
    scans = Scans()
    assert "openssl" not in {row.name for row in scans.installed(sites(prefix)).conda}
    put(prefix, "openssl", "3.0.1")
    assert "openssl" in {row.name for row in scans.installed(sites(prefix)).conda}
